import { spawn, spawnSync } from "node:child_process";
import { Readable } from "node:stream";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";

let database: TestDatabase;
let straddle: Straddle;
let other: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  straddle = await startTestStraddle(database);
  other = new pg.Client(database.connection);
  await other.connect();
  await other.query(`
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE item (id int PRIMARY KEY, name text, at timestamptz, tags text[], extra jsonb);
    CREATE VIEW named AS SELECT id, name FROM item;
  `);
});

afterAll(async () => {
  await straddle?.stop();
  await other?.end();
  await database?.drop();
});

beforeEach(() => other.query("TRUNCATE item"));

const ports = () => ({ direct: database.connection.port ?? 0, proxied: straddle.port });

/** Runs the same calls both ways, each on an empty table; what they saw has to be the same. */
async function expectSame(run: (port: number) => Promise<unknown>): Promise<void> {
  const { direct, proxied } = ports();
  const expected = await run(direct);
  await other.query("TRUNCATE item");
  expect(await run(proxied)).toEqual(expected);
}

/** An error with all the fields that a driver gives it. */
const caught = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => "no error",
    (error: Error) => ({ ...error, message: error.message, query: undefined, stack: undefined }),
  );

async function runPg(port: number): Promise<unknown[]> {
  const client = new pg.Client({ ...database.connection, port });
  const seen: unknown[] = [];
  client.on("notice", ({ severity, code, message }) => seen.push({ severity, code, message }));
  client.on("notification", ({ channel, payload }) => seen.push({ channel, payload }));
  await client.connect();
  const ask = async (query: string | pg.QueryConfig, values?: unknown[]) => {
    const { command, rowCount, rows, fields } = await client.query(query, values);
    seen.push({ command, rowCount, rows, fields });
  };
  await ask("INSERT INTO item VALUES (1, 'a', '2026-01-01Z', '{x,y}', '{\"k\": 1}')");
  await ask("INSERT INTO item (id, name) VALUES ($1, $2) RETURNING *", [2, "ä€"]);
  await ask("SELECT * FROM item WHERE name = ANY($1) ORDER BY id", [["a", "ä€"]]);
  for (const id of [1, 2, 3]) {
    await ask({ name: "by id", text: "SELECT * FROM item WHERE id = $1", values: [id] });
  }
  await ask({
    text: "SELECT $1::bytea AS bytes, NULL AS nothing",
    values: [Buffer.from([0, 255])],
  });
  seen.push(await client.query({ text: "SELECT id, name FROM item", rowMode: "array" }));
  seen.push(await client.query("SELECT 1 AS one; SELECT 2 AS two; UPDATE item SET name = name"));
  seen.push(await caught(client.query("SELECT no_such_column")));
  seen.push(await caught(client.query("INSERT INTO item (id) VALUES ($1)", [1])));
  seen.push(await caught(client.query("SELECT $1::int", ["x"])));
  await ask("BEGIN");
  seen.push(await caught(client.query("SELECT 1/0")));
  seen.push(await caught(client.query("SELECT 1")));
  await ask("ROLLBACK");
  await ask("DO $$ BEGIN RAISE NOTICE 'a note'; END $$");
  await ask("LISTEN news");
  await ask("SELECT pg_notify('news', $1)", ["payload"]);
  const all = [1, 2, 3].map((value) => client.query("SELECT $1::int AS value", [value]));
  seen.push((await Promise.all(all)).map(({ rows }) => rows));
  await client.end();
  return seen;
}

test("pg: queries, parameters, prepared statements, errors, notices and notifications", () =>
  expectSame(async (port) => JSON.parse(JSON.stringify(await runPg(port)))));

async function runPostgres(port: number): Promise<unknown[]> {
  const { host = "", user = "" } = database.connection;
  const seen: unknown[] = [];
  const sql = postgres({
    host,
    port,
    user,
    database: database.name,
    max: 1,
    onnotice: ({ severity, code, message }) => seen.push({ severity, code, message }),
  });
  const at = new Date("2026-01-01T00:00:00Z");
  const rows = [
    { id: 1, name: "a", at, tags: ["x", "y"] },
    { id: 2, name: "ä€", at: null, tags: [] },
  ];
  seen.push(await sql`INSERT INTO item ${sql(rows)} RETURNING *`);
  seen.push(await sql`UPDATE item SET extra = ${sql.json({ k: [1] })} WHERE id = ${1}`);
  seen.push(await sql`SELECT * FROM item WHERE id IN ${sql([1, 2])} ORDER BY id`);
  seen.push(await sql`SELECT id FROM item WHERE name = ${"a"}`.values());
  const described = await sql`SELECT name, extra FROM item WHERE id = ${1}`.describe();
  seen.push({ ...described, name: "(random)" });
  seen.push(await sql.unsafe("SELECT 1 AS one; SELECT 2 AS two"));
  seen.push(await caught(sql`SELECT no_such_column`));
  seen.push(await caught(sql`INSERT INTO item (id) VALUES (${1})`));
  seen.push(
    await caught(
      sql.begin(async (transaction) => {
        await transaction`DELETE FROM item`;
        await transaction`SELECT 1/0`;
      }),
    ),
  );
  seen.push(
    await sql.begin(async (transaction) => {
      await transaction.savepoint((point) => point`SELECT 1/0`).catch(() => undefined);
      return [await transaction`SELECT count(*) FROM item`];
    }),
  );
  await sql`SELECT generate_series(1, 10) AS value`.cursor(3, (batch) => {
    seen.push(batch);
  });
  seen.push(await Promise.all([1, 2, 3].map((value) => sql`SELECT ${value}::int AS value`)));
  const writable = await sql`COPY item (id, name) FROM STDIN`.writable();
  await new Promise((resolve, reject) => {
    Readable.from(["3\tc\n", "4\td\n"]).pipe(writable).on("finish", resolve).on("error", reject);
  });
  const readable = await sql`COPY (SELECT id, name FROM item ORDER BY id) TO STDOUT`.readable();
  let copied = "";
  for await (const chunk of readable) copied += chunk;
  seen.push(copied);
  await sql`DROP TABLE IF EXISTS no_such_table`;
  await sql.end();
  return seen;
}

