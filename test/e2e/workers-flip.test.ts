import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import {
  type StraddleProcess,
  startStraddleProcess,
  writeConfig,
} from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { connect, RENAMES, SCHEMA, SETTINGS, underLoad, type Version } from "./flip-load.ts";

/** The physical names change while sessions of both versions work on all of several workers. */

let database: TestDatabase;
let straddle: StraddleProcess;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, SCHEMA);
  straddle = await startStraddleProcess(writeConfig(database, `workers: 3\n${SETTINGS}`));
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
});

function connection(version?: Version): pg.ClientConfig {
  const tag = version === undefined ? {} : { application_name: `shop@${version}` };
  return { ...database.connection, host: "127.0.0.1", port: straddle.port, ...tag };
}

/** The sessions of each worker, by number. */
async function sessionCounts(): Promise<readonly number[]> {
  const { body } = await straddle.page("/metrics");
  return [...body.matchAll(/^straddle_worker_sessions\{.*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
}

test("no query fails when the names change, whichever workers the sessions are on", async () => {
  const counts: (readonly number[])[] = [];
  const load = await underLoad(connection, async () => {
    counts.push(await sessionCounts());
    for (let count = 0; count < 6; count++) {
      // Each time from another session, and so from each of the workers in turn.
      const client = await connect(connection());
      await client.query("SET lock_timeout = '2s'");
      for (const sql of RENAMES[count % 2] ?? []) {
        await client.query(sql);
        await sleep(40);
      }
      await client.end();
    }
  });
  expect(Math.min(...(counts[0] ?? []))).toBeGreaterThan(2);
  expect(load.queriesCount).toBeGreaterThan(50);
  expect({ failures: load.failures, wrong: load.wrong }).toEqual({ failures: [], wrong: [] });
  const { body } = await straddle.page("/metrics");
  // It was for the holds, not for what is tried again.
  expect(body).not.toMatch(/straddle_recoveries_total\{.*how="resent".*\} [1-9]/);
});
