import { expect, test } from "vitest";
import { UseCounter } from "../../src/ledger/use-counter.ts";
import { UseSum } from "../../src/ledger/use-sum.ts";
import type { RunningStatement } from "../../src/session/observer.ts";
import type { StatementShape } from "../../src/sql/shape.ts";
import { Catalog } from "../../src/version/catalog.ts";
import { Namings } from "../../src/version/namings.ts";
import { SHAPE, sessionInfo, statementRecord } from "../support/statement-record.ts";

const TABLE = { schema: "public", table: "orders" };
const READS: StatementShape = {
  ...SHAPE,
  names: { uses: [{ tables: [TABLE], column: undefined, isWholeRow: false }], hidden: undefined },
};
const UNQUALIFIED: StatementShape = {
  ...SHAPE,
  names: { uses: [useOf("orders", "")], hidden: undefined },
};
const UNREAD: StatementShape = { ...SHAPE, fingerprint: "", names: { uses: [], hidden: "text" } };

function useOf(table: string, schema = "public") {
  return { tables: [{ schema, table }], column: undefined, isWholeRow: false };
}

function catalogWith(name: string): Catalog {
  return new Catalog([{ oid: 1, schema: "public", name, kind: "r", columns: [] }], 1, "shop");
}

const NAMINGS = new Namings([], new Catalog([], 1, "shop"));

function counterOf(running: RunningStatement[] = [], names = () => NAMINGS) {
  return new UseCounter({ database: "shop", names, running: () => running });
}

/** All of it at once. */
function takeAll(counter: UseCounter, now = 0) {
  counter.cut(now);
  const batch = counter.take(() => false);
  if (batch === undefined) throw new Error("nothing was cut");
  return batch;
}

function taken(counter: UseCounter, now = 0) {
  return takeAll(counter, now).deltas.map(
    ({ tag, name, count }) => `${tag?.version} ${name.part} ${count}`,
  );
}

test("statements are counted by version and name, and taken once", () => {
  const counter = counterOf();
  counter.statementEnded(statementRecord({ shape: READS, startedAt: 100, durationMs: 0.5 }));
  counter.statementEnded(statementRecord({ shape: READS, startedAt: 200, durationMs: 30.5 }));
  counter.statementEnded(statementRecord({ shape: READS, tag: { app: "shop", version: "2.0.0" } }));
  const { deltas } = takeAll(counter, 0);
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
  const tables = takeAll(counter, 0).deltas.filter(({ name }) => name.part === "table");
  expect(tables).toHaveLength(30);
  expect(tables.every(({ count }) => count === 10)).toBe(true);
});

test("another database's sessions are not counted", () => {
  const counter = counterOf();
  const session = sessionInfo({ database: "other" });
  counter.sessionOpened(session);
  counter.statementEnded(statementRecord({ shape: READS, session }));
  expect(takeAll(counter, 0)).toEqual({ deltas: [], sessions: [] });
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
  expect(takeAll(counter, 5_000).deltas[1]).toMatchObject({ count: 0, lastAt: 5_000 });
  expect(takeAll(counter, 6_000).deltas[1]).toMatchObject({ count: 0, lastAt: 6_000 });
  running.pop();
  counter.statementEnded(statement);
  expect(taken(counter)).toEqual(["1.4.0 version 1", "1.4.0 table 1"]);
});

test("open sessions are told by version", () => {
  const counter = counterOf();
  const [one, two, three] = [sessionInfo(), sessionInfo(), sessionInfo({ tag: undefined })];
  for (const session of [one, two, three]) counter.sessionOpened(session);
  two.tag = { app: "shop", version: "2.0.0" }; // By SET straddle.version.
  expect(takeAll(counter, 0).sessions).toEqual([
    { tag: { app: "shop", version: "1.4.0" }, count: 1 },
    { tag: { app: "shop", version: "2.0.0" }, count: 1 },
    { tag: undefined, count: 1 },
  ]);
  for (const session of [one, two, three]) counter.sessionClosed(session);
  expect(takeAll(counter, 0).sessions).toEqual([]);
});

test("taken in parts, with more coming meanwhile: nothing is counted twice, or lost", () => {
  const counter = counterOf();
  const shapes = Array.from({ length: 100 }, (_, index) => ({
    ...READS,
    names: { ...READS.names, uses: [useOf(`t${index}`)] },
  }));
  const send = (startedAt: number) => {
    for (const shape of shapes) {
      counter.statementEnded(statementRecord({ shape, startedAt, durationMs: 0 }));
    }
  };
  const sum = new UseSum();
  const partCounts: number[] = [];
  send(1_000);
  counter.cut(0);
  for (let second = 2; second <= 5; second++) {
    const part = counter.take(() => true);
    partCounts.push(part?.deltas.length ?? 0);
    sum.add(part?.deltas ?? []);
    send(second * 1_000);
    if (second % 2 === 0) counter.cut(0);
  }
  counter.cut(0);
  while (counter.isCut) sum.add(counter.take(() => true)?.deltas ?? []);
  // A few tables, and the version.
  expect(Math.max(...partCounts)).toBeLessThan(20);
  expect(counter.take(() => true)).toBeUndefined();
  const tables = sum.deltas.filter(({ name }) => name.part === "table");
  expect(tables).toHaveLength(shapes.length);
  for (const delta of tables) {
    expect(delta).toMatchObject({ count: 5, firstAt: 1_000, lastAt: 5_000 });
  }
  const version = sum.deltas.filter(({ name }) => name.part === "version");
  expect(version).toMatchObject([{ count: 5 * shapes.length }]);
});

test("what was cut goes by the names of then, however late it is taken", () => {
  let namings = new Namings([], catalogWith("orders"));
  const counter = counterOf([], () => namings);
  const schemas = ["public", "other"];
  counter.statementEnded(statementRecord({ shape: UNQUALIFIED, schemas }));
  counter.cut(0);
  namings = new Namings([], catalogWith("renamed"));
  counter.statementEnded(statementRecord({ shape: UNQUALIFIED, schemas }));
  counter.cut(0);
  const takenSchemas = () =>
    counter
      .take(() => true)
      ?.deltas.filter(({ name }) => name.part === "table")
      .map(({ name, count }) => `${name.schema} ${count}`);
  expect(takenSchemas()).toEqual(["public 1"]);
  // Where none of them has it, it is one of each.
  expect(takenSchemas()).toEqual(["public 1", "other 1"]);
});
