import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FlipBoard, type Member } from "../../../src/cli/workers/flip-board.ts";

const ORDERS = 16_400;
const HOLD_MS = 2_000;

let board: FlipBoard;
let said: string[];

/** Writes down what it is told: `b hold 1`. */
function member(name: string): Member {
  return {
    send(message) {
      const { kind, ...rest } = message;
      said.push([name, kind, ...Object.values(rest)].join(" "));
    },
  };
}

/** What was said since the last time. */
function heard(): readonly string[] {
  return said.splice(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  board = new FlipBoard();
  said = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function two(): readonly [Member, Member] {
  const [a, b] = [member("a"), member("b")];
  board.join(a);
  board.join(b);
  return [a, b];
}

test("all close, and the rename goes when all are drained; then all open", () => {
  const [a, b] = two();
  board.flip(a, { flip: 7, oid: ORDERS, holdMs: HOLD_MS });
  expect(heard()).toEqual([`a hold 1 ${ORDERS} ${HOLD_MS} 0`, `b hold 1 ${ORDERS} ${HOLD_MS} 0`]);
  board.drained(a, 1);
  expect(heard()).toEqual([]);
  board.drained(b, 1);
  expect(heard()).toEqual(["a flip_ready 7 false"]);
  board.flipped(a, 7);
  expect(heard()).toEqual(["a release 1 nothing", "b release 1 nothing"]);
});

test("a second flip of the relation waits its turn, and can be called off meanwhile", () => {
  const [a, b] = two();
  board.flip(a, { flip: 1, oid: ORDERS, holdMs: HOLD_MS });
  board.flip(b, { flip: 1, oid: ORDERS, holdMs: HOLD_MS });
  board.flip(b, { flip: 2, oid: ORDERS, holdMs: HOLD_MS });
  board.flipped(b, 1);
  heard();
  board.flipped(a, 1);
  expect(heard().slice(2)).toEqual([
    `a hold 2 ${ORDERS} ${HOLD_MS} 0`,
    `b hold 2 ${ORDERS} ${HOLD_MS} 0`,
  ]);
  board.drained(a, 1); // Late, and of another hold.
  board.drained(b, 2);
  expect(heard()).toEqual([]);
  board.drained(a, 2);
  expect(heard()).toEqual(["b flip_ready 2 false"]);
});

test("one that dies is not waited for", () => {
  const [a, b] = two();
  board.flip(a, { flip: 1, oid: ORDERS, holdMs: HOLD_MS });
  board.drained(a, 1);
  heard();
  board.leave(b);
  expect(heard()).toEqual(["a flip_ready 1 false"]);
});

test("when the one that flips dies, the others open; with care if it may have flipped", () => {
  for (const { isReady, release } of [
    { isReady: false, release: "b release 1 nothing" },
    { isReady: true, release: "b release 1 settle" },
  ]) {
    board = new FlipBoard();
    const [a, b] = two();
    board.flip(a, { flip: 1, oid: ORDERS, holdMs: HOLD_MS });
    if (isReady) for (const each of [a, b]) board.drained(each, 1);
    heard();
    board.leave(a);
    expect(heard()).toEqual([release]);
  }
});

test("one that says nothing is waited for until the deadline", () => {
  const [a] = two();
  board.flip(a, { flip: 1, oid: ORDERS, holdMs: HOLD_MS });
  board.drained(a, 1);
  heard();
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect(heard()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(heard()).toEqual(["a flip_ready 1 true", "a release 1 nothing", "b release 1 nothing"]);
});

test("one that joins during a hold hears of it, with what is left of its time", () => {
  const [a, b] = two();
  board.flip(a, { flip: 1, oid: ORDERS, holdMs: HOLD_MS });
  vi.advanceTimersByTime(500);
  heard();
  const late = member("late");
  board.join(late);
  expect(heard()).toEqual([`late hold 1 ${ORDERS} 1500 0`]);
  // It has no session that could be inside.
  for (const each of [a, b]) board.drained(each, 1);
  expect(heard()).toEqual(["a flip_ready 1 false"]);
  board.flipped(a, 1);
  expect(heard()).toContain("late release 1 nothing");
});

test("a changed catalog is read by all others; the dead and the silent are not waited for", () => {
  const [a, b] = two();
  const [c, d] = [member("c"), member("d")];
  board.join(c);
  board.join(d);
  const told: string[] = [];
  board.announce(a, HOLD_MS, () => told.push("first"));
  expect(heard()).toEqual(["b read_catalog 1", "c read_catalog 1", "d read_catalog 1"]);
  board.catalogRead(b, 1);
  board.leave(c);
  expect(told).toEqual([]);
  board.catalogRead(d, 1);
  expect(told).toEqual(["first"]);
  board.announce(a, HOLD_MS, () => told.push("second"));
  board.catalogRead(b, 2);
  vi.advanceTimersByTime(HOLD_MS);
  expect(told).toEqual(["first", "second"]);
});
