import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isBinaryCompatible, isNarrower, parseType } from "../../src/guard/reading/column-type.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";

/** The server as judge: whether it writes a table anew for a change of type. */
const TYPES = [
  "smallint",
  "integer",
  "bigint",
  "oid",
  "numeric",
  "numeric(10,2)",
  "numeric(12,2)",
  "numeric(12,4)",
  "real",
  "double precision",
  "text",
  "character varying",
  "character varying(10)",
  "character varying(20)",
  "character(10)",
  "bit varying(4)",
  "bit varying(8)",
  "timestamp without time zone",
  "timestamp(3) without time zone",
  "timestamp with time zone",
  "time(2) without time zone",
  "time(4) without time zone",
  "date",
  "cidr",
  "inet",
  "json",
  "jsonb",
  "xml",
  "uuid",
  "integer[]",
  "bigint[]",
];

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client(database.connection);
  await client.connect();
  await client.query("SET TimeZone = 'Europe/Berlin'");
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

for (const from of TYPES) {
  test(`${from} to others: rewritten by the server where it says so`, async () => {
    for (const to of TYPES) {
      await client.query("DROP TABLE IF EXISTS t");
      await client.query(`CREATE TABLE t (a ${from})`);
      const file = "SELECT pg_relation_filenode('t') AS node";
      const before = await client.query(file);
      try {
        await client.query(`ALTER TABLE t ALTER a TYPE ${to} USING a::${to}`);
      } catch {
        continue; // There is no such cast.
      }
      const after = await client.query(file);
      const isSame = before.rows[0].node === after.rows[0].node;
      expect([to, isBinaryCompatible(parseType(from), parseType(to))]).toEqual([to, isSame]);
    }
  });
}

for (const [from, to, isNarrow] of [
  ["bigint", "integer", true],
  ["integer", "bigint", false],
  ["integer", "text", false],
  ["text", "character varying(20)", true],
  ["character varying(20)", "character varying(10)", true],
  ["character varying(10)", "character varying(20)", false],
  ["character varying(10)", "text", false],
  ["numeric(10,2)", "numeric(12,4)", false],
  ["numeric(10,2)", "numeric(11,4)", true],
  ["numeric(10,2)", "numeric", false],
  ["numeric", "numeric(10,2)", true],
  ["timestamp with time zone", "date", true],
  ["date", "timestamp with time zone", false],
  ["integer", "boolean", true],
  ["text", "jsonb", true],
] as const) {
  test(`${from} to ${to} is ${isNarrow ? "" : "not "}narrower`, () => {
    expect(isNarrower(parseType(from), parseType(to))).toBe(isNarrow);
  });
}

test("of a type that is not known, one with a bound may be narrower", () => {
  expect(
    ["integer", "character varying(5)", "date"]
      .map(parseType)
      .map((to) => isNarrower(undefined, to)),
  ).toEqual([true, true, true]);
  expect(["bigint", "text", "jsonb"].map(parseType).map((to) => isNarrower(undefined, to))).toEqual(
    [false, false, false],
  );
});
