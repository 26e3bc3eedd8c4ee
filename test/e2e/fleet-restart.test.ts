import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import {
  type EmbeddedServer,
  startEmbeddedPostgres,
} from "../../src/cli/embedded/embedded-postgres.ts";
import { initStore } from "../../src/control/store.ts";
import { ORDERS_WINDOW, rowsOf, runInstance } from "../support/fleet.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { until } from "../support/until.ts";
import { connect, SCHEMA } from "./flip-load.ts";

/** The server crashes in the middle of a fleet's flip, and comes back. */

const TIMEOUT_MS = 120_000;

let server: EmbeddedServer;
/** Started anew on the same data. */
let second: EmbeddedServer | undefined;
let database: TestDatabase;
let instances: StraddleProcess[] = [];

beforeAll(async () => {
  // What has been committed has to outlive the crash.
  server = await startServer({ settings: { synchronous_commit: "on" } });
  const { host, port } = server;
  database = {
    name: "postgres",
    url: `postgres://postgres@${host}:${port}/postgres`,
    connection: { host, port, user: "postgres", database: "postgres" },
    drop: () => Promise.resolve(),
  };
  const owner = await connect(database.connection);
  await owner.query(SCHEMA);
  await initStore(owner, "straddle", { sidecars: [], operators: [] });
  await owner.query(ORDERS_WINDOW);
  await owner.end();
  for (let count = 0; count < 2; count++) {
    const instance = await runInstance(database, {
      control: "lease: 3s, poll_interval: 500ms",
      yaml: "limits: { hold_timeout: 6s }",
    });
    instances = [...instances, instance];
  }
}, TIMEOUT_MS);

afterAll(async () => {
  for (const instance of instances) await instance.stop("SIGKILL");
  await second?.stop();
  await server.stop();
}, TIMEOUT_MS);

async function sessionOn(index: number): Promise<pg.Client> {
  const client = await connect({
    ...database.connection,
    port: instances[index]?.port ?? 0,
    application_name: "shop@1.4.0",
  });
  await client.query("SET lock_timeout = '5s'");
  return client;
}

const THERE = "ALTER TABLE orders RENAME user_id TO customer_id";

async function isControlFine(): Promise<boolean> {
  for (const instance of instances) {
    const { body } = await instance.page("/readyz");
    if (JSON.parse(body).checks.control.state !== "ok") return false;
  }
  return true;
}

test(
  "the rename is undone, the instances say so and come back, and it can be done then",
  async () => {
    onTestFailed(() => console.error(instances.map((each) => each.log()).join("\n")));
    const renaming = await sessionOn(0);
    await renaming.query("BEGIN");
    await renaming.query(THERE);
    const pidFile = readFileSync(join(server.dataFolder, "postmaster.pid"), "utf8");
    process.kill(Number(pidFile.split("\n")[0]), "SIGKILL");
    await until("the loss on /readyz", async () => !(await isControlFine()), 30_000);
    second = await restarted();
    await until("control connections", isControlFine, 60_000);
    const client = await sessionOn(1);
    expect((await client.query("SELECT user_id FROM orders WHERE id = 7")).rows).toEqual([
      { user_id: 7 },
    ]);
    await until(
      "recovery",
      async () => {
        const rows = await rowsOf(database, "SELECT state FROM straddle.flips ORDER BY epoch DESC");
        return rows[0]?.["state"] === "aborted";
      },
      30_000,
    );
    await client.query(THERE);
    expect((await client.query("SELECT user_id FROM orders WHERE id = 7")).rows).toEqual([
      { user_id: 7 },
    ]);
    await client.end();
  },
  TIMEOUT_MS,
);

async function restarted(): Promise<EmbeddedServer> {
  const { dataFolder, port } = server;
  let started: EmbeddedServer | undefined;
  await until(
    "the server",
    async () => {
      started = await startEmbeddedPostgres({ dataFolder, port }).catch(() => undefined);
      return started !== undefined;
    },
    60_000,
  );
  if (started === undefined) throw new Error("not started");
  return started;
}
