import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { startStraddleProcess, writeConfig } from "../support/straddle-process.ts";
import { until } from "../support/until.ts";

const METRICS = "metrics: { port: 0 }\n";
const WINDOW = `
windows:
  - table: public.orders
    rename: { user_id: customer_id }
    old: "<2.0.0"
    new: ">=2.0.0"
`;

let database: TestDatabase;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createDatabase();
  const client = new pg.Client(database.connection);
  await client.connect();
  await client.query("CREATE TABLE orders (id int PRIMARY KEY, user_id int, note text)");
  await client.end();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => database.drop());

async function start(yaml: string): Promise<Straddle> {
  const straddle = await startTestStraddle(database, METRICS + yaml);
  ends.push(() => straddle.stop());
  return straddle;
}

async function connect(port: number, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port,
    application_name: name,
  });
  await client.connect();
  ends.push(() => client.end());
  return client;
}

type Page = Readonly<Record<string, unknown>> & {
  readonly uses: readonly Readonly<Record<string, unknown>>[];
};

async function usesOf(metricsPort: number | undefined, of: string): Promise<Page> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/ledger?of=${of}`);
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

test("each version's uses, by its own names, before and after the rename", async () => {
  const straddle = await start(WINDOW);
  const { metricsPort } = straddle;
  const one = await connect(straddle.port, "shop@1.4.0");
  const two = await connect(straddle.port, "shop@2.0.0");
  await one.query("SELECT user_id FROM orders");
  await two.query("SELECT customer_id FROM orders WHERE id = $1", [1]);
  await two.query(
    "SET lock_timeout = '1s'; ALTER TABLE orders RENAME COLUMN user_id TO customer_id",
  );
  await one.query("SELECT user_id FROM orders");
  await one.query({ name: "s", text: "UPDATE orders SET user_id = $1", values: [1] });

  const old = await usesOf(metricsPort, "public.orders.user_id");
  expect(old).toMatchObject({
    of: { schema: "public", table: "orders", column: "user_id" },
    uses: [{ app: "shop", version: "1.4.0", is_certain: true, count: 3, live_sessions: 1 }],
  });
  expect(old.uses[0]?.["fingerprints"]).toHaveLength(2);
  const { uses } = await usesOf(metricsPort, "public.orders.customer_id");
  expect(uses).toMatchObject([{ version: "2.0.0", count: 1, live_sessions: 1 }]);
  await two.query("ALTER TABLE orders RENAME COLUMN customer_id TO user_id");
});

test("another schema's table of that name is another one, where the search_path is known", async () => {
  const straddle = await start(WINDOW);
  const client = await connect(straddle.port, "shop@1.4.0");
  await client.query("CREATE SCHEMA other; CREATE TABLE other.orders (user_id int)");
  await client.query("SET search_path = other");
  await client.query("SELECT user_id FROM orders");
  const of = async (name: string) => (await usesOf(straddle.metricsPort, name)).uses.length;
  expect([await of("other.orders.user_id"), await of("public.orders.user_id")]).toEqual([1, 0]);
  await client.query("SET lock_timeout = '1s'; DROP SCHEMA other CASCADE");
});

test("a statement that still runs is in use already", async () => {
  const straddle = await start("");
  const client = await connect(straddle.port, "shop@1.4.0");
  const running = client.query(
    "SELECT note, pg_sleep(600) FROM orders RIGHT JOIN (SELECT 1) ON true",
  );
  running.catch(() => undefined);
  await until("it is in use", async () => {
    const { uses } = await usesOf(straddle.metricsPort, "public.orders.note");
    return uses[0]?.["count"] === 0;
  });
  const other = await connect(straddle.port, "shop@1.4.0");
  await other.query(
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(600%' AND pid <> pg_backend_pid()",
  );
  await expect(running).rejects.toMatchObject({ code: "57014" });
  const { uses } = await usesOf(straddle.metricsPort, "public.orders.note");
  expect(uses).toMatchObject([{ count: 1 }]);
});

test("a young ledger, a full one, a wrong question and none at all say so", async () => {
  const straddle = await start("ledger: { entries_max: 1, quiet_for: 1h }");
  const client = await connect(straddle.port, "shop@1.4.0");
  await client.query("SELECT user_id FROM orders");
  const page = await usesOf(straddle.metricsPort, "public.orders.user_id");
  expect(page).toMatchObject({ quiet_for_ms: 3_600_000, uses: [] });
  expect(page["doubt"]).toContain("watching since");
  const at = `http://127.0.0.1:${straddle.metricsPort}`;
  expect(await (await fetch(`${at}/ledger`)).json()).toMatchObject({
    lost: 2,
    gap: { why: "the ledger is full, raise ledger.entries_max" },
    versions: [{ app: "shop", version: "1.4.0", sessions: 1, statements: 1 }],
  });
  const metrics = await (await fetch(`${at}/metrics`)).text();
  expect(metrics).toContain("straddle_ledger_lost_total 2");
  expect(metrics).toContain("straddle_ledger_entries 1");
  const wrong = await fetch(`${at}/ledger?of=orders`);
  expect([wrong.status, await wrong.text()]).toEqual([
    400,
    expect.stringContaining("schema.table"),
  ]);

  const without = await start("ledger: { enabled: false }");
  const none = await fetch(`http://127.0.0.1:${without.metricsPort}/ledger`);
  expect([none.status, await none.text()]).toEqual([404, "ledger.enabled is false\n"]);
});

test("of several workers it is one, and one that dies leaves a gap", async () => {
  const yaml = `workers: 2\n${METRICS}`;
  const straddle = await startStraddleProcess(writeConfig(database, yaml));
  ends.push(() => straddle.stop());
  const clients: pg.Client[] = [];
  for (let count = 0; count < 6; count++) {
    clients.push(await connect(straddle.port, `shop@1.${count % 2}.0`));
  }
  for (const client of clients) {
    client.on("error", () => undefined);
    await client.query("SELECT user_id FROM orders");
  }
  const { uses } = await usesOf(straddle.metricsPort, "public.orders.user_id");
  const shown = uses.map((use) => [use["version"], use["count"], use["live_sessions"]]);
  expect(shown.sort()).toEqual([
    ["1.0.0", 3, 3],
    ["1.1.0", 3, 3],
  ]);
  const [, first] = /worker 1 serves: process (\d+)/.exec(straddle.log()) ?? [];
  process.kill(Number(first), "SIGKILL");
  const page = `http://127.0.0.1:${straddle.metricsPort}/ledger`;
  await until("a gap", async () => "gap" in Object(await (await fetch(page)).json()));
  const after = await (await fetch(page)).json();
  expect(after).toMatchObject({ gap: { why: "worker 1 is gone" } });
});
