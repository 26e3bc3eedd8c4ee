import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { settingsFor } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** The command as a process of its own: its exit status, what it prints, and what a signal leaves behind. */

// Other tests make copies on the same server: these are told by their owner.
const RICH = `command_rich_${process.pid}`;
const POOR = `command_poor_${process.pid}`;

let database: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), "straddle-test-"));
let config: string;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    `CREATE TABLE orders (id int, user_id int);
     CREATE ROLE ${POOR} LOGIN; CREATE ROLE ${RICH} LOGIN SUPERUSER`,
  );
  config = settings(RICH);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await runDirect(database, `DROP ROLE ${POOR}, ${RICH}`);
  await database.drop();
});

function settings(user: string): string {
  const file = join(folder, `${user}.yaml`);
  const windows =
    'windows: [{ table: orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }]';
  writeFileSync(
    file,
    settingsFor(database, `control: { user: ${user}, database: ${database.name} }\n${windows}`),
  );
  return file;
}

let started = 0;

function start(sql: string, args: readonly string[] = [], settingsFile = config) {
  started += 1;
  const file = join(folder, `input-${started}.sql`);
  writeFileSync(file, sql);
  const child = spawn(
    process.execPath,
    [inject("main"), "rehearse", file, "--as", "shop@1.4.0", "--config", settingsFile, ...args],
    { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"] } },
  );
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<{ status: number | null; output: string; errors: string }>(
    (resolve) => {
      child.once("close", (status) => resolve({ status, output, errors }));
    },
  );
  return { child, ended };
}

async function scratchCount(): Promise<number> {
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_database
     WHERE datname LIKE 'straddle_rehearsal_%' AND datdba = '${RICH}'::regrole`,
  );
  await client.end();
  return rows[0]?.count ?? -1;
}

const REFUSED = "DELETE FROM orders RETURNING row_to_json(orders)";

test("0 and yes, 1 and no with what the client would read, and the same as JSON", async () => {
  const [yes, no, json] = await Promise.all([
    start("SELECT user_id FROM orders").ended,
    start(REFUSED).ended,
    start(REFUSED, ["--json"]).ended,
  ]);
  expect([yes.status, yes.output.split("\n").at(-2)]).toEqual([
    0,
    "yes: 1 distinct statements pass under both names",
  ]);
  expect([no.status, ...no.output.split("\n").slice(3)]).toEqual([
    1,
    "problems: 1",
    `  refused   shop@1.4.0          1 x      old names  ${REFUSED}`,
    "            0A000: cannot rewrite this statement for the version that sent it",
    '            DETAIL:  "orders" stands for a whole row, and what is done with it may show column names of another version.',
    "            HINT:  Select the columns that are needed in a subquery, and use that subquery's row.",
    "",
    "no: 0 would fail, 1 would be refused, 0 would answer otherwise",
    "",
  ]);
  const { ok, counts, problems } = JSON.parse(json.output);
  expect([json.status, ok, counts.refused, problems[0].names]).toEqual([1, false, 1, "old"]);
});

test("2 where the role may not make databases; --scratch names another server", async () => {
  const poor = settings(POOR);
  const alone = await start("SELECT 1", [], poor).ended;
  expect([alone.status, alone.errors]).toEqual([
    2,
    expect.stringMatching(
      /^straddle: the scratch database .* permission denied to create database .*\n$/,
    ),
  ]);
  const { host, port } = database.connection;
  const url = `postgres://postgres@${host}:${port}/postgres`;
  expect((await start("SELECT 1", ["--scratch", url], poor).ended).status).toBe(0);
});

for (const copies of [1, 2]) {
  test(`Ctrl-C drops the copies, once there are ${copies}`, async () => {
    const statements = Array.from(
      { length: 3_000 },
      (_, n) => `SELECT user_id, id AS a${n} FROM orders`,
    );
    const { child, ended } = start(statements.join(";"));
    await until("the copies", async () => (await scratchCount()) >= copies);
    child.kill("SIGINT");
    const { status, output } = await ended;
    expect([status, output, await scratchCount()]).toEqual([130, "", 0]);
  });
}
