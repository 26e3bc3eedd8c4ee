import { expect, test } from "vitest";
import { FlipBoard, type Member } from "../../../src/cli/workers/flip-board.ts";
import { SharedGate } from "../../../src/cli/workers/shared-gate.ts";
import { LimitHits } from "../../../src/session/limit-hits.ts";

const ORDERS = 16_400;
const HOLD_MS = 2_000;

/** A worker's gate on a board, without processes between them; what is sent arrives later. */
function gateOn(board: FlipBoard, settle: () => Promise<void> = async () => undefined) {
  const member: Member = {
    send(message) {
      queueMicrotask(() => {
        if (["hold", "release", "flip_ready"].includes(message.kind)) {
          gate.take(message as Parameters<SharedGate["take"]>[0]);
        }
      });
    },
  };
  const gate = new SharedGate({
    hits: new LimitHits(),
    send(message) {
      queueMicrotask(() => {
        if (message.kind === "flip") board.flip(member, message);
        if (message.kind === "flipped") board.flipped(member, message.flip);
        if (message.kind === "drained") board.drained(member, message.epoch);
      });
    },
    settle,
    readCatalog: settle,
    subject: () => undefined,
  });
  board.join(member);
  return { gate, member };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a flip waits for statements inside on every worker, and holds new ones on every worker", async () => {
  const board = new FlipBoard();
  const [{ gate: one }, { gate: other }] = [gateOn(board), gateOn(board)];
  const events: string[] = [];
  const owner = { onEmpty: () => events.push("may flip"), isOver: false };
  expect(other.enter([ORDERS], () => undefined)).toBe(true);
  expect(one.close(ORDERS, owner, HOLD_MS)).toBe(false);
  await turn();
  for (const [name, gate] of Object.entries({ one, other })) {
    expect(gate.enter([ORDERS], () => events.push(`${name} retries`))).toBe(false);
  }
  expect(events).toEqual([]);
  other.leave([ORDERS]);
  await turn();
  expect(events).toEqual(["may flip"]);
  expect(one.close(ORDERS, owner, HOLD_MS)).toBe(true);
  one.open(ORDERS, owner);
  await turn();
  expect(events.slice(1).sort()).toEqual(["may flip", "one retries", "other retries"]);
});

test("two workers that flip at once have their turns", async () => {
  const board = new FlipBoard();
  const [{ gate: one }, { gate: other }] = [gateOn(board), gateOn(board)];
  const first = { onEmpty: () => undefined, isOver: false };
  const second = { onEmpty: () => undefined, isOver: false };
  one.close(ORDERS, first, HOLD_MS);
  other.close(ORDERS, second, HOLD_MS);
  await turn();
  expect([one.close(ORDERS, first, HOLD_MS), other.close(ORDERS, second, HOLD_MS)]).toEqual([
    true,
    false,
  ]);
  one.open(ORDERS, first);
  await turn();
  expect(other.close(ORDERS, second, HOLD_MS)).toBe(true);
  other.open(ORDERS, second);
  await turn();
  expect(one.enter([ORDERS], () => undefined)).toBe(true);
});

test("when the worker that flips is gone, the others stay closed until they know what became of it", async () => {
  const board = new FlipBoard();
  let settled: () => void = () => undefined;
  const { gate: one, member } = gateOn(board);
  const { gate: other } = gateOn(
    board,
    () =>
      new Promise((resolve) => {
        settled = resolve;
      }),
  );
  one.close(ORDERS, { onEmpty: () => undefined, isOver: false }, HOLD_MS);
  await turn();
  board.leave(member);
  await turn();
  expect(other.enter([ORDERS], () => undefined)).toBe(false);
  settled();
  await turn();
  expect(other.enter([ORDERS], () => undefined)).toBe(true);
});
