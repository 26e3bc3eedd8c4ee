import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RehearsalReport } from "../../src/cli/rehearse/rehearsal-report.ts";
import { rehearse } from "../../src/cli/rehearse/rehearse.ts";
import { parseConfig } from "../../src/config/load.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { hasPostgres15, POSTGRES_15 } from "../support/program.ts";
import { createDatabase, startServer, type TestDatabase } from "../support/server.ts";
import { runDirect } from "../support/twins.ts";

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE DOMAIN cents AS int NOT NULL CHECK (VALUE >= 0);
  CREATE SCHEMA "Odd schema";
  CREATE SEQUENCE numbers;
  CREATE FUNCTION next_number() RETURNS int LANGUAGE sql AS 'SELECT nextval(''numbers'')::int';
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, dropped int, user_id int,
                       total cents DEFAULT next_number(), placed timestamptz DEFAULT now(), mood mood,
                       twice int GENERATED ALWAYS AS (user_id * 2) STORED,
                       CONSTRAINT positive CHECK (user_id > 0));
  ALTER TABLE orders DROP COLUMN dropped;
  CREATE UNIQUE INDEX one_each ON orders (user_id, placed);
  CREATE TABLE "Odd schema"."Event" (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE "Odd schema".first PARTITION OF "Odd schema"."Event" (PRIMARY KEY (id))
    FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
  CREATE VIEW spenders AS SELECT user_id AS who, sum(total) AS sum FROM orders GROUP BY 1;
  CREATE VIEW top AS SELECT who FROM spenders ORDER BY sum DESC;
  CREATE TABLE notes (id int, order_id int);
  INSERT INTO orders (user_id) VALUES (7);`;

// Other tests make copies on the same server: these are told by their owner.
const OWNER = `rehearser_${process.pid}`;

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  await loadParser();
  database = await createDatabase();
  await runDirect(database, `${SCHEMA} CREATE ROLE ${OWNER} LOGIN SUPERUSER`);
  folder = mkdtempSync(join(tmpdir(), "straddle-rehearse-"));
});

afterAll(async () => {
  await runDirect(database, `DROP ROLE ${OWNER}`);
  await database.drop();
  rmSync(folder, { recursive: true });
});

const WINDOW =
  '{ table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }';

async function rehearsed(
  text: string,
  options: {
    readonly as?: string;
    readonly window?: string;
    readonly distinctMax?: number;
    readonly url?: string;
  } = {},
): Promise<RehearsalReport> {
  const loaded = parseConfig(
    `server: { url: '${options.url ?? database.url}' }\ncontrol: { user: ${options.url === undefined ? OWNER : "postgres"} }\nwindows: [${options.window ?? WINDOW}]`,
    {},
  );
  if (loaded.kind === "error") throw new Error(loaded.message);
  const file = join(folder, "input");
  writeFileSync(file, text);
  return rehearse(loaded.config, {
    file,
    as: options.as === undefined ? undefined : { app: "shop", version: options.as },
    scratch: undefined,
    searchPath: undefined,
    distinctMax: options.distinctMax ?? 1_000,
    onScratch: () => undefined,
  });
}

/** `verdict names sqlstate`, as short as a row can say it; "passes" where it is not told of. */
function verdictOf(report: RehearsalReport, version: string, sql: string): string {
  const found = [...report.problems, ...report.unproven, ...report.unplanned].find(
    (each) => each.sql === sql && each.version === version,
  );
  if (found === undefined) return "passes";
  const { verdict, names, problem } = found;
  return [verdict, names, problem?.sqlstate].filter((each) => each).join(" ");
}

const cases = [
  { as: "1.4.0", sql: "SELECT * FROM orders WHERE user_id = $1", verdict: "passes" },
  { as: "2.0.0", sql: "SELECT customer_id FROM orders", verdict: "passes" },
  { as: "1.4.0", sql: "UPDATE orders SET user_id = $1 RETURNING *", verdict: "passes" },
  {
    as: "2.0.0",
    sql: "INSERT INTO orders (customer_id, placed) VALUES (1, now()) ON CONFLICT (customer_id, placed) DO NOTHING",
    verdict: "passes",
  },
  { as: "1.4.0", sql: "SELECT who FROM top", verdict: "passes" },
  { as: "1.4.0", sql: "SELECT id, user_id FROM orders GROUP BY id", verdict: "passes" },
  { as: "1.4.0", sql: "INSERT INTO notes VALUES (next_number(), 1)", verdict: "passes" },
  { as: "1.4.0", sql: 'SELECT * FROM "Odd schema"."Event" WHERE at < $1', verdict: "passes" },
  { as: "1.4.0", sql: "EXPLAIN ANALYZE DELETE FROM orders", verdict: "passes" },
  { as: "1.4.0", sql: "UPDATE orders SET total = $1", verdict: "passes" },
  {
    as: "1.4.0",
    sql: "DELETE FROM orders RETURNING row_to_json(orders)",
    verdict: "refused old 0A000",
  },
  { as: "1.4.0", sql: "CREATE INDEX i ON orders (user_id)", verdict: "unplanned" },
  { as: "1.4.0", sql: "CREATE INDEX ON orders (user_id)", verdict: "refused new 0A000" },
  { as: "1.4.0", sql: "COPY orders (user_id) TO STDOUT", verdict: "unplanned" },
  { as: "1.4.0", sql: "BEGIN", verdict: "passes" },
  { as: "1.4.0", sql: "SELECT customer_id FROM orders", verdict: "unproven 42703" },
  { as: "1.4.0", sql: "SELECT * FROM nowhere", verdict: "unproven 42P01" },
  { as: "1.4.0", sql: "SELEC 1", verdict: "unproven 42601" },
  { as: "9.0.0-x", sql: "SELECT id, customer_id FROM orders", verdict: "passes" },
] as const;

let report: RehearsalReport;
beforeAll(async () => {
  const records = cases.map(({ as, sql }) => record({ app: "shop", version: as, sql }));
  report = await rehearsed(records.join(""));
});

for (const { as, sql, verdict } of cases) {
  test(`${as}: ${sql}: ${verdict}`, () => {
    expect(verdictOf(report, `shop@${as}`, sql)).toBe(verdict);
  });
}

test("a window in which a name goes from one column to the other", async () => {
  const window =
    '{ table: public.orders, rename: { total: user_id, user_id: payer }, old: "<2.0.0", new: ">=2.0.0" }';
  const sent = [
    { app: "shop", version: "1.4.0", sql: "UPDATE orders SET user_id = 2 WHERE total > 1" },
    { app: "shop", version: "2.0.0", sql: "UPDATE orders SET payer = 2 WHERE user_id > 1" },
    { app: "shop", version: "1.4.0", sql: "COPY orders (user_id) TO STDOUT" },
    { app: "shop", version: "2.0.0", sql: "SELECT total FROM orders" },
  ];
  const { problems, counts } = await rehearsed(sent.map(record).join(""), { window });
  expect(counts.passes).toBe(2);
  expect(problems.map(({ verdict, sql }) => `${verdict}: ${sql}`)).toEqual([
    "refused: COPY orders (user_id) TO STDOUT",
  ]);
});

test("what has no plan and names no table under a window is only counted", () => {
  const { unplanned, passes, unproven, refused, fails, differs } = report.counts;
  expect({
    unplanned,
    told: report.unplanned.length,
    passes,
    unproven,
    refused,
    fails,
    differs,
  }).toEqual({ unplanned: 3, told: 2, passes: 11, unproven: 3, refused: 2, fails: 0, differs: 0 });
});

function record(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ database: database.name, protocol: "simple", ...fields })}\n`;
}

