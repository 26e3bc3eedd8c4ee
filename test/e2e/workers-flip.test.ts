import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
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
  expect(Math.min(...(counts[0] ?? []))).toBeGreaterThan(0);
  expect(load.queriesCount).toBeGreaterThan(50);
  const { failures, lost, wrong } = load;
  expect({ failures, lost, wrong }).toEqual({ failures: [], lost: [], wrong: [] });
  const { body } = await straddle.page("/metrics");
  // It was for the holds, not for what is tried again.
  expect(body).not.toMatch(/straddle_recoveries_total\{.*how="resent".*\} [1-9]/);
});

/** The processes of the workers, by number. */
function workers(): readonly number[] {
  const lines = straddle.log().matchAll(/worker (\d+) serves: process (\d+)/g);
  const last = new Map([...lines].map(([, number, id]) => [Number(number), Number(id)]));
  return [...last].sort(([left], [right]) => left - right).map(([, id]) => id);
}

/** A client, and which worker it is on. */
async function connectAndFind(): Promise<{ readonly client: pg.Client; readonly index: number }> {
  const before = await sessionCounts();
  const client = await connect(connection());
  await client.query("SET lock_timeout = '2s'");
  const after = await sessionCounts();
  return { client, index: after.findIndex((count, index) => count > (before[index] ?? 0)) };
}

async function physicalName(): Promise<string> {
  const client = await connect(database.connection);
  const { rows } = await client.query(
    "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum = 2",
  );
  await client.end();
  return rows[0]?.attname;
}

const THERE = "ALTER TABLE orders RENAME user_id TO customer_id";
const BACK = "ALTER TABLE orders RENAME customer_id TO user_id";

function kill(index: number): void {
  process.kill(workers()[index] ?? 0, "SIGKILL");
}

const FAULTS: readonly {
  readonly fault: string;
  readonly flip: (client: pg.Client, index: number) => Promise<void>;
  readonly name: string;
}[] = [
  {
    fault: "another worker is killed while the rename is under way",
    async flip(client, index) {
      await client.query("BEGIN");
      await client.query(THERE);
      kill((index + 1) % 3);
      await sleep(100);
      await client.query("COMMIT");
      await sleep(100);
      await client.query(BACK);
    },
    name: "user_id",
  },
  {
    fault: "its own worker is killed, and the server undoes it",
    async flip(client, index) {
      await client.query("BEGIN");
      await client.query(THERE);
      kill(index);
    },
    name: "user_id",
  },
  {
    fault: "its own worker is killed, and the server does it all the same",
    async flip(client, index) {
      const reader = await connect(database.connection);
      await reader.query("BEGIN; SELECT FROM orders LIMIT 1");
      const flipped = client.query(THERE).catch(() => "lost");
      await until("the wait for the lock", async () => {
        const { rows } = await reader.query(
          "SELECT 1 FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted",
        );
        return rows.length > 0;
      });
      kill(index);
      await sleep(200);
      await reader.query("COMMIT");
      await reader.end();
      await flipped;
    },
    name: "customer_id",
  },
];

for (const { fault, flip, name } of FAULTS) {
  test(`no query of the other workers fails when ${fault}`, async () => {
    const load = await underLoad(connection, async () => {
      const { client, index } = await connectAndFind();
      await flip(client, index);
      await client.end().catch(() => undefined);
    });
    const found = await physicalName();
    await until("a new worker", async () => {
      const { body } = await straddle.page("/metrics");
      return body.includes("straddle_workers 3\n");
    });
    if (found === "customer_id") await runDirect(database, BACK);
    const { failures, lost, wrong } = load;
    expect({ failures, wrong, found }).toEqual({ failures: [], wrong: [], found: name });
    // A third of them was on that worker.
    expect(lost.length).toBeLessThan(6);
  });
}

test("a worker that is frozen keeps a rename waiting for the hold's deadline, and no longer", async () => {
  const { client, index } = await connectAndFind();
  const frozen = workers()[(index + 1) % 3] ?? 0;
  const others = await Promise.all([1, 2, 3].map(() => connect(connection("1.4.0"))));
  for (const other of others) await other.query("SELECT user_id FROM orders WHERE id = 1");
  process.kill(frozen, "SIGSTOP");
  try {
    await client.query(THERE);
  } finally {
    process.kill(frozen, "SIGCONT");
  }
  const answers = await Promise.all(
    others.map((other) => other.query("UPDATE orders SET user_id = 7 WHERE id = 7 RETURNING *")),
  );
  await client.query(BACK);
  for (const each of [client, ...others]) await each.end();
  expect(answers.map(({ rows }) => rows)).toEqual(
    [1, 2, 3].map(() => [{ id: 7, user_id: 7, total: expect.any(Number) }]),
  );
});
