import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";

const WINDOW = `
windows:
  - table: public.orders
    rename: { user_id: customer_id }
    old: "<2.0.0"
    new: ">=2.0.0"
`;

const folder = mkdtempSync(join(tmpdir(), "straddle-audit-e2e-"));
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  const client = new pg.Client(database.connection);
  await client.connect();
  await client.query("CREATE TABLE orders (id int PRIMARY KEY, customer_id int, note text)");
  await client.query("INSERT INTO orders VALUES (1, 7, 'first'), (2, 8, 'second')");
  await client.end();
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

async function connect(straddle: Straddle, name = "shop@1.4.0"): Promise<pg.Client> {
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    application_name: name,
  });
  await client.connect();
  return client;
}

type Fields = Readonly<Record<string, unknown>>;

/** Runs `use` through a Straddle of its own; gives what was recorded of it, without what varies. */
async function recorded(
  parameters: "none" | "redact" | "full",
  use: (client: pg.Client) => Promise<unknown>,
): Promise<Fields[]> {
  const path = join(folder, `${parameters}-${Math.random()}.jsonl`);
  const audit = `audit: { to: file, path: ${path}, parameters: ${parameters} }`;
  const straddle = await startTestStraddle(database, `${audit}${WINDOW}`);
  const client = await connect(straddle);
  try {
    await use(client);
  } finally {
    await client.end();
    await straddle.stop();
  }
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Only these fields of each record. */
function pick(records: readonly Fields[], ...names: readonly string[]): unknown[] {
  return records.map((record) => names.map((name) => record[name]));
}

test("a rewritten statement: who, what was sent, what ran, what became of it", async () => {
  const [record] = await recorded("redact", (client) =>
    client.query("SELECT user_id FROM orders WHERE id = 2 /* secret */"),
  );
  const { time, session, client, fingerprint, duration_ms, overhead_ms, ...rest } = record ?? {};
  expect(rest).toEqual({
    app: "shop",
    version: "1.4.0",
    user: "postgres",
    database: database.name,
    protocol: "simple",
    verb: "SELECT",
    sql: "SELECT user_id FROM orders WHERE id = $1",
    ran: "SELECT user_id FROM orders AS orders(id, user_id) WHERE id = $1",
    tables: ["orders"],
    columns: ["id", "user_id"],
    verdict: "rewrite",
    rows: 1,
    transaction: "idle",
  });
  expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(60_000);
  expect(session).toMatch(/^[0-9a-f]+\.1$/);
  expect(client).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  expect(Number(overhead_ms)).toBeLessThanOrEqual(Number(duration_ms));
});

test("each statement of a string has its record; what the server skipped has none", async () => {
  const records = await recorded("redact", async (client) => {
    await client.query("SELECT 1; SELECT * FROM no_such; SELECT 2").catch(() => undefined);
    await client.query("BEGIN; UPDATE orders SET note = 'x'; ROLLBACK");
  });
  expect(pick(records, "sql", "sqlstate", "rows")).toEqual([
    ["SELECT $1", undefined, 1],
    ["SELECT * FROM no_such", "42P01", 0],
    ["BEGIN", undefined, 0],
    ["UPDATE orders SET note = $1", undefined, 2],
    ["ROLLBACK", undefined, 0],
  ]);
});

test("in a pipeline rows and SQLSTATE belong to their own statement", async () => {
  const straddle = await startTestStraddle(
    database,
    `audit: { to: file, path: ${join(folder, "p")} }${WINDOW}`,
  );
  const client = await wireClient(database, straddle.port, { application_name: "shop@1.4.0" });
  const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];
  const failing = ["SELECT user_id FROM orders", "SELECT 1/(user_id - 7) FROM orders", "SELECT 3"];
  // What comes behind an error is skipped up to the Sync, and the next batch starts anew.
  await client.send(
    ...[...failing.flatMap(step), sync()],
    ...[...step("SELECT generate_series(1, 4)"), ...step("SELECT nope FROM orders"), sync()],
    ...[query("UPDATE orders SET user_id = user_id"), ...step("SELECT 6"), sync()],
  );
  for (let count = 0; count < 4; count++) await client.until("ReadyForQuery");
  client.abandon();
  await straddle.stop();
  const lines = readFileSync(join(folder, "p"), "utf8").trimEnd().split("\n");
  const records: Fields[] = lines.map((line) => JSON.parse(line));
  expect(pick(records, "sql", "sqlstate", "rows")).toEqual([
    ["SELECT user_id FROM orders", undefined, 2],
    ["SELECT $1/(user_id - $2) FROM orders", "22012", 0],
    ["SELECT generate_series($1, $2)", undefined, 4],
    ["SELECT nope FROM orders", "42703", 0],
    ["UPDATE orders SET user_id = user_id", undefined, 2],
    ["SELECT $1", undefined, 1],
  ]);
});