test("an audit log: versions by record, counts, redacted constants, other databases, other lines", async () => {
  const shop = { app: "shop", version: "1.4.0" };
  const report = await rehearsed(
    [
      record({ ...shop, sql: "SELECT * FROM orders WHERE user_id = $1 LIMIT $2" }).repeat(3),
      record({ ...shop, sql: "SELECT id FROM orders WHERE user_id IN ($1, $2)" }),
      record({ ...shop, sql: "SELECT id FROM orders WHERE user_id IN ($1, $2, $3)" }),
      record({ ...shop, sql: "SELECT now() - interval $1, cast(id AS varchar($2)) FROM orders" }),
      record({ ...shop, sql: "SELECT user_id, count(*) FROM orders GROUP BY $1" }),
      record({ ...shop, sql: "SELECT $1 + $2 FROM orders WHERE placed > timestamp $3" }),
      record({ sql: "SELECT user_id FROM orders" }).repeat(2),
      record({ sql: "SELECT * FROM orders" }),
      record({ ...shop, version: "2.1.0", sql: "SELECT user_id FROM orders" }),
      record({ ...shop, database: "another", sql: "SELECT user_id FROM orders" }),
      record({ protocol: "function_call", sql: "1234" }),
      '{"time":"2026-01-01T00:00:00Z","dropped":3}\n',
      "no JSON",
    ].join(""),
  );
  expect({
    ...report,
    problems: report.problems.map(({ verdict, version, count, names, problem }) => [
      verdict,
      version,
      count,
      names,
      problem?.sqlstate,
    ]),
    unproven: report.unproven.map(({ version, sql }) => [version, sql]),
  }).toEqual({
    ok: false,
    windows: ["public.orders"],
    statements: 12,
    distinct: 8,
    counts: { fails: 1, refused: 0, differs: 1, passes: 5, unplanned: 0, unproven: 1 },
    touched: 6,
    skipped: 0,
    unread: 3,
    elsewhere: 1,
    missing: [],
    uncopied: [],
    problems: [
      ["fails", null, 2, "new", "42703"],
      ["differs", null, 1, "new", ""],
    ],
    unproven: [["shop@2.1.0", "SELECT user_id FROM orders"]],
    unplanned: [],
  });
});

