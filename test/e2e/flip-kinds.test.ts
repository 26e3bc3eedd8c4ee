import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { FUNCTIONS, KINDS, WIRE_KINDS } from "./flip-kinds.ts";
import {
  connect,
  type Load,
  newLoad,
  RENAMES,
  SCHEMA,
  SETTINGS,
  VERSIONS,
  type Version,
  work,
} from "./flip-load.ts";

/** Each kind of session that a flip has to leave alone, of both versions, while names change. */

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, SCHEMA + FUNCTIONS);
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

/** Back and forth under the load of `start`, which gives what to wait for at the end. */
async function flipUnder(start: (load: Load) => Promise<() => Promise<void>>): Promise<Load> {
  const load = newLoad();
  const client = await connect(connection());
  await client.query("SET lock_timeout = '2s'");
  const end = await start(load);
  try {
    for (let count = 0; count < 6; count++) {
      for (const sql of RENAMES[count % 2] ?? []) {
        await sleep(30);
        await client.query(sql);
      }
    }
  } finally {
    load.isOver = true;
    await end();
    await client.end();
  }
  return load;
}

function expectNothingWrong({ failures, lost, wrong, queriesCount }: Load): void {
  expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });
  expect(queriesCount).toBeGreaterThan(10);
}

for (const [kind, begin] of Object.entries(KINDS)) {
  test(`no flip is noticed by ${kind}`, async () => {
    const load = await flipUnder(async (load) => {
      const sessions = await Promise.all(
        [...VERSIONS, ...VERSIONS].map(async (version) => {
          const client = await connect(connection(version));
          const turn = await begin({ load, kind, version, client });
          return { client, done: work(load, kind, turn, () => client.query("ROLLBACK")) };
        }),
      );
      return async () => {
        for (const { client, done } of sessions) {
          await done;
          await client.end();
        }
      };
    });
    expectNothingWrong(load);
  });
}

for (const [kind, begin] of Object.entries(WIRE_KINDS)) {
  test(`no flip is noticed by ${kind}`, async () => {
    const load = await flipUnder(async (load) => {
      const sessions = await Promise.all(
        VERSIONS.map(async (version) => {
          const tag = { application_name: `shop@${version}` };
          const client = await wireClient(database, straddle.port, tag);
          const turn = await begin(client, version);
          return { client, done: work(load, kind, turn, async () => undefined) };
        }),
      );
      return async () => {
        for (const { client, done } of sessions) {
          await done;
          client.abandon();
        }
      };
    });
    expectNothingWrong(load);
  });
}
