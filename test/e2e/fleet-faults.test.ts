import pg from "pg";
import { afterEach, beforeEach, expect, onTestFailed, test } from "vitest";
import { createStore, ORDERS_WINDOW, rowsOf, runInstance } from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { connect, SCHEMA } from "./flip-load.ts";

/**
 * What can go wrong while a fleet flips, with real processes. Whatever it is: no statement fails for its name,
 * none is held for longer than the hold, and the store gets back to what the catalog says.
 */

const CONTROL = "lease: 3s, poll_interval: 500ms";
const YAML = "limits: { hold_timeout: 6s }";
const TIMEOUT_MS = 180_000;

const THERE = "ALTER TABLE orders RENAME user_id TO customer_id";
const READ = "SELECT user_id FROM orders WHERE id = 7";

let database: TestDatabase;
let a: StraddleProcess;
let b: StraddleProcess;
let clients: pg.Client[];

const run = () => runInstance(database, { control: CONTROL, yaml: YAML });

beforeEach(async () => {
  database = await createStore(SCHEMA);
  await runDirect(database, ORDERS_WINDOW);
  clients = [];
  a = await run();
  b = await run();
  onTestFailed(() => console.error(`${a.log()}\n${b.log()}`));
}, TIMEOUT_MS);

afterEach(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  for (const instance of [a, b]) {
    instance.signal("SIGCONT");
    await instance.stop("SIGKILL");
  }
  await database.drop();
}, TIMEOUT_MS);

async function sessionOn(instance: StraddleProcess): Promise<pg.Client> {
  const client = await connect({
    ...database.connection,
    host: "127.0.0.1",
    port: instance.port,
    application_name: "shop@1.4.0",
  });
  clients.push(client);
  await client.query("SET lock_timeout = '5s'");
  return client;
}

/** Of the row that `READ` asks for, under the old version's name. */
async function read(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query(READ);
  return rows[0];
}

/** The same by a statement that relies on the name, where a SELECT has its columns by their positions. */
async function touch(client: pg.Client): Promise<unknown> {
  const sql = "UPDATE orders SET user_id = user_id WHERE id = 7 RETURNING user_id";
  return (await client.query(sql)).rows[0];
}

async function outcome(client: pg.Client, sql: string): Promise<string> {
  try {
    await client.query(sql);
    return "done";
  } catch (error) {
    return error instanceof pg.DatabaseError ? String(error.code) : String(error);
  }
}

/** The last flip and the window: `flipped flipped`. */
async function states(): Promise<string> {
  const [row] = await rowsOf(
    database,
    `SELECT (SELECT state FROM straddle.flips ORDER BY epoch DESC LIMIT 1) AS flip,
       (SELECT state FROM straddle.windows) AS window`,
  );
  return `${row?.["flip"]} ${row?.["window"]}`;
}

const ROW = { user_id: 7 };

test(
  "an instance is killed: it counts until its lease is over, and the rename waits for that",
  async () => {
    const client = await sessionOn(a);
    await b.stop("SIGKILL");
    expect(await outcome(client, THERE)).toBe("done");
    expect(await read(client)).toEqual(ROW);
    await until("the flip's end", async () => (await states()) === "flipped flipped");
  },
  TIMEOUT_MS,
);

test(
  "an instance is frozen: the rename fails and nothing has changed, and later it does not",
  async () => {
    const [renaming, other] = [await sessionOn(a), await sessionOn(b)];
    b.signal("SIGSTOP");
    expect(await outcome(renaming, THERE)).toBe("55P03");
    expect(await states()).toBe("aborted open");
    expect(await read(renaming)).toEqual(ROW);
    b.signal("SIGCONT");
    expect(await read(other)).toEqual(ROW);
    expect(await outcome(renaming, THERE)).toBe("done");
    expect(await read(other)).toEqual(ROW);
    await until("the flip's end", async () => (await states()) === "flipped flipped");
  },
  TIMEOUT_MS,
);

test(
  "an instance loses its control connection: it comes back, and the rename goes on",
  async () => {
    const [renaming, other] = [await sessionOn(a), await sessionOn(b)];
    const [before] = await rowsOf(database, "SELECT max(id) AS id FROM straddle.instances");
    await rowsOf(
      database,
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objid =
       (SELECT max(id) FROM straddle.instances)::oid AND l.classid = 'straddle'::regnamespace`,
    );
    expect(await outcome(renaming, THERE)).toBe("done");
    expect(await read(other)).toEqual(ROW);
    const [after] = await rowsOf(database, "SELECT max(id) AS id FROM straddle.instances");
    expect(Number(after?.["id"])).toBeGreaterThan(Number(before?.["id"]));
    expect(b.log()).toContain("the control connection is lost, and flips are not possible");
  },
  TIMEOUT_MS,
);

test(
  "the coordinator is killed in the middle: the others hold no longer than they said",
  async () => {
    const [renaming, other] = [await sessionOn(a), await sessionOn(b)];
    await renaming.query("BEGIN");
    await renaming.query(THERE);
    const held = touch(other);
    await a.stop("SIGKILL");
    expect(await held).toEqual(ROW);
    expect(b.log()).not.toContain("bug");
    await until("recovery", async () => (await states()) === "aborted open", 30_000);
    expect(await outcome(other, THERE)).toBe("done");
    expect(await read(other)).toEqual(ROW);
  },
  TIMEOUT_MS,
);

test(
  "an instance that joins in the middle of a flip holds as well",
  async () => {
    const renaming = await sessionOn(a);
    await renaming.query("BEGIN");
    await renaming.query(THERE);
    await b.stop("SIGKILL");
    b = await run();
    const other = await sessionOn(b);
    const held = touch(other);
    await renaming.query("COMMIT");
    expect(await held).toEqual(ROW);
    await until("the flip's end", async () => (await states()) === "flipped flipped");
  },
  TIMEOUT_MS,
);

test(
  "a transaction that stays open keeps the rename from happening, and nobody else from working",
  async () => {
    const [renaming, open, other] = [await sessionOn(a), await sessionOn(b), await sessionOn(b)];
    await open.query("BEGIN");
    expect(await read(open)).toEqual(ROW);
    expect(await outcome(renaming, THERE)).toBe("55P03");
    expect(await read(other)).toEqual(ROW);
    expect(await states()).toBe("aborted open");
    await open.query("COMMIT");
    expect(await outcome(renaming, THERE)).toBe("done");
  },
  TIMEOUT_MS,
);

test(
  "two flips at once: one renames, the other gets what the server says then",
  async () => {
    const [one, another] = [await sessionOn(a), await sessionOn(b)];
    const outcomes = await Promise.all([outcome(one, THERE), outcome(another, THERE)]);
    expect(outcomes.sort()).toEqual(["42703", "done"]);
    expect(await read(one)).toEqual(ROW);
    expect(await read(another)).toEqual(ROW);
  },
  TIMEOUT_MS,
);

test(
  "notifications are lost: the poll finds out",
  async () => {
    // It comes before pg_catalog's in the search_path of the store's functions.
    await runDirect(
      database,
      "CREATE FUNCTION straddle.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''",
    );
    const [renaming, other] = [await sessionOn(a), await sessionOn(b)];
    expect(await outcome(renaming, THERE)).toBe("done");
    expect(await read(other)).toEqual(ROW);
    await until("the flip's end", async () => (await states()) === "flipped flipped");
  },
  TIMEOUT_MS,
);
