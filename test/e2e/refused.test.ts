import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import {
  bind,
  describeStatement,
  execute,
  flush,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";

/** What a window does not cover is refused, and the server's transaction fails with it. */

const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id, total: amount }, old: "<2.0.0", new: ">=2.0.0" }
`;

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    "CREATE TABLE orders (id int, customer_id int, amount int); CREATE TABLE log (line text)",
  );
  straddle = await startTestStraddle(database, SETTINGS);
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
});

async function countLines(line: string): Promise<number> {
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rowCount } = await client.query("SELECT FROM log WHERE line = $1", [line]);
  await client.end();
  return rowCount ?? 0;
}

const REFUSED: readonly { readonly before: readonly string[]; readonly sql: string }[] = [
  { before: [], sql: "COPY orders FROM STDIN (FORMAT csv, HEADER MATCH)" },
  { before: [], sql: "UPDATE orders SET user_id = 1 RETURNING row_to_json(orders)" },
  // Its names are known to nobody but this transaction.
  {
    before: ["SET LOCAL lock_timeout = '1s'", "ALTER TABLE orders ADD COLUMN note text"],
    sql: "SELECT user_id FROM orders",
  },
  // So one windowed rename in each transaction.
  {
    before: ["SET LOCAL lock_timeout = '1s'", "ALTER TABLE orders RENAME customer_id TO user_id"],
    sql: "ALTER TABLE orders RENAME amount TO total",
  },
  // A string ends where the server's setting says.
  {
    before: ["SET LOCAL standard_conforming_strings = off"],
    sql: "SELECT 'a\\' , user_id FROM orders', user_id FROM orders",
  },
];

const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];

for (const { before, sql } of REFUSED) {
  for (const protocol of ["simple", "extended"] as const) {
    test(`${protocol}: ${[...before, sql].join("; ")}`, async () => {
      const line = `${protocol}: ${sql}`;
      const client = await wireClient(database, straddle.port, {
        application_name: "shop@1.0.0",
      });
      const written = `INSERT INTO log VALUES ($line$${line}$line$)`;
      for (const each of ["BEGIN", written, ...before, sql, "COMMIT"]) {
        await client.send(...(protocol === "simple" ? [query(each)] : [...step(each), sync()]));
        await client.until("ReadyForQuery");
      }
      const errors = client.transcript.filter((each) => each.startsWith("< ErrorResponse"));
      const end = client.transcript.slice(-2);
      client.abandon();
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/C0A000.*\\0D.*\\0H/);
      expect(end).toEqual(['< CommandComplete "ROLLBACK\\0"', '< ReadyForQuery "I"']);
      expect(await countLines(line)).toBe(0);
    });
  }
}

test("a refusal is told at a Flush, and what follows is skipped up to the Sync", async () => {
  const client = await wireClient(database, straddle.port, { application_name: "shop@1.0.0" });
  await client.send(parse("", "COPY orders FROM STDIN (FORMAT csv, HEADER MATCH)"), flush());
  await client.until("ErrorResponse");
  await client.send(
    ...step("SELECT 1"),
    describeStatement(""),
    flush(),
    ...step("SELECT 2"),
    sync(),
  );
  await client.until("ReadyForQuery");
  await client.send(...step("SELECT 3"), sync());
  await client.until("ReadyForQuery");
  client.abandon();
  const told = client.transcript.filter((line) => /^< (Error|DataRow|Ready)/.test(line)).slice(1);
  expect(told.map((line) => line.replace(/(ErrorResponse).*/, "$1"))).toEqual([
    "< ErrorResponse",
    '< ReadyForQuery "I"',
    expect.stringContaining("< DataRow"),
    '< ReadyForQuery "I"',
  ]);
});
