import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readiness } from "../../src/cli/ready/readiness.ts";
import type { UsesPage } from "../../src/ledger/ledger-page.ts";
import { Random } from "../fuzz/random.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/**
 * Random statements of two versions and of none, while a column's name changes to and fro: whatever was
 * sent within the quiet time, `ready` does not say yes to it. What was sent is known from what the test
 * sends, not from any reading of SQL.
 */

const COUNT = Number(process.env["STRADDLE_LEDGER_COUNT"] ?? 400);
const SEED = Number(process.env["STRADDLE_LEDGER_SEED"] ?? 20_261_129);
const QUIET_MS = 400;
const COLUMNS = ["id", "user_id", "customer_id", "note"] as const;
type ColumnName = (typeof COLUMNS)[number];

interface Sent {
  readonly sql: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
  readonly uses: readonly ColumnName[];
}

/** `u`: what the session calls the column. */
type Template = (u: "user_id" | "customer_id") => Sent;

const STATEMENTS: readonly Template[] = [
  () => ({ sql: "SELECT id FROM orders", uses: ["id"] }),
  () => ({
    sql: "SELECT note FROM public.orders WHERE id = $1",
    values: [1],
    uses: ["id", "note"],
  }),
  () => ({ sql: "SELECT sku FROM items", uses: [] }),
  (u) => ({ sql: `SELECT ${u} FROM orders`, uses: [u] }),
  (u) => ({ sql: `SELECT o.${u} FROM orders AS o WHERE o.${u} = $1`, values: [1], uses: [u] }),
  (u) => ({ name: "named", sql: `SELECT ${u} + 1 FROM orders`, values: [], uses: [u] }),
  (u) => ({ sql: "SELECT * FROM orders", uses: ["id", u, "note"] }),
  (u) => ({ sql: "TABLE orders", uses: ["id", u, "note"] }),
  (u) => ({ sql: "SELECT o FROM orders o LIMIT 1", uses: ["id", u, "note"] }),
  (u) => ({ sql: "SELECT row_to_json(o) FROM orders o", uses: ["id", u, "note"] }),
  (u) => ({ sql: `SELECT sku FROM items, orders WHERE ${u} = 1`, uses: [u] }),
  (u) => ({ sql: `SELECT sku FROM items i LEFT JOIN orders o ON o.${u} = i.order_id`, uses: [u] }),
  (u) => ({ sql: `SELECT 1 FROM orders JOIN (SELECT 5 AS ${u}) AS s USING (${u})`, uses: [u] }),
  (u) => ({
    sql: "SELECT sku FROM items NATURAL JOIN orders",
    uses: ["id"],
    values: [],
    name: `n${u}`,
  }),
  (u) => ({ sql: `WITH c AS (SELECT ${u} AS x FROM orders) SELECT x FROM c`, uses: [u] }),
  (u) => ({ sql: "WITH c AS (SELECT * FROM orders) SELECT id FROM c", uses: ["id", u, "note"] }),
  (u) => ({
    sql: `SELECT sku FROM items WHERE EXISTS (SELECT FROM orders WHERE ${u} = order_id)`,
    uses: [u],
  }),
  (u) => ({ sql: `SELECT id FROM orders GROUP BY id, ${u} ORDER BY ${u}`, uses: ["id", u] }),
  (u) => ({ sql: `SELECT count(*) OVER (PARTITION BY ${u}) FROM orders`, uses: [u] }),
  (u) => ({ sql: `SELECT id FROM orders UNION SELECT ${u} FROM orders`, uses: ["id", u] }),
  (u) => ({ sql: "INSERT INTO orders VALUES (1, 2, 'x')", uses: ["id", u, "note"] }),
  (u) => ({ sql: `INSERT INTO orders (${u}) SELECT order_id FROM items`, uses: [u] }),
  (u) => ({ sql: `UPDATE orders SET ${u} = 3 WHERE id < 0`, uses: ["id", u] }),
  (u) => ({ sql: `DELETE FROM orders WHERE ${u} = -1 RETURNING note`, uses: [u, "note"] }),
  (u) => ({
    sql: `MERGE INTO orders o USING items i ON o.id = i.order_id WHEN MATCHED THEN UPDATE SET ${u} = 4`,
    uses: ["id", u],
  }),
  (u) => ({ sql: `EXPLAIN SELECT ${u} FROM orders`, uses: [u] }),
  (u) => ({ sql: `PREPARE ${u}_p AS SELECT ${u} FROM orders`, uses: [u] }),
  (u) => ({ sql: `EXECUTE ${u}_p`, uses: [u] }),
  (u) => ({ sql: `SELECT id FROM items; SELECT ${u} FROM orders; SELECT 2`, uses: [u] }),
  (u) => ({ sql: `DO $$ BEGIN PERFORM ${u} FROM orders; END $$`, uses: [u] }),
  (u) => ({ sql: `DO $$ BEGIN EXECUTE 'SELECT ' || '${u}' || ' FROM orders'; END $$`, uses: [u] }),
  () => ({ sql: "CALL does_it()", uses: ["id"] }),
];

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    `CREATE TABLE orders (id int, user_id int, note text);
     CREATE TABLE items (id int, order_id int, sku text);
     INSERT INTO orders VALUES (1, 1, 'one'); INSERT INTO items VALUES (1, 1, 'desk');
     CREATE PROCEDURE does_it() LANGUAGE sql AS 'SELECT id FROM orders'`,
  );
});
afterAll(() => database.drop());

