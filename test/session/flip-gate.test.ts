import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FlipGate, type FlipOwner } from "../../src/session/flip-gate.ts";
import { LimitHits } from "../../src/session/limit-hits.ts";

const ORDERS = 16_400;
const PERSON = 16_401;
const HOLD_MS = 2_000;

let gate: FlipGate;
let hits: LimitHits;
let events: string[];
const owner = (name: string): FlipOwner => ({
  onEmpty: () => events.push(`${name} may go on`),
  isOver: false,
});
const retry = (name: string) => () => events.push(`${name} retries`);

beforeEach(() => {
  vi.useFakeTimers();
  hits = new LimitHits();
  gate = new FlipGate({ hits });
  events = [];
});
afterEach(() => {
  vi.useRealTimers();
});

test("who is inside keeps the flip waiting, and is the one it waits for", () => {
  const flip = owner("flip");
  expect(gate.enter([ORDERS], retry("a"))).toBe(true);
  expect(gate.enter([ORDERS], retry("b"))).toBe(true);
  expect(gate.close(ORDERS, flip, HOLD_MS)).toBe(false);
  gate.leave([ORDERS]);
  expect(events).toEqual([]);
  gate.leave([ORDERS]);
  expect(events).toEqual(["flip may go on"]);
  expect(gate.close(ORDERS, flip, HOLD_MS)).toBe(true);
});

test("who comes while it is closed waits, and retries when it opens", () => {
  const flip = owner("flip");
  expect(gate.close(ORDERS, flip, HOLD_MS)).toBe(true);
  expect(gate.enter([ORDERS], retry("a"))).toBe(false);
  gate.open(ORDERS, flip);
  expect(events).toContain("a retries");
  expect(gate.enter([ORDERS], retry("a"))).toBe(true);
});

test("another relation is not held, and one closed of two holds both", () => {
  gate.close(ORDERS, owner("flip"), HOLD_MS);
  expect(gate.enter([PERSON], retry("a"))).toBe(true);
  expect(gate.enter([PERSON, ORDERS], retry("b"))).toBe(false);
  gate.leave([PERSON]);
  // The one that could not enter is inside of neither.
  expect(gate.close(PERSON, owner("other"), HOLD_MS)).toBe(true);
});

test("after its deadline the relation opens again, and the flip goes on as it can", () => {
  const flip = owner("flip");
  gate.enter([ORDERS], retry("slow"));
  expect(gate.close(ORDERS, flip, HOLD_MS)).toBe(false);
  gate.enter([ORDERS], retry("a"));
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect(events).toEqual([]);
  expect(hits.of("hold_timeout")).toBe(0);
  vi.advanceTimersByTime(1);
  expect(events).toEqual(["flip may go on", "a retries"]);
  expect(hits.of("hold_timeout")).toBe(1);
  expect(flip.isOver).toBe(true);
  expect(gate.close(ORDERS, flip, HOLD_MS)).toBe(true);
  expect(gate.enter([ORDERS], retry("a"))).toBe(true);
});

test("a second flip waits for the first one", () => {
  const first = owner("first");
  const second = owner("second");
  expect(gate.close(ORDERS, first, HOLD_MS)).toBe(true);
  expect(gate.close(ORDERS, second, HOLD_MS)).toBe(false);
  gate.open(ORDERS, second); // It is not its own to open.
  expect(gate.enter([ORDERS], retry("a"))).toBe(false);
  gate.open(ORDERS, first);
  expect(events).toContain("second may go on");
  expect(gate.close(ORDERS, second, HOLD_MS)).toBe(true);
});

test("a session that ends is forgotten", () => {
  const flip = owner("flip");
  const gone = retry("gone");
  gate.close(ORDERS, flip, HOLD_MS);
  gate.enter([ORDERS], gone);
  gate.forget(gone);
  gate.open(ORDERS, flip);
  expect(events).not.toContain("gone retries");
});
