import { expect, test } from "vitest";
import { UseCounter } from "../../src/ledger/use-counter.ts";
import type { RunningStatement } from "../../src/session/observer.ts";
import type { StatementShape } from "../../src/sql/shape.ts";
import { Catalog } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
import { SHAPE, sessionInfo, statementRecord } from "../support/statement-record.ts";

const TABLE = { schema: "public", table: "orders" };
const READS: StatementShape = {
  ...SHAPE,
  names: { uses: [{ tables: [TABLE], column: undefined, isWholeRow: false }], hidden: undefined },
};
const UNREAD: StatementShape = { ...SHAPE, fingerprint: "", names: { uses: [], hidden: "text" } };

function counterOf(running: RunningStatement[] = []) {
  const catalog = new Catalog([], 1);
  return new UseCounter({
    database: "shop",
    names: () => ({ catalog, naming: (tag) => namingFor(tag, [], catalog) }),
    running: () => running,
  });
}

function taken(counter: UseCounter, now = 0) {
  return counter
    .take(now)
    .deltas.map(({ tag, name, count }) => `${tag?.version} ${name.part} ${count}`);
}

test("statements are counted by version and name, and taken once", () => {
  const counter = counterOf();
  counter.statementEnded(statementRecord({ shape: READS, startedAt: 100, durationMs: 0.5 }));
  counter.statementEnded(statementRecord({ shape: READS, startedAt: 200, durationMs: 30.5 }));
  counter.statementEnded(statementRecord({ shape: READS, tag: { app: "shop", version: "2.0.0" } }));
  const { deltas } = counter.take(0);
  expect(deltas).toMatchObject([
    { name: { part: "version" }, count: 2 },
    { name: { part: "table", ...TABLE }, count: 2, firstAt: 100, lastAt: 231 },
    { tag: { version: "2.0.0" }, name: { part: "version" }, count: 1 },
    { tag: { version: "2.0.0" }, name: { part: "table" }, count: 1 },
  ]);
  expect(deltas[1]).toMatchObject({ fingerprints: [SHAPE.fingerprint], client: "127.0.0.1:50312" });
  expect(taken(counter)).toEqual([]);
});

test("a tag that each statement brings anew is the same version", () => {
  const counter = counterOf();
  for (let count = 0; count < 50; count++) {
    const tag = { app: "shop", version: "3.0.0" };
    counter.statementEnded(statementRecord({ shape: READS, tag }));
  }
  expect(taken(counter)).toEqual(["3.0.0 version 50", "3.0.0 table 50"]);
});

test("more versions and paths than are kept for a text: none is lost", () => {
  const counter = counterOf();
  for (let count = 0; count < 300; count++) {
    const tag = { app: "shop", version: `1.${count % 30}.0` };
    counter.statementEnded(statementRecord({ shape: READS, tag, schemas: [`s${count % 7}`] }));
  }
  const tables = counter.take(0).deltas.filter(({ name }) => name.part === "table");
  expect(tables).toHaveLength(30);
  expect(tables.every(({ count }) => count === 10)).toBe(true);
});

test("another database's sessions are not counted", () => {
  const counter = counterOf();
  const session = sessionInfo({ database: "other" });
  counter.sessionOpened(session);
  counter.statementEnded(statementRecord({ shape: READS, session }));
  expect(counter.take(0)).toEqual({ deltas: [], sessions: [] });
});

test("what was not read may have used anything, but for what is no SQL", () => {
  const counter = counterOf();
  counter.statementEnded(statementRecord({ shape: { ...UNREAD } }));
  counter.statementEnded(statementRecord({ shape: { ...UNREAD }, sqlstate: "42P01" }));
  counter.statementEnded(statementRecord({ shape: { ...UNREAD }, sqlstate: "42601" }));
  expect(taken(counter)).toEqual(["1.4.0 version 2", "1.4.0 hidden 2"]);
});

test("a statement that still runs is in use, and counts when it ends", () => {
  const statement = statementRecord({ shape: READS });
  const running: RunningStatement[] = [statement];
  const counter = counterOf(running);
  expect(counter.take(5_000).deltas[1]).toMatchObject({ count: 0, lastAt: 5_000 });
  expect(counter.take(6_000).deltas[1]).toMatchObject({ count: 0, lastAt: 6_000 });
  running.pop();
  counter.statementEnded(statement);
  expect(taken(counter)).toEqual(["1.4.0 version 1", "1.4.0 table 1"]);
});

test("open sessions are told by version", () => {
  const counter = counterOf();
  const [one, two, three] = [sessionInfo(), sessionInfo(), sessionInfo({ tag: undefined })];
  for (const session of [one, two, three]) counter.sessionOpened(session);
  two.tag = { app: "shop", version: "2.0.0" }; // By SET straddle.version.
  expect(counter.take(0).sessions).toEqual([
    { tag: { app: "shop", version: "1.4.0" }, count: 1 },
    { tag: { app: "shop", version: "2.0.0" }, count: 1 },
    { tag: undefined, count: 1 },
  ]);
  for (const session of [one, two, three]) counter.sessionClosed(session);
  expect(counter.take(0).sessions).toEqual([]);
});