test(`it never says yes to what was used within the quiet time: ${COUNT} statements, seed ${SEED}`, async () => {
  const random = new Random(SEED);
  const straddle = await startTestStraddle(
    database,
    `metrics: { port: 0 }
ledger: { quiet_for: ${QUIET_MS}ms }
windows: [{ table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }]`,
  );
  const connect = async (name: string) => {
    const at = { ...database.connection, host: "127.0.0.1", port: straddle.port };
    const client = new pg.Client({ ...at, application_name: name });
    await client.connect();
    return client;
  };
  const sessions = [
    { client: await connect("shop@1.4.0"), calls: () => "user_id" as const },
    { client: await connect("shop@2.0.0"), calls: () => "customer_id" as const },
    { client: await connect(""), calls: () => random.pick(["user_id", "customer_id"] as const) },
  ];
  const flipper = await connect("flipper");
  await flipper.query("SET lock_timeout = '5s'");
  let physical = "user_id";
  const flip = async () => {
    const next = physical === "user_id" ? "customer_id" : "user_id";
    await flipper.query(`ALTER TABLE orders RENAME COLUMN ${physical} TO ${next}`);
    physical = next;
  };
  const lastUse = new Map<ColumnName, { readonly at: number; readonly sql: string }>();
  const answers = { yes: 0, no: 0, unknown: 0 };
  const ask = async (column: ColumnName) => {
    const query = `of=public.orders.${column}&quiet_for=${QUIET_MS}ms`;
    const used = lastUse.get(column);
    const response = await fetch(`http://127.0.0.1:${straddle.metricsPort}/ledger?${query}`);
    const page: UsesPage = JSON.parse(await response.text());
    const asked = { kind: "answered" as const, address: "here", page };
    const parts = { name: column, quietMs: QUIET_MS, database: [], isKnown: true };
    const { answer } = readiness({ ...parts, instances: [asked] });
    answers[answer] += 1;
    const agoMs = Date.parse(page.now) - (used?.at ?? 0);
    // Not by another statement's grace: this one is there.
    const seen = Math.max(0, ...page.uses.map((use) => Date.parse(use.last_seen)));
    const missing = seen >= (used?.at ?? 0) ? "" : `${column}, by ${used?.sql}`;
    expect(missing).toBe("");
    if (agoMs < QUIET_MS) expect({ column, used, answer }).not.toMatchObject({ answer: "yes" });
  };
  try {
    for (let count = 0; count < COUNT; count++) {
      const { client, calls } = random.pick(sessions);
      const { sql, values, name, uses } = random.pick(STATEMENTS)(calls());
      // It may fail: without a version the name is right half of the time. It was sent all the same.
      const sentAt = Date.now();
      const named = name === undefined ? {} : { name: `${name}_${sql.length}` };
      const text = values === undefined ? sql : { text: sql, values: [...values], ...named };
      await client.query(text).catch(() => undefined);
      for (const column of uses) lastUse.set(column, { at: sentAt, sql });
      if (random.isOneIn(2)) for (const column of uses) await ask(column);
      if (random.isOneIn(25)) await flip();
    }
    // And when nobody is there and sends anything any more, it says yes to each.
    for (const { client } of sessions) await client.end();
    for (const column of COLUMNS) {
      const before = answers.yes;
      await until(`${column} is quiet`, async () => {
        await ask(column);
        return answers.yes > before;
      });
    }
    expect(answers.no).toBeGreaterThan(COUNT / 20);
  } finally {
    for (const client of [...sessions.map((each) => each.client), flipper]) await client.end();
    await straddle.stop();
  }
});