test("a refused statement has its rule, and the transaction is told as failed", async () => {
  const records = await recorded("redact", async (client) => {
    await client.query("BEGIN");
    await client.query("ALTER TABLE orders ADD COLUMN extra int").catch(() => undefined);
    await client.query("ROLLBACK");
  });
  expect(pick(records, "verb", "verdict", "rule", "sqlstate", "tables")).toEqual([
    ["BEGIN", "pass", undefined, undefined, []],
    ["ALTER TABLE", "refuse", "lock-timeout", "55000", ["orders"]],
    ["ROLLBACK", "pass", undefined, undefined, []],
  ]);
});

const SECRET_QUERY = { text: "SELECT $1::text, $2::int, 'swordfish'", values: ["swordfish", null] };

const policies = [
  { parameters: "none", sql: SECRET_QUERY.text, more: {} },
  {
    parameters: "redact",
    sql: "SELECT $1::text, $2::int, $3",
    more: { parameter_sizes: [9, null] },
  },
  { parameters: "full", sql: SECRET_QUERY.text, more: { parameters: ["swordfish", null] } },
] as const;
for (const { parameters, sql, more } of policies) {
  test(`parameters: ${parameters}`, async () => {
    const [record] = await recorded(parameters, (client) => client.query(SECRET_QUERY));
    expect(record).toMatchObject({ protocol: "extended", verb: "SELECT", sql, ...more });
    const names = Object.keys(record ?? {}).filter((name) => name.startsWith("parameter"));
    expect(names).toEqual(Object.keys(more));
  });
}

test("redact: no literal reaches the log, whatever the statement", async () => {
  const records = await recorded("redact", async (client) => {
    const statements = [
      "SELECT 'swordfish'",
      "SELECT 'swordfish' FROM; this is no SQL",
      "DO $$ BEGIN PERFORM 'swordfish'; END $$",
      "SET application_name = 'swordfish'",
      "COMMENT ON TABLE orders IS 'swordfish'",
      "CREATE ROLE straddle_audit_test PASSWORD 'swordfish'",
      "ALTER ROLE straddle_audit_test PASSWORD 'swordfish'",
      "DROP ROLE straddle_audit_test",
      "INSERT INTO orders (id, user_id, note) VALUES (1, 2, 'swordfish')", // A duplicate key.
      "PREPARE p AS SELECT $1::text",
      "EXECUTE p('swordfish')",
    ];
    for (const sql of statements) await client.query(sql).catch(() => undefined);
  });
  expect(records.length).toBeGreaterThan(8);
  expect(JSON.stringify(records)).not.toContain("swordfish");
});

test("rows: of what was returned, of what was changed, of COPY", async () => {
  const records = await recorded("redact", async (client) => {
    await client.query("SELECT generate_series(1, 1000)");
    await client.query({ text: "UPDATE orders SET note = note WHERE id = $1", values: [1] });
    await client.query("COPY orders TO STDOUT").catch(() => undefined);
  });
  expect(pick(records, "verb", "rows")).toEqual([
    ["SELECT", 1000],
    ["UPDATE", 1],
    ["COPY", 2],
  ]);
});

