import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LedgerKeeper } from "../../src/cli/ledger-keeper.ts";
import type { NameSources } from "../../src/ledger/use-counter.ts";
import { Catalog } from "../../src/version/catalog.ts";
import { Namings } from "../../src/version/namings.ts";
import type { Usage } from "../../src/version/usage.ts";
import { SHAPE, statementRecord } from "../support/statement-record.ts";

const QUIET_MS = 60_000;
const NAME = { schema: "public", table: "orders", column: undefined };
const keepers: LedgerKeeper[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1, 8, 0, 0) });
});
afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper.stop();
  vi.useRealTimers();
});

const NAMINGS = new Namings([], new Catalog([], 1, "shop"));

function keeperOf(
  entriesMax = 100,
  { names = NAMINGS, quietMs = QUIET_MS }: { names?: NameSources; quietMs?: number } = {},
): LedgerKeeper {
  const keeper = new LedgerKeeper({
    settings: {
      enabled: true,
      entriesMax,
      quietMs,
      retentionMs: 10 * QUIET_MS,
      file: undefined,
      flushMs: 5_000,
    },
    windows: () => [],
    countBy: {
      database: "shop",
      names: () => names,
      running: () => [],
    },
  });
  keepers.push(keeper);
  return keeper;
}

/** Of what is taken at once. */
function usageOf(keeper: LedgerKeeper): Usage | undefined {
  const told: (Usage | undefined)[] = [];
  keeper.usage((usage) => told.push(usage));
  expect(told).toHaveLength(1);
  return told[0];
}

const READS = {
  ...SHAPE,
  names: {
    uses: [{ tables: [{ schema: "", table: "orders" }], column: undefined, isWholeRow: false }],
    hidden: undefined,
  },
};

test("nothing is said before it has watched for long enough, then all of it at once", () => {
  const keeper = keeperOf();
  vi.advanceTimersByTime(QUIET_MS - 1);
  keeper.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  expect(usageOf(keeper)).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(usageOf(keeper)?.of(NAME)).toMatchObject([{ count: 1, tag: { version: "1.4.0" } }]);
  keeper.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  expect(usageOf(keeper)?.of(NAME)).toMatchObject([{ count: 2 }]);
});

test("nothing is said while uses may be missing: of another process, or for want of room", () => {
  const keeper = keeperOf(2);
  vi.advanceTimersByTime(QUIET_MS);
  expect(usageOf(keeper)).toBeDefined();
  keeper.lose("worker 2");
  expect(usageOf(keeper)).toBeUndefined();
  vi.advanceTimersByTime(QUIET_MS);
  expect(usageOf(keeper)).toBeDefined();
  const tag = { app: "shop", version: "2.0.0" };
  for (const record of [
    statementRecord({ shape: READS }),
    statementRecord({ shape: READS, tag }),
  ]) {
    keeper.counter?.statementEnded({ ...record, startedAt: Date.now() });
  }
  expect(usageOf(keeper)).toBeUndefined();
});

test("a process that begins late knows what the others know", () => {
  const early = keeperOf();
  early.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  early.settle();
  vi.advanceTimersByTime(QUIET_MS);
  const late = keeperOf();
  expect(usageOf(late)).toBeUndefined();
  late.adopt(JSON.parse(JSON.stringify(early.record)));
  // Only what has been done since it began has a rate.
  const known = usageOf(early)
    ?.of(NAME)
    .map((use) => ({ ...use, perSecond: 0 }));
  expect(known).toMatchObject([{ count: 1, client: "127.0.0.1:50312" }]);
  expect(usageOf(late)?.of(NAME)).toEqual(known);
});

test("what was not used for the retention is forgotten", () => {
  const keeper = keeperOf();
  keeper.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  vi.advanceTimersByTime(9 * QUIET_MS);
  expect(usageOf(keeper)?.of(NAME)).toHaveLength(1);
  vi.advanceTimersByTime(2 * QUIET_MS);
  expect(usageOf(keeper)?.of(NAME)).toEqual([]);
});

test("many texts are taken in many turns, and no answer comes before all that was asked for is in it", async () => {
  vi.useRealTimers();
  let foundCount = 0;
  const slow: NameSources = {
    catalog: NAMINGS.catalog,
    naming(tag) {
      foundCount += 1;
      const end = performance.now() + 1;
      while (performance.now() < end);
      return NAMINGS.naming(tag);
    },
  };
  const keeper = keeperOf(100, { names: slow, quietMs: 0 });
  const count = 200;
  const send = () => {
    for (let index = 0; index < count; index++) {
      keeper.counter?.statementEnded(statementRecord({ shape: { ...READS } }));
    }
  };
  send();
  const told: number[] = [];
  keeper.usage((usage) => told.push(usage?.of(NAME)[0]?.count ?? 0));
  const page = keeper.page({ of: "public.orders", quietFor: undefined });
  expect(told).toEqual([]);
  send(); // It may be in the answer, or not.
  const perTurn: number[] = [];
  while (told.length === 0) {
    const before = foundCount;
    await new Promise(setImmediate);
    perTurn.push(foundCount - before);
  }
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(16);
  expect(told[0]).toBeGreaterThanOrEqual(count);
  expect(await page).toMatchObject({ doubt: "", uses: [{ count: told[0] }] });
  await keeper.stop();
  expect(keeper.record.deltas.map((delta) => delta.count)).toEqual([2 * count, 2 * count]);
});
