import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";

/** DDL inside of DO blocks needs a lock_timeout as any other. */

let database: TestDatabase;
let straddle: Straddle;
let client: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int)");
  straddle = await startTestStraddle(database);
  client = new pg.Client({ ...database.connection, host: "127.0.0.1", port: straddle.port });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await straddle.stop();
  await database.drop();
});

/** Each of them as a string of its own, and as a prepared statement: the SQLSTATEs. */
async function run(sql: string): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const query of [sql, { text: sql, values: [] }]) {
    const code = await client.query(query).then(
      () => "done",
      (error) => error.code,
    );
    outcomes.push(code);
  }
  return outcomes;
}

test("it is refused, with the block's name and the table's", async () => {
  const sql = "DO $$ BEGIN IF true THEN ALTER TABLE orders ADD COLUMN more int; END IF; END $$";
  await expect(client.query(sql)).rejects.toMatchObject({
    code: "55000",
    message: "DO needs a lock_timeout: it is 0, which is to wait without limit",
    detail: expect.stringContaining("DO takes an ACCESS EXCLUSIVE lock on orders."),
  });
  expect(await run(sql)).toEqual(["55000", "55000"]);
  expect(await run("DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'orders'); END $$")).toEqual([
    "55000",
    "55000",
  ]);
});

test("it passes with a lock_timeout, of the session or the block's own", async () => {
  const index = (name: string) =>
    `BEGIN CREATE INDEX IF NOT EXISTS ${name} ON orders (id); DROP INDEX ${name}; END`;
  await client.query("SET lock_timeout = '2s'");
  expect(await run(`DO $$ ${index("a")} $$`)).toEqual(["done", "done"]);
  await client.query("RESET lock_timeout");
  expect(await run(`DO $$ ${index("b")} $$`)).toEqual(["55000", "55000"]);
  const own = index("c").replace("BEGIN", "BEGIN SET LOCAL lock_timeout = '2s';");
  expect(await run(`DO $$ ${own} $$`)).toEqual(["done", "done"]);
});

test("a block that commits is not put into a transaction by the check", async () => {
  const sql = "DO $$ BEGIN CREATE INDEX ON orders (id); COMMIT; DROP INDEX orders_id_idx; END $$";
  expect(await run(sql)).toEqual(["55000", "55000"]);
  await client.query("SET lock_timeout = '2s'");
  expect(await run(sql)).toEqual(["done", "done"]);
  await client.query("RESET lock_timeout");
});

test("what locks nothing that is there passes, and so does what nobody can read", async () => {
  const blocks = [
    "BEGIN PERFORM 1; END",
    "BEGIN CREATE TEMP TABLE own (id int); ALTER TABLE own ADD COLUMN more int; DROP TABLE own; END",
    "DECLARE n text := 'SELECT 1'; BEGIN EXECUTE n; END",
  ];
  for (const block of blocks) expect(await run(`DO $$ ${block} $$`)).toEqual(["done", "done"]);
});