test("wait: on a full disk no statement starts, and all go on when there is room", async () => {
  const path = join(folder, "full.jsonl");
  symlinkSync("/dev/full", path);
  const straddle = await startTestStraddle(database, `audit: { to: file, path: ${path} }${WINDOW}`);
  const client = await connect(straddle);
  await client.query("SELECT 1"); // It ran before the disk was known to be full.
  let isAnswered = false;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const waiting = client.query("SELECT 2").then(() => {
    isAnswered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(isAnswered).toBe(false);

  rmSync(path);
  await straddle.reopenAudit();
  await waiting;
  await client.end();
  await straddle.stop();
  const sql = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).sql);
  expect(sql).toEqual(["SELECT $1", "SELECT $1"]);
});

test("wait: a session that ends while it waits is not counted as waiting any more", async () => {
  const path = join(folder, "left.jsonl");
  symlinkSync("/dev/full", path);
  const yaml = `audit: { to: file, path: ${path} }\nmetrics: { port: 0 }${WINDOW}`;
  const straddle = await startTestStraddle(database, yaml);
  const client = await wireClient(database, straddle.port, {});
  const waiting = async () => {
    const page = await fetch(`http://127.0.0.1:${straddle.metricsPort}/metrics`);
    return Number(/^straddle_audit_waiting (\d+)$/m.exec(await page.text())?.[1]);
  };
  await client.send(query("SELECT 1"));
  await client.until("ReadyForQuery");
  await new Promise((resolve) => setTimeout(resolve, 200)); // Until the disk is known to be full.
  await client.send(query("SELECT 2"));
  await until("the session waits", async () => (await waiting()) === 1);
  client.abandon();
  await until("it is forgotten", async () => (await waiting()) === 0);
  rmSync(path);
  await straddle.reopenAudit();
  await straddle.stop();
});

test("drop: on a full disk statements run on, and the metrics tell what is missing", async () => {
  const path = join(folder, "dropped.jsonl");
  symlinkSync("/dev/full", path);
  const yaml = `
audit: { to: file, path: ${path}, when_full: drop, buffer_size_max: 2KiB }
metrics: { port: 0 }${WINDOW}`;
  const straddle = await startTestStraddle(database, yaml);
  const client = await connect(straddle);
  for (let count = 0; count < 50; count++) await client.query("SELECT 1");
  const page = async () => (await fetch(`http://127.0.0.1:${straddle.metricsPort}/metrics`)).text();
  const dropped = /^straddle_audit_dropped_total ([0-9]+)$/m;
  await until("records are dropped", async () => Number(dropped.exec(await page())?.[1]) > 30);
  rmSync(path);
  await straddle.reopenAudit();
  await client.end();
  await straddle.stop();
  const lines = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const missing = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  expect(lines.filter((line) => line.dropped === undefined).length + missing).toBe(50);
});

test("the metrics of a session, by its version", async () => {
  const straddle = await startTestStraddle(database, `metrics: { port: 0 }${WINDOW}`);
  const [first, second] = [await connect(straddle), await connect(straddle, "shop@2.0.0")];
  await first.query("SELECT user_id FROM orders");
  await first.query("SELECT customer_id FROM orders").catch(() => undefined);
  await second.query("SELECT customer_id FROM orders");
  await second.query("ALTER TABLE orders ADD COLUMN extra int").catch(() => undefined);
  const text = await (await fetch(`http://127.0.0.1:${straddle.metricsPort}/metrics`)).text();
  const [v1, v2] = ['app="shop",version="1.4.0"', 'app="shop",version="2.0.0"'];
  const expected = [
    `straddle_sessions{${v1}} 1`,
    `straddle_statements_total{${v1},protocol="simple",verb="SELECT"} 2`,
    `straddle_statement_errors_total{${v1},sqlstate="42703"} 1`,
    `straddle_statement_errors_total{${v2},sqlstate="42703"} 0`,
    `straddle_refusals_total{${v2},rule="lock-timeout"} 1`,
    `straddle_statement_duration_seconds_count{${v1}} 2`,
    'straddle_window_physical{window="public.orders.user_id",name="customer_id"} 1',
  ];
  expect(expected.filter((line) => !text.includes(`${line}\n`))).toEqual([]);
  const sent = /^straddle_sent_bytes_total\{app="shop",version="1.4.0"\} (\d+)$/m.exec(text)?.[1];
  expect(Number(sent)).toBeGreaterThan(100);
  await first.end();
  await second.end();
  await straddle.stop();
});
