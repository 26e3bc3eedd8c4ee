import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import {
  createStore,
  ORDERS_WINDOW,
  PERSON_WINDOW,
  rowsOf,
  runInstance,
} from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { connect, RENAMES, SCHEMA, underLoad, type Version } from "./flip-load.ts";

/** The physical names change while sessions of both versions work through several instances. */

/** Machines are busy: what is tested is that nothing fails, not how fast it is. */
const HOLD = "limits: { hold_timeout: 5s }";

let database: TestDatabase;
let instances: StraddleProcess[];

beforeAll(async () => {
  database = await createStore(SCHEMA);
  await runDirect(database, ORDERS_WINDOW + PERSON_WINDOW);
  // One of them with workers.
  instances = await Promise.all([
    runInstance(database, { yaml: HOLD }),
    runInstance(database, { yaml: `workers: 2\n${HOLD}` }),
  ]);
});

afterAll(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  await database.drop();
});

function connectionTo(index: number, version?: Version): pg.ClientConfig {
  const tag = version === undefined ? {} : { application_name: `shop@${version}` };
  return { ...database.connection, host: "127.0.0.1", port: instances[index]?.port ?? 0, ...tag };
}

async function states(): Promise<string> {
  const rows = await rowsOf(database, "SELECT state FROM straddle.windows ORDER BY id");
  return rows.map(({ state }) => state).join(" ");
}

test("no query fails when a session renames, whichever instance it is on", async () => {
  onTestFailed(() => console.error(instances.map((instance) => instance.log()).join("\n")));
  let last = 0;
  const load = await underLoad(
    (version) => connectionTo(last++ % 2, version),
    async () => {
      for (let count = 0; count < 6; count++) {
        const client = await connect(connectionTo(count % 2));
        await client.query("SET lock_timeout = '5s'");
        for (const sql of RENAMES[count % 2] ?? []) {
          await client.query(sql);
          await sleep(40);
        }
        await client.end();
      }
    },
  );
  expect(load.queriesCount).toBeGreaterThan(50);
  const { failures, lost, wrong } = load;
  expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });
  const flips = await rowsOf(
    database,
    "SELECT state, count(*)::int FROM straddle.flips GROUP BY state",
  );
  expect(flips).toEqual([{ state: "flipped", count: (RENAMES[0]?.length ?? 0) * 6 }]);
  for (const instance of instances) {
    const { body } = await instance.page("/metrics");
    // It was for the holds, not for what is tried again.
    expect(body).not.toMatch(/straddle_recoveries_total\{.*how="resent".*\} [1-9]/);
  }
  await until("the end of the last flip", async () => (await states()) === "open open");
}, 120_000);
