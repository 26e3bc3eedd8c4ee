import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** Severities and freezes that hold for some sessions, tables and times. */

const folder = mkdtempSync(join(tmpdir(), "straddle-policies-"));
const path = join(folder, "audit.jsonl");
const HOUR_MS = 3_600_000;

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    [
      "CREATE TABLE orders (id int)",
      "CREATE TABLE orders_tmp (id int)",
      "CREATE SCHEMA scratch",
      "CREATE TABLE scratch.orders (id int)",
      "CREATE INDEX scratch_id ON scratch.orders (id)",
    ].join("; "),
  );
  // Times by which a freeze is on, and one that is over for today.
  const clock = (ms: number) =>
    new Date(Date.now() + ms).toISOString().slice(0, 16).replace("T", " ");
  straddle = await startTestStraddle(
    database,
    `guard:
  lock_timeout: { on_missing: off }
  rules: { statement-timeout: off, require-where: off }
  allow_roles: [postgres]
  policies:
    - freeze: true
      apps: [frozen]
      when: { from: "${clock(-HOUR_MS)}", to: "${clock(24 * HOUR_MS)}" }
      reason: the year is being closed
    - { freeze: true, apps: [thawed], when: { from: "${clock(-2 * HOUR_MS)}", to: "${clock(-HOUR_MS)}" } }
    - { roles: ["dba_*"], freeze: false }
    - { apps: [frozen], tables: ["scratch.*"], freeze: false }
    - { tables: [orders], rules: { require-where: block, ban-char-field: "off" } }
    - { databases: [no_such_database], rules: { require-where: "off" } }
audit: { to: file, path: ${path} }
version: { from: [startup: application_name] }
metrics: { port: 0 }`,
  );
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

async function session(app: string, user = "postgres"): Promise<pg.Client> {
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    user,
    application_name: `${app}@1.0.0`,
  });
  await client.connect();
  return client;
}

/** The error of each of some statements, in transactions that are rolled back. */
async function run(app: string, statements: readonly (string | pg.QueryConfig)[], user?: string) {
  const client = await session(app, user);
  const errors: (pg.DatabaseError | undefined)[] = [];
  for (const statement of statements) {
    await client.query("BEGIN");
    errors.push(
      await client.query(statement).then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof pg.DatabaseError) return error;
          throw error;
        },
      ),
    );
    await client.query("ROLLBACK");
  }
  await client.end();
  return errors;
}

const codes = (errors: readonly (pg.DatabaseError | undefined)[]) =>
  errors.map((error) => error?.code ?? "");

const SCHEMA_CHANGES = [
  "ALTER TABLE orders ADD COLUMN note text",
  "CREATE TABLE invoices (id bigint)",
  "CREATE TABLE copy AS SELECT * FROM orders",
  "SELECT * INTO copy FROM orders",
  "CREATE INDEX ON orders (id)",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
  "CREATE TYPE mood AS ENUM ('ok')",
  "CREATE SCHEMA more",
  "CREATE VIEW v AS SELECT 1",
  "GRANT SELECT ON orders TO PUBLIC",
  "COMMENT ON TABLE orders IS 'x'",
  "TRUNCATE orders_tmp",
  "DO $$ BEGIN CREATE TABLE invoices (id bigint); END $$",
];

test("in a freeze no schema change runs, by either protocol, and the client reads why", async () => {
  const errors = await run("frozen", SCHEMA_CHANGES);
  expect(codes(errors)).toEqual(SCHEMA_CHANGES.map(() => "55000"));
  for (const error of errors) expect(error?.message).toMatch(/: schema changes are frozen until /);
  expect(errors[1]?.detail).toMatch(
    /^Here guard\.policies lets no schema change through until \w{3} [-\d]{10} [:\d]{5} \(UTC\): the year is being closed\.$/,
  );
  const prepared = SCHEMA_CHANGES.map((text, index) => ({ name: `s${index}`, text }));
  expect(codes(await run("frozen", prepared))).toEqual(codes(errors));
});

test("all else runs", async () => {
  const others = [
    "SELECT * FROM orders",
    "INSERT INTO orders VALUES (1)",
    "UPDATE orders SET id = 2 WHERE id = 1",
    "SET LOCAL work_mem = '8MB'",
    "CREATE TEMP TABLE mine AS SELECT * FROM orders",
    "CREATE TEMP TABLE mine (id int); CREATE INDEX ON mine (id); ALTER TABLE mine ADD b int; DROP TABLE mine",
    "SELECT * INTO TEMP mine FROM orders",
    "DO $$ BEGIN PERFORM 1; CREATE TEMP TABLE mine (id int); END $$",
    "ANALYZE orders",
  ];
  expect(codes(await run("frozen", others))).toEqual(others.map(() => ""));
});

test("a freeze is for its time, its application, and not for the roles and tables of later entries", async () => {
  const [change = ""] = SCHEMA_CHANGES;
  expect(codes(await run("thawed", [change]))).toEqual([""]);
  expect(codes(await run("other", [change]))).toEqual([""]);
  const tables = [
    "ALTER TABLE scratch.orders ADD b int",
    "CREATE TABLE scratch.more (id int)",
    "COMMENT ON INDEX scratch.scratch_id IS 'x'",
    "COMMENT ON TABLE scratch.orders IS 'x'; COMMENT ON TABLE orders IS 'x'",
  ];
  expect(codes(await run("frozen", tables))).toEqual(["", "", "", "55000"]);
  const role = `dba_${database.name}`;
  await runDirect(database, `CREATE ROLE ${role} LOGIN SUPERUSER`);
  const asRole = await run("frozen", [change], role);
  await runDirect(database, `DROP ROLE ${role}`);
  expect(codes(asRole)).toEqual([""]);
});

test("an entry's rules hold for its tables only", async () => {
  const errors = await run("other", [
    "DELETE FROM orders",
    "DELETE FROM orders_tmp",
    "DELETE FROM scratch.orders",
    "DELETE FROM orders WHERE true",
  ]);
  expect(codes(errors)).toEqual(["55000", "", "", ""]);
});

test("a table is the one that the session's search path finds", async () => {
  const client = await session("other");
  await client.query("SET search_path = scratch, public");
  await client.query("DELETE FROM orders");
  await expect(client.query("DELETE FROM public.orders")).rejects.toMatchObject({ code: "55000" });
  await client.query("SET search_path = public");
  await expect(client.query("DELETE FROM orders")).rejects.toMatchObject({ code: "55000" });
  await client.end();
});

test("a freeze is overridden with a reason, which is in the audit log", async () => {
  const allow = "/* straddle:allow=schema-freeze reason='it is down' */";
  const errors = await run("frozen", [
    `${allow} ALTER TABLE orders ADD COLUMN note text`,
    "/* straddle:allow=schema-freeze */ ALTER TABLE orders ADD COLUMN note text",
  ]);
  expect(codes(errors)).toEqual(["", "22023"]);
  // Records are written a little later than answers.
  const isRecorded = (guard: unknown) => readFileSync(path, "utf8").includes(JSON.stringify(guard));
  const override = { rule: "schema-freeze", outcome: "override", reason: "it is down" };
  await until("its override", () => isRecorded([override]));
  await until("its refusal", () => isRecorded([{ rule: "schema-freeze", outcome: "refuse" }]));
});