test("a window on a table's name", async () => {
  const window = '{ table: public.notes, rename_table: remarks, old: "<2.0.0", new: ">=2.0.0" }';
  const report = await rehearsed("SELECT * FROM notes; INSERT INTO notes VALUES (1, 2)", {
    as: "1.0.0",
    window,
  });
  expect([report.ok, report.counts.passes, report.touched]).toEqual([true, 2, 2]);
});

test("a log without a statement, and one of which nothing can be planned, prove nothing", async () => {
  await expect(rehearsed("-- nothing", { as: "1.0.0" })).rejects.toThrow(/has no statement to/);
  await expect(rehearsed(record({ database: "another", sql: "SELECT 1" }))).rejects.toThrow(
    `has no statement of database ${database.name} to rehearse`,
  );
  const report = await rehearsed("SELECT * FROM nowhere", { as: "1.0.0" });
  expect([report.ok, report.counts.unproven]).toEqual([false, 1]);
});

test("statements for which there was no room make the answer no", async () => {
  const report = await rehearsed("SELECT 1; SELECT id FROM orders", {
    as: "1.0.0",
    distinctMax: 1,
  });
  expect([report.ok, report.skipped, report.distinct]).toEqual([false, 1, 1]);
});

test("nothing is executed, nothing is left behind, and the tables are as they were", async () => {
  await rehearsed("DELETE FROM orders; SELECT next_number(); DROP TABLE orders", { as: "1.0.0" });
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rows } = await client.query(
    `SELECT (SELECT count(*)::int FROM orders) AS orders, (SELECT last_value::int FROM numbers) AS number,
            (SELECT count(*)::int FROM pg_database WHERE datname LIKE 'straddle_rehearsal%'
               AND datdba = '${OWNER}'::regrole) AS left_over`,
  );
  await client.end();
  expect(rows).toEqual([{ orders: 1, number: 1, left_over: 0 }]);
});

test.skipIf(!hasPostgres15)("the schema is copied on PostgreSQL 15 too", async () => {
  const server = await startServer({ binaries: POSTGRES_15 });
  try {
    const url = `postgres://postgres@${server.host}:${server.port}/postgres`;
    const client = new pg.Client(url);
    await client.connect();
    await client.query(SCHEMA);
    await client.end();
    const statements = cases.filter(({ as, verdict }) => as === "1.4.0" && verdict === "passes");
    const all = await rehearsed(statements.map(({ sql }) => sql).join(";"), { as: "1.4.0", url });
    expect({ ok: all.ok, missing: all.missing, ...all.counts }).toEqual({
      ok: true,
      missing: [],
      passes: statements.length - 1,
      unplanned: 1,
      unproven: 0,
      fails: 0,
      refused: 0,
      differs: 0,
    });
  } finally {
    await server.stop();
  }
});