test("postgres: templates, pipelines, cursors, COPY, transactions and errors", () =>
  expectSame(async (port) => JSON.parse(JSON.stringify(await runPostgres(port)))));

/** Whether a program is there; a test that needs it is skipped by its name when not. */
const has = (program: string) => spawnSync(program, ["--version"]).status === 0;

/** Runs a program to its end, without holding up Straddle, which is in this process. */
async function runProgram(
  program: string,
  port: number,
  { args, input = "" }: { readonly args: readonly string[]; readonly input?: string },
) {
  const { host = "", user = "" } = database.connection;
  const child = spawn(program, args, {
    env: {
      PATH: process.env["PATH"],
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database.name,
      // The guard refuses DDL without it.
      PGOPTIONS: "-c lock_timeout=5s",
      LC_ALL: "C.UTF-8",
    },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.end(input);
  const status = await new Promise((resolve) => child.on("close", resolve));
  return { status, stdout, stderr };
}

const PSQL_SCRIPT = `
\\set VERBOSITY verbose
INSERT INTO item (id, name) VALUES (1, 'a'), (2, 'ä€');
SELECT * FROM item ORDER BY id;
\\x
SELECT * FROM item ORDER BY id \\gdesc
SELECT 1 AS one \\; SELECT 2 AS two;
\\x
SELECT no_such_column FROM item;
\\errverbose
\\copy item (id, name) FROM STDIN
3	c
4	d
\\.
\\copy item (id, name) FROM STDIN
five	c
\\.
\\copy (SELECT id, name FROM item ORDER BY id) TO STDOUT (FORMAT csv)
COPY item (id, name) TO STDOUT;
SELECT id, name, id % 2 FROM item \\crosstabview
SELECT max(id) AS top FROM item \\gset
\\echo :top
SELECT format('SELECT %s', id) FROM item ORDER BY id \\gexec
\\set FETCH_COUNT 2
SELECT id FROM item ORDER BY id;
\\unset FETCH_COUNT
\\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT 1/0;
SELECT count(*) FROM item;
COMMIT;
DO $$ BEGIN RAISE WARNING 'a warning'; END $$;
LISTEN news;
NOTIFY news, 'payload';
\\d
\\d item
\\d+ named
\\dT+ mood
\\dn
\\sv named
SELECT $1 + $2 \\bind 1 2 \\g
ALTER TABLE item ADD COLUMN more int;
ALTER TABLE item DROP COLUMN more;
`;

test.skipIf(!has("psql"))("psql: what it prints, and its exit status", () =>
  expectSame(async (port) => {
    const ran = await runProgram("psql", port, { args: ["-X", "-f", "-"], input: PSQL_SCRIPT });
    expect(ran.stdout).toContain("(4 rows)");
    // The process id of the session that notifies.
    return { ...ran, stdout: ran.stdout.replaceAll(/PID \d+/g, "PID n") };
  }),
);

test.skipIf(!has("psql"))("psql: a connection that fails", () =>
  expectSame(async (port) => {
    const args = ["-X", "-c", "SELECT 1", "no_such_database"];
    const { status, stderr } = await runProgram("psql", port, { args });
    expect(status).toBe(2);
    return stderr.replaceAll(String(port), "port");
  }),
);

test.skipIf(!has("pgbench"))("pgbench: initialised, and run in each query mode", async () => {
  const { proxied } = ports();
  const initialised = await runProgram("pgbench", proxied, { args: ["-i", "-q", "-s", "1"] });
  expect(initialised).toMatchObject({ status: 0 });
  for (const mode of ["simple", "extended", "prepared"]) {
    for (const more of [[], ["-S"]]) {
      const args = ["-n", "-M", mode, "-c", "2", "-t", "50", ...more];
      const { status, stdout, stderr } = await runProgram("pgbench", proxied, { args });
      expect({ status, stderr: stderr.replace(/^pgbench .*\n/, "") }).toEqual({
        status: 0,
        stderr: "",
      });
      expect(stdout).toContain("number of transactions actually processed: 100/100");
      expect(stdout).toContain("number of failed transactions: 0 (0.000%)");
    }
  }
  const { rows } = await other.query(`SELECT
    (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history) AS adds_up,
    (SELECT count(*)::int FROM pgbench_history) AS count`);
  expect(rows).toEqual([{ adds_up: true, count: 300 }]);
});
