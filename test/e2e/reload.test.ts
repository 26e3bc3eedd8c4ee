import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Straddle, startStraddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** The configuration file changes while sessions go on. */

let database: TestDatabase;
let straddle: Straddle;
let folder: string;
let file: string;
let client: pg.Client;

function settings(windows: readonly string[], guard = "block"): string {
  const { host, port } = database.connection;
  return `
listen: { port: 0 }
server: { host: ${host}, port: ${port} }
control: { user: postgres, database: ${database.name} }
audit: { to: off }
metrics: { enabled: false }
guard: { mode: off, lock_timeout: { on_missing: ${guard} } }
windows: [${windows.join(", ")}]
`;
}

const ORDERS =
  '{ table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }';
const PERSON = '{ table: public.person, rename_table: people, old: "<2.0.0", new: ">=2.0.0" }';

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    "CREATE TABLE orders (id int, user_id int); INSERT INTO orders VALUES (1, 7); CREATE TABLE person (id int)",
  );
  folder = mkdtempSync(join(tmpdir(), "straddle-reload-"));
  file = join(folder, "straddle.yaml");
  writeFileSync(file, settings([]));
  const loaded = parseConfig(settings([]), {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  straddle = await startStraddle(loaded.config, { configFile: file });
  client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    application_name: "shop@2.0.0",
  });
  client.on("error", () => undefined);
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await straddle.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** Saves the file and waits until it is in force. */
async function save(text: string, windowsCount: number): Promise<void> {
  writeFileSync(file, text);
  await until("the new settings", () => straddle.state.config.windows.length === windowsCount);
}

async function sqlstateOf(sql: string): Promise<string> {
  try {
    await client.query(sql);
    return "";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const NEW_COLUMN = "SELECT customer_id FROM orders";
const NEW_TABLE = "SELECT FROM people";

beforeEach(() => save(settings([]), 0));

test("a window that is opened and closed counts from the next statement on", async () => {
  const seen = [await sqlstateOf(NEW_COLUMN)];
  await save(settings([ORDERS]), 1);
  seen.push(await sqlstateOf(NEW_COLUMN), await sqlstateOf(NEW_TABLE));
  await save(settings([ORDERS, PERSON]), 2);
  seen.push(await sqlstateOf(NEW_COLUMN), await sqlstateOf(NEW_TABLE));
  await save(settings([]), 0);
  seen.push(await sqlstateOf(NEW_COLUMN), await sqlstateOf(NEW_TABLE));
  expect(seen).toEqual(["42703", "", "42P01", "", "", "42703", "42P01"]);
});

test("a file that is replaced, as editors and Kubernetes do, is read as well", async () => {
  writeFileSync(`${file}.new`, settings([ORDERS]));
  renameSync(`${file}.new`, file);
  await until("the new settings", () => straddle.state.config.windows.length === 1);
  expect(await sqlstateOf(NEW_COLUMN)).toBe("");
});

test("a statement that is prepared, and a transaction that is open, go on", async () => {
  const ask = () => client.query({ name: "s", text: "SELECT * FROM orders" });
  const names = async () => (await ask()).fields.map((field) => field.name);
  await client.query("BEGIN");
  const seen = [await names()];
  await save(settings([ORDERS]), 1);
  await client.query("COMMIT");
  seen.push(await names());
  await save(settings([]), 0);
  seen.push(await names());
  expect(seen).toEqual([
    ["id", "user_id"],
    ["id", "customer_id"],
    ["id", "user_id"],
  ]);
});

test("bad settings are kept out, and the good ones stay", async () => {
  await save(settings([ORDERS]), 1);
  const before = straddle.state.config;
  const bad = [
    `${settings([ORDERS, PERSON])}\nbogus: true`,
    settings([ORDERS, PERSON, "{ table: x"]),
    settings([ORDERS, PERSON, ORDERS]),
    settings([PERSON, ORDERS.replace('"<2.0.0"', '"<3.0.0"')]),
    "",
  ];
  const seen: unknown[] = [];
  for (const text of bad) {
    writeFileSync(file, text);
    await new Promise((resolve) => setTimeout(resolve, 300));
    seen.push(straddle.state.config === before, await sqlstateOf(NEW_COLUMN));
  }
  expect(seen).toEqual(bad.flatMap(() => [true, ""]));
});

test("the guard's settings change as well", async () => {
  const alter = "ALTER TABLE person ALTER id SET DEFAULT 1";
  const seen = [await sqlstateOf(alter)];
  await save(settings([ORDERS], "off"), 1);
  seen.push(await sqlstateOf(alter));
  await save(settings([], "block"), 0);
  seen.push(await sqlstateOf(alter));
  expect(seen).toEqual(["55000", "", "55000"]);
});

test("keys that need a restart wait for it, and what is in force stays", async () => {
  const { host, port } = database.connection;
  const elsewhere = settings([ORDERS]).replace(`host: ${host}, port: ${port}`, "host: nowhere");
  await save(elsewhere, 1);
  const session = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    application_name: "shop@2.0.0",
  });
  await session.connect();
  const { rows } = await session.query("SELECT customer_id FROM orders");
  await session.end();
  const { waitingKeys } = straddle.state;
  await save(settings([]), 0);
  expect({ rows, waitingKeys, after: straddle.state.waitingKeys }).toEqual({
    rows: [{ customer_id: 7 }],
    waitingKeys: ["server.host", "server.port"],
    after: [],
  });
});
