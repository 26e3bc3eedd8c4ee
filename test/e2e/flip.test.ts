import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";
import { connect, RENAMES, SCHEMA, SETTINGS, underLoad, type Version } from "./flip-load.ts";

/** The physical names change, back and forth, while both versions work at full speed. */

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, SCHEMA);
  straddle = await startTestStraddle(database, SETTINGS);
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
});

function connection(version?: Version): pg.ClientConfig {
  const tag = version === undefined ? {} : { application_name: `shop@${version}` };
  return { ...database.connection, host: "127.0.0.1", port: straddle.port, ...tag };
}

/** Each way to carry a rename out, given the statement and a client. */
const WAYS: readonly {
  readonly way: string;
  readonly version?: Version;
  readonly rename: (client: pg.Client, sql: string) => Promise<unknown>;
}[] = [
  { way: "as a simple query", rename: (client, sql) => client.query(sql) },
  {
    way: "in the extended protocol",
    rename: (client, text) =>
      client.query({ text, values: [], queryMode: "extended" } as pg.QueryConfig),
  },
  {
    way: "by a session of the new version",
    version: "2.0.0",
    rename: (client, sql) => client.query(sql),
  },
  {
    way: "in a transaction block",
    rename: async (client, sql) => {
      await client.query("BEGIN");
      await client.query(sql);
      await sleep(20);
      await client.query("COMMIT");
    },
  },
  {
    way: "in a transaction block that is rolled back first",
    rename: async (client, sql) => {
      await client.query("BEGIN");
      await client.query(sql);
      await client.query("ROLLBACK");
      await client.query(sql);
    },
  },
  {
    way: "in one string with its SET LOCAL",
    rename: (client, sql) => client.query(`BEGIN; SET LOCAL lock_timeout = '2s'; ${sql}; COMMIT`),
  },
];

for (const { way, version, rename } of WAYS) {
  test(`no query fails when the names change through Straddle, ${way}`, async () => {
    const load = await underLoad(connection, async () => {
      const client = await connect(connection(version));
      await client.query("SET lock_timeout = '2s'");
      for (let count = 0; count < 4; count++) {
        for (const sql of RENAMES[count % 2] ?? []) {
          await rename(client, sql);
          await sleep(60);
        }
      }
      await client.end();
    });
    expect(load.queriesCount).toBeGreaterThan(50);
    const { failures, lost, wrong } = load;
    expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });
  });
}

test("behind Straddle's back only transactions fail, and only so that they are tried again", async () => {
  const load = await underLoad(connection, async () => {
    for (let count = 0; count < 6; count++) {
      for (const sql of RENAMES[count % 2] ?? []) {
        await runDirect(database, sql);
        await sleep(60);
      }
    }
  });
  expect(load.queriesCount).toBeGreaterThan(50);
  const others = load.failures.filter(
    ({ kind, sqlstate }) => !["transaction", "string"].includes(kind) || sqlstate !== "40001",
  );
  const { lost, wrong } = load;
  expect({ others, lost, wrong }).toEqual({ others: [], lost: [], wrong: [] });
});
