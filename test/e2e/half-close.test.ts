import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, flush, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { conversation, runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** A client that closes its side and goes on reading: what it gets is the same as without Straddle. */

let database: TestDatabase;
let straddle: Straddle;
let direct: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE t (id int)");
  direct = new pg.Client(database.connection);
  await direct.connect();
  straddle = await startTestStraddle(database);
});

afterAll(async () => {
  await direct.end();
  await straddle.stop();
  await database.drop();
});

const CASES: Readonly<Record<string, readonly Buffer[]>> = {
  nothing: [],
  "a query": [query("SELECT generate_series(1, 3)")],
  "a query that takes its time": [query("SELECT pg_sleep(0.3)")],
  "several queries, one of which fails": [query("SELECT 1"), query("SELECT x"), query("SELECT 2")],
  "a transaction that is left open": [query("BEGIN"), query("INSERT INTO t VALUES (1)")],
  "a batch": [parse("", "SELECT 1"), bind("", ""), execute(""), sync()],
  "a batch without a Sync": [parse("", "SELECT 1"), bind("", ""), execute("")],
  "a batch with a Flush": [parse("", "SELECT 1"), bind("", ""), execute(""), flush()],
  "COPY that wants data": [query("COPY t FROM STDIN")],
  "a long answer": [query("SELECT repeat('x', 1000) FROM generate_series(1, 2000)")],
  "half a message": [query("SELECT 1").subarray(0, 7)],
};

for (const [name, frames] of Object.entries(CASES)) {
  test(name, async () => {
    const said: string[][] = [];
    for (const port of [undefined, straddle.port]) {
      const client = await wireClient(database, port, { application_name: "half" });
      said.push(
        await conversation(client, async () => {
          await client.send(...frames);
          client.endSending();
          await client.untilClosed();
        }),
      );
    }
    expect(said[1]).toEqual(said[0]);
    await until("its session is gone", async () => {
      const sql =
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'half'";
      return (await direct.query(sql)).rows[0].count === 0;
    });
  });
}
