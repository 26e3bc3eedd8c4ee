import pg from "pg";
import { afterEach, beforeEach, expect, onTestFailed, test } from "vitest";
import { createStore, ORDERS_WINDOW, rowsOf, runInstance } from "../support/fleet.ts";
import { Relay } from "../support/relay.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { connect, SCHEMA } from "./flip-load.ts";

/**
 * An instance is cut off from the store for longer than its lease, by a network that swallows what it sends over its
 * own connections, while its sessions go on. The others rename without it.
 */

const TIMEOUT_MS = 120_000;
const SETTINGS = {
  control: "lease: 2s, poll_interval: 500ms, read_timeout: 2s",
  yaml: "limits: { hold_timeout: 5s }",
};
const THERE = "ALTER TABLE orders RENAME user_id TO customer_id";
const ROW = { user_id: 7 };

/** Straddle's own connections say so in their startup packet; sessions have their clients' name. */
const isControl = (startup: Buffer) => startup.includes("application_name\0straddle\0");

let database: TestDatabase;
let relay: Relay;
/** The one that renames. */
let near: StraddleProcess;
/** The one behind the relay. */
let far: StraddleProcess;
let clients: pg.Client[];

beforeEach(async () => {
  database = await createStore(SCHEMA);
  await runDirect(database, ORDERS_WINDOW);
  const { host = "", port = 0 } = database.connection;
  relay = await Relay.start({ host, port });
  clients = [];
  near = await runInstance(database, SETTINGS);
  far = await runInstance(database, {
    ...SETTINGS,
    yaml: `${SETTINGS.yaml}\nserver: { host: 127.0.0.1, port: ${relay.port}, connect_timeout: 3s }`,
  });
  onTestFailed(() => console.error(`${near.log()}\n${far.log()}`));
}, TIMEOUT_MS);

afterEach(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  for (const instance of [near, far]) await instance.stop("SIGKILL");
  await relay.stop();
  await database.drop();
}, TIMEOUT_MS);

async function sessionOn(instance: StraddleProcess, version = "1.4.0"): Promise<pg.Client> {
  const client = await connect({
    ...database.connection,
    port: instance.port,
    application_name: `shop@${version}`,
  });
  clients.push(client);
  await client.query("SET lock_timeout = '5s'");
  return client;
}

/** A statement that relies on the name, where a SELECT has its columns by their positions. */
async function touch(client: pg.Client, isPrepared = false): Promise<unknown> {
  const text = "UPDATE orders SET user_id = user_id WHERE id = 7 RETURNING user_id";
  const { rows } = await client.query(isPrepared ? { name: "touch", text } : text);
  return rows[0];
}

async function flipState(): Promise<unknown> {
  const [row] = await rowsOf(database, "SELECT state FROM straddle.flips ORDER BY epoch DESC");
  return row?.["state"];
}

async function isControlFine(): Promise<boolean> {
  const { body } = await far.page("/readyz");
  return JSON.parse(body).checks.control.state === "ok";
}

const lastInstance = async () =>
  (await rowsOf(database, "SELECT max(id) AS id FROM straddle.instances"))[0]?.["id"];

test(
  "its connections are dead, and new ones are not: nothing fails, and it comes back",
  async () => {
    const [renaming, other, prepared] = [
      await sessionOn(near),
      await sessionOn(far),
      await sessionOn(far),
    ];
    expect(await touch(prepared, true)).toEqual(ROW);
    const before = await lastInstance();
    relay.swallow(isControl);
    await renaming.query(THERE);
    expect(await touch(other)).toEqual(ROW);
    expect(await touch(prepared, true)).toEqual(ROW);
    await until("its return", isControlFine, 30_000);
    await until("its new row", async () => Number(await lastInstance()) > Number(before), 30_000);
    await until("the flip's end", async () => (await flipState()) === "flipped");
    await renaming.query("ALTER TABLE orders RENAME customer_id TO user_id");
    expect(await touch(other)).toEqual(ROW);
  },
  TIMEOUT_MS,
);

test(
  "no connection of its own can be had: what meets the new name is to be tried again, and works once one can",
  async () => {
    const [renaming, other] = [await sessionOn(near), await sessionOn(far)];
    relay.swallowsNew = isControl;
    relay.swallow(isControl);
    await renaming.query(THERE);
    const outcome = await touch(other).then(
      () => "done",
      (error: unknown) => error instanceof pg.DatabaseError && error.code,
    );
    expect(outcome).toBe("40001");
    // What does not rely on a name goes on.
    expect((await other.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(await isControlFine()).toBe(false);
    relay.swallowsNew = () => false;
    await until("its return", isControlFine, 30_000);
    expect(await touch(other)).toEqual(ROW);
  },
  TIMEOUT_MS,
);

test(
  "it is cut off while it holds: the rename is done, and what it holds is answered",
  async () => {
    const [renaming, other] = [await sessionOn(near), await sessionOn(far)];
    await renaming.query("BEGIN");
    await renaming.query(THERE);
    const held = touch(other);
    relay.swallow(isControl);
    await renaming.query("COMMIT");
    expect(await held).toEqual(ROW);
    await until("its return", isControlFine, 30_000);
    expect(await flipState()).toBe("flipped");
  },
  TIMEOUT_MS,
);
