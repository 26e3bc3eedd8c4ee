import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** Whose names a statement is read with: the session's, its comment's, or those it has set. */

const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0", app: shop }
`;

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    "CREATE TABLE orders (id int PRIMARY KEY, user_id int); INSERT INTO orders VALUES (1, 7)",
  );
  straddle = await startTestStraddle(database, SETTINGS);
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
});

async function connect(more: pg.ClientConfig = {}, port = straddle.port): Promise<pg.Client> {
  const client = new pg.Client({ ...database.connection, host: "127.0.0.1", port, ...more });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** What the session calls the column, by `*`; in the simple or the extended protocol. */
async function columnName(client: pg.Client, comment = "", isExtended = false): Promise<unknown> {
  const text = `SELECT * FROM orders ${comment}`;
  const { fields } = await (isExtended ? client.query({ name: text, text }) : client.query(text));
  return fields[1]?.name;
}

const OLD = "user_id"; // And what the database has.
const NEW = "customer_id";

const startups: readonly {
  readonly name: string;
  readonly more: pg.ClientConfig;
  readonly column: string;
}[] = [
  { name: "no version", more: {}, column: OLD },
  { name: "application_name, old", more: { application_name: "shop@1.9.9" }, column: OLD },
  { name: "application_name, new", more: { application_name: "shop@2.0.0" }, column: NEW },
  {
    name: "a prerelease of the new one",
    more: { application_name: "shop@2.0.0-rc.1" },
    column: OLD,
  },
  { name: "a prerelease after it", more: { application_name: "shop@2.1.0-rc.1" }, column: NEW },
  { name: "another application", more: { application_name: "billing@2.0.0" }, column: OLD },
  { name: "no semantic version", more: { application_name: "shop@latest" }, column: OLD },
  { name: "options", more: { options: "-c straddle.version=shop@2.0.0" }, column: NEW },
  { name: "options, spelt out", more: { options: "--straddle.version=shop@2.0.0" }, column: NEW },
];
for (const { name, more, column } of startups) {
  test(`at startup, ${name}: ${column}`, async () => {
    const client = await connect(more);
    const found = await columnName(client);
    await client.end();
    expect(found).toBe(column);
  });
}

for (const isExtended of [false, true]) {
  const protocol = isExtended ? "extended" : "simple";
  test(`a comment counts for its one statement, ${protocol}`, async () => {
    const client = await connect();
    const found = [
      await columnName(client, "", isExtended),
      await columnName(client, "/*application='shop',version='2.0.0'*/", isExtended),
      await columnName(client, "", isExtended),
      await columnName(client, "/*application='shop',version='1.0.0'*/", isExtended),
      await columnName(client, "/*application='billing',version='2.0.0'*/", isExtended),
      await columnName(client, "/*application='shop',version='2.0.0'*/", isExtended),
    ];
    await client.end();
    expect(found).toEqual([OLD, NEW, OLD, OLD, OLD, NEW]);
  });
}

test("a comment inside a string, or in a name, is none", async () => {
  const client = await connect();
  const { fields } = await client.query(
    `SELECT '/*application=''shop'',version=''2.0.0''*/' AS text, o.* FROM orders o`,
  );
  await client.end();
  expect(fields.map((field) => field.name)).toEqual(["text", "id", OLD]);
});

test("SET straddle.version changes the session's names, as the server sees it", async () => {
  const client = await connect({ application_name: "shop@1.0.0" });
  const seen: unknown[] = [await columnName(client)];
  const steps = [
    "SET straddle.version = 'shop@2.0.0'",
    "BEGIN",
    "SET LOCAL straddle.version = 'shop@1.0.0'",
    "COMMIT",
    "BEGIN; SET straddle.version = 'shop@1.0.0'",
    "ROLLBACK",
    "RESET straddle.version",
    "SELECT set_config('straddle.version', 'shop@2.0.0', false)",
    "DISCARD ALL",
    "DO $$ BEGIN PERFORM set_config('straddle.version', 'shop@2.0.0', false); END $$",
    "SET straddle.version TO DEFAULT",
  ];
  for (const sql of steps) {
    await client.query(sql);
    seen.push(await columnName(client));
  }
  await client.end();
  expect(seen).toEqual([OLD, NEW, NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD, NEW, OLD]);
});

test("a version that is set counts for what follows in the same pipeline", async () => {
  const client = await wireClient(database, straddle.port, {});
  const start = client.transcript.length;
  const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];
  await client.send(
    ...step("SET straddle.version = 'shop@2.0.0'"),
    ...step("UPDATE orders SET customer_id = 7 WHERE customer_id = 7"),
    sync(),
    query("SELECT customer_id FROM orders"),
    query("RESET straddle.version"),
    query("SELECT user_id FROM orders"),
  );
  for (let count = 0; count < 4; count++) await client.until("ReadyForQuery");
  const found = client.transcript.slice(start).filter((line) => line.startsWith("< Error"));
  client.abandon();
  expect(found).toEqual([]);
});

test("a statement prepared under one version is read anew under the next", async () => {
  const client = await connect({ application_name: "shop@1.0.0" });
  const text = "SELECT id AS x FROM orders WHERE user_id = $1";
  const ask = () => client.query({ name: "s", text, values: [7] });
  const before = await ask();
  await client.query("SET straddle.version = 'shop@2.0.0'");
  const error = await ask().catch((caught: unknown) => caught);
  await client.query("RESET straddle.version");
  const after = await ask();
  await client.end();
  expect([before.rows, after.rows]).toEqual([[{ x: 1 }], [{ x: 1 }]]);
  expect(error).toMatchObject({ code: "42703" });
});

test("unknown: reject refuses sessions that tell no version", async () => {
  const strict = await startTestStraddle(database, "version: { unknown: reject }");
  const outcome = async (more: pg.ClientConfig) => {
    try {
      const client = await connect(more, strict.port);
      await client.query("SELECT 1");
      await client.end();
      return "passes";
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  const outcomes = [await outcome({}), await outcome({ application_name: "shop@1.0.0" })];
  await strict.stop();
  expect(outcomes).toEqual(["28000", "passes"]);
});

test("unknown: a version of one's own is what the others are taken for", async () => {
  const strict = await startTestStraddle(database, `${SETTINGS}version: { unknown: "shop@2.0.0" }`);
  const client = await connect({}, strict.port);
  const found = await columnName(client);
  await client.end();
  await strict.stop();
  expect(found).toBe(NEW);
});

test("the server is told the version", async () => {
  const client = await connect({ options: "-c straddle.version=shop@2.0.0" });
  const { rows } = await client.query("SHOW application_name");
  await client.end();
  expect(rows).toEqual([{ application_name: "shop@2.0.0" }]);
});

test("unknown: a version without an application leaves the client its name", async () => {
  const strict = await startTestStraddle(database, 'version: { unknown: "1.0.0" }');
  const names: unknown[] = [];
  for (const more of [{ application_name: "psql" }, {}]) {
    const client = await connect(more, strict.port);
    const { rows } = await client.query("SHOW application_name");
    names.push(rows[0]?.application_name);
    await client.end();
  }
  await strict.stop();
  expect(names).toEqual(["psql@1.0.0", ""]);
});

test("a version that is set later leaves application_name as it was at startup", async () => {
  const client = await connect({ application_name: "shop@1.0.0" });
  await client.query("SET straddle.version = 'shop@2.0.0'");
  const { rows } = await client.query("SHOW application_name");
  await client.end();
  expect(rows).toEqual([{ application_name: "shop@1.0.0" }]);
});

test("a file of labels that is missing is a warning in /readyz, until it is there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "straddle-labels-"));
  const file = join(folder, "labels");
  const labelled = await startTestStraddle(
    database,
    `version: { from: [{ file: ${file} }] }\nmetrics: { port: 0 }`,
  );
  const version = async () => {
    const page = await fetch(`http://127.0.0.1:${labelled.metricsPort}/readyz`);
    const { checks } = (await page.json()) as { checks: Record<string, unknown> };
    return [page.status, checks["version"]];
  };
  const missing = await version();
  writeFileSync(file, 'app.kubernetes.io/version="1.0.0"');
  await until("it is read", async () => {
    const [, found] = await version();
    return JSON.stringify(found) === '{"state":"ok"}';
  });
  await labelled.stop();
  rmSync(folder, { recursive: true });
  expect(missing).toEqual([
    200,
    { state: "warning", detail: `${file}: there is no such file or socket` },
  ]);
});
