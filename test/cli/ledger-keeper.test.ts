import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LedgerKeeper } from "../../src/cli/ledger-keeper.ts";
import { Catalog } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
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

function keeperOf(entriesMax = 100): LedgerKeeper {
  const catalog = new Catalog([], 1);
  const keeper = new LedgerKeeper({
    settings: {
      enabled: true,
      entriesMax,
      quietMs: QUIET_MS,
      retentionMs: 10 * QUIET_MS,
      file: undefined,
      flushMs: 5_000,
    },
    windows: () => [],
    countBy: {
      database: "shop",
      names: () => ({ catalog, naming: (tag) => namingFor(tag, [], catalog) }),
      running: () => [],
    },
  });
  keepers.push(keeper);
  return keeper;
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
  expect(keeper.usage()).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(keeper.usage()?.of(NAME)).toMatchObject([{ count: 1, tag: { version: "1.4.0" } }]);
  keeper.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  expect(keeper.usage()?.of(NAME)).toMatchObject([{ count: 2 }]);
});

test("nothing is said while uses may be missing: of another process, or for want of room", () => {
  const keeper = keeperOf(2);
  vi.advanceTimersByTime(QUIET_MS);
  expect(keeper.usage()).toBeDefined();
  keeper.lose("worker 2");
  expect(keeper.usage()).toBeUndefined();
  vi.advanceTimersByTime(QUIET_MS);
  expect(keeper.usage()).toBeDefined();
  const tag = { app: "shop", version: "2.0.0" };
  for (const record of [
    statementRecord({ shape: READS }),
    statementRecord({ shape: READS, tag }),
  ]) {
    keeper.counter?.statementEnded({ ...record, startedAt: Date.now() });
  }
  expect(keeper.usage()).toBeUndefined();
});

test("a process that begins late knows what the others know", () => {
  const early = keeperOf();
  early.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  early.settle();
  vi.advanceTimersByTime(QUIET_MS);
  const late = keeperOf();
  expect(late.usage()).toBeUndefined();
  late.adopt(JSON.parse(JSON.stringify(early.record)));
  // Only what has been done since it began has a rate.
  const known = early
    .usage()
    ?.of(NAME)
    .map((use) => ({ ...use, perSecond: 0 }));
  expect(known).toMatchObject([{ count: 1, client: "127.0.0.1:50312" }]);
  expect(late.usage()?.of(NAME)).toEqual(known);
});

test("what was not used for the retention is forgotten", () => {
  const keeper = keeperOf();
  keeper.counter?.statementEnded(statementRecord({ shape: READS, startedAt: Date.now() }));
  vi.advanceTimersByTime(9 * QUIET_MS);
  expect(keeper.usage()?.of(NAME)).toHaveLength(1);
  vi.advanceTimersByTime(2 * QUIET_MS);
  expect(keeper.usage()?.of(NAME)).toEqual([]);
});
