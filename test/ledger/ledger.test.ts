import { expect, test } from "vitest";
import type { UseDelta } from "../../src/ledger/batch.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { LedgerName } from "../../src/ledger/ledger-name.ts";
import type { Window } from "../../src/version/window.ts";

const START = Date.UTC(2026, 2, 1, 8, 0, 0);
const MINUTE = 60_000;
const ONE = { app: "shop", version: "1.0.0" };
const TWO = { app: "shop", version: "2.0.0" };

function name(part: LedgerName["part"], table = "", column = "", schema = "public"): LedgerName {
  return { part, schema: table === "" ? "" : schema, table, column };
}

function delta(changes: Partial<UseDelta> = {}): UseDelta {
  return {
    tag: ONE,
    name: name("column", "orders", "user_id"),
    count: 1,
    firstAt: START,
    lastAt: START,
    fingerprints: ["a"],
    client: "127.0.0.1:1",
    ...changes,
  };
}

function ledgerOf(deltas: readonly UseDelta[], entriesMax = 100): Ledger {
  const ledger = new Ledger({ entriesMax, watchingSince: START });
  ledger.add({ deltas, sessions: [] }, "own", START);
  return ledger;
}

const USER_ID = { schema: "public", table: "orders", column: "user_id" };

test("uses of one version are put together, the latest first", () => {
  const ledger = ledgerOf([
    delta({ count: 2 }),
    delta({ tag: TWO, lastAt: START + 5, count: 3 }),
    delta({ name: name("row", "orders"), lastAt: START + 9, fingerprints: ["b"], client: "unix" }),
    delta({ tag: undefined, lastAt: START + 7 }),
  ]);
  ledger.add({ deltas: [], sessions: [{ tag: ONE, count: 2 }] }, "worker 1", START);
  ledger.add({ deltas: [], sessions: [{ tag: { ...ONE }, count: 1 }] }, "worker 2", START);
  const uses = ledger.usage([], START).of(USER_ID);
  expect(uses).toMatchObject([
    {
      tag: ONE,
      firstSeenAt: START,
      lastSeenAt: START + 9,
      count: 3,
      liveSessions: 3,
      fingerprints: ["b", "a"],
      client: "unix",
      isCertain: true,
    },
    { tag: undefined, lastSeenAt: START + 7, liveSessions: 0 },
    { tag: TWO, lastSeenAt: START + 5, count: 3 },
  ]);
  ledger.leave("worker 1");
  expect(ledger.usage([], START).of(USER_ID)[0]?.liveSessions).toBe(1);
});

const about: { name: string; used: LedgerName; isTable?: boolean; isColumn?: boolean }[] = [
  { name: "the column", used: name("column", "orders", "user_id"), isColumn: true },
  { name: "another column", used: name("column", "orders", "id") },
  { name: "the column of another table", used: name("column", "carts", "user_id") },
  { name: "that of another schema", used: name("column", "orders", "user_id", "archive") },
  { name: "of any schema", used: name("column", "orders", "user_id", ""), isColumn: true },
  { name: "the whole row", used: name("row", "orders"), isColumn: true },
  { name: "the table", used: name("table", "orders"), isTable: true },
  { name: "a statement", used: name("version") },
  { name: "what can't be told", used: name("hidden"), isTable: true, isColumn: true },
];
for (const { name: title, used, isTable = false, isColumn = false } of about) {
  test(`what a use is about: ${title}`, () => {
    const usage = ledgerOf([delta({ name: used })]).usage([], START);
    expect(usage.of(USER_ID).length > 0).toBe(isColumn);
    expect(usage.of({ ...USER_ID, column: undefined }).length > 0).toBe(isTable);
    for (const use of usage.of(USER_ID)) expect(use.isCertain).toBe(used.part !== "hidden");
  });
}

test("under a window a column's table goes by either name, the table itself by this one", () => {
  const window: Window = {
    schema: "public",
    table: "orders",
    renameTable: "purchases",
    renameColumns: new Map([["user_id", "customer_id"]]),
    old: "<2.0.0",
    new: ">=2.0.0",
    app: undefined,
    closes: undefined,
  };
  const usage = ledgerOf([
    delta(),
    delta({ name: name("table", "orders") }),
    delta({ tag: TWO, name: name("column", "purchases", "customer_id") }),
    delta({ tag: TWO, name: name("table", "purchases") }),
  ]).usage([window], START);
  const tags = (table: string, column?: string) =>
    usage.of({ schema: "public", table, column }).map(({ tag }) => tag?.version);
  expect(tags("orders", "user_id")).toEqual(["1.0.0"]);
  expect(tags("purchases", "user_id")).toEqual(["1.0.0"]);
  expect(tags("orders", "customer_id")).toEqual(["2.0.0"]);
  expect(tags("orders")).toEqual(["1.0.0"]);
  expect(tags("purchases")).toEqual(["2.0.0"]);
});

test("a rate is that of the last minute", () => {
  const ledger = ledgerOf([]);
  const rate = (now: number) => ledger.usage([], now).of(USER_ID)[0]?.perSecond ?? 0;
  for (let second = 0; second < 120; second++) {
    const now = START + second * 1_000;
    ledger.add({ deltas: [delta({ count: 5, lastAt: now })], sessions: [] }, "own", now);
  }
  const end = START + 2 * MINUTE;
  expect(rate(end)).toBeCloseTo(5, 5);
  expect(rate(end + MINUTE / 2)).toBeCloseTo(2.5, 5);
  expect(rate(end + MINUTE)).toBe(0);
});

test("full: what finds no room is counted, and makes answers unsure until that is long ago", () => {
  const ledger = ledgerOf([delta(), delta({ name: name("column", "orders", "id") })], 1);
  expect({ size: ledger.size, lost: ledger.lostCount }).toEqual({ size: 1, lost: 1 });
  expect(ledger.doubt(MINUTE, START + MINUTE - 1)).toContain("watching since");
  ledger.add({ deltas: [delta({ tag: TWO, lastAt: START + MINUTE })], sessions: [] }, "own", START);
  expect(ledger.doubt(MINUTE, START + 2 * MINUTE - 1)).toContain("the ledger is full");
  expect(ledger.doubt(MINUTE, START + 2 * MINUTE)).toBe("");
});

test("what was not used for long makes room", () => {
  const ledger = ledgerOf([delta(), delta({ tag: TWO, lastAt: START + 5 })]);
  ledger.prune(START + 5);
  expect(ledger.entries(START).map(({ tag }) => tag)).toEqual([TWO]);
});
