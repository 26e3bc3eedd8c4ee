import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FleetBoard } from "../../../src/cli/fleet/fleet-board.ts";
import type { Member } from "../../../src/cli/workers/flip-board.ts";

/** An instance's workers as its fleet sees them: one. */

const ORDERS = 16_400;
const HOLD = { epoch: 1, oid: ORDERS, holdMs: 2_000, graceMs: 500 };
const ASKED = {
  flip: 7,
  oid: ORDERS,
  holdMs: 2_000,
  subject: { schema: "public", table: "orders", content: "{}" },
};

let said: string[];
let board: FleetBoard;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  said = [];
  board = new FleetBoard(() => ({
    ask: ({ flip, table }) => said.push(`fleet ask ${flip} ${table}`),
    done: (flip) => said.push(`fleet done ${flip}`),
    drained: (epoch) => said.push(`fleet drained ${epoch}`),
  }));
});
afterEach(() => {
  vi.useRealTimers();
});

function member(name: string): Member {
  const made: Member = {
    send({ kind, ...rest }) {
      said.push([name, kind, ...Object.values(rest)].join(" "));
    },
  };
  board.join(made);
  return made;
}

/** What was said since the last time. */
function heard(): readonly string[] {
  return said.splice(0);
}

test("it is drained when all of its members are", () => {
  const [a, b] = [member("a"), member("b")];
  board.hold(HOLD);
  expect(heard()).toEqual([`a hold 1 ${ORDERS} 2000 500`, `b hold 1 ${ORDERS} 2000 500`]);
  board.drained(a, 1);
  board.drained(a, 1);
  expect(heard()).toEqual([]);
  board.drained(b, 1);
  expect(heard()).toEqual(["fleet drained 1"]);
  board.release(1);
  expect(heard()).toEqual(["a release 1 read", "b release 1 read"]);
});

test("without members it is drained at once", () => {
  board.hold(HOLD);
  expect(heard()).toEqual(["fleet drained 1"]);
});

test("a member that is gone counts as drained, and its flip as over", () => {
  const [a, b] = [member("a"), member("b")];
  board.flip(a, ASKED);
  board.hold(HOLD);
  board.drained(b, 1);
  heard();
  board.leave(a);
  expect(heard()).toEqual(["fleet done 1", "fleet drained 1"]);
});

test("one that joins during a hold hears of it, with what is left of its time; later it does not", () => {
  member("a");
  board.hold(HOLD);
  vi.advanceTimersByTime(500);
  heard();
  member("late");
  expect(heard()).toEqual([`late hold 1 ${ORDERS} 1500 500`]);
  vi.advanceTimersByTime(1_500);
  member("later");
  expect(heard()).toEqual([]);
});

test("the fleet's word goes to the member that asked, by its own number", () => {
  const [a, b] = [member("a"), member("b")];
  board.flip(a, ASKED);
  board.flip(b, ASKED);
  expect(heard()).toEqual(["fleet ask 1 orders", "fleet ask 2 orders"]);
  board.ready(2, false);
  expect(heard()).toEqual(["b flip_ready 7 false"]);
  board.flipped(b, 7);
  expect(heard()).toEqual(["fleet done 2"]);
  board.ready(1, true);
  board.flipped(a, 7); // It is over already.
  expect(heard()).toEqual(["a flip_ready 7 true"]);
});

test("what is under no window is not asked for", () => {
  const a = member("a");
  board.flip(a, { ...ASKED, subject: undefined });
  expect(heard()).toEqual(["a flip_ready 7 true"]);
});
