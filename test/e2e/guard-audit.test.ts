import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";

/** What the guard did stands in the audit log and in the metrics, under every policy. */

const folder = mkdtempSync(join(tmpdir(), "straddle-guard-audit-"));
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int)");
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** What was recorded of what `use` did, what was counted, and what notices the client got. */
async function traced(onMissing: string, use: (client: pg.Client) => Promise<unknown>) {
  const path = join(folder, `${onMissing}-${Math.random()}.jsonl`);
  const straddle = await startTestStraddle(
    database,
    `guard: { mode: off, lock_timeout: { on_missing: ${onMissing} } }
audit: { to: file, path: ${path} }
metrics: { port: 0 }`,
  );
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
  });
  const notices: string[] = [];
  client.on("notice", ({ severity }) => notices.push(severity ?? ""));
  await client.connect();
  await use(client);
  await client.end();
  const metrics = await (await fetch(`http://127.0.0.1:${straddle.metricsPort}/metrics`)).text();
  await straddle.stop();
  const records = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ verb }) => verb === "ALTER TABLE")
    .map(({ verdict, rule, sqlstate }) => [verdict, rule, sqlstate]);
  const counted = ["inject", "warn"].map((how) => {
    const count = new RegExp(`^straddle_guard_interventions_total\\{.*how="${how}"\\} (\\d+)`, "m");
    return Number(count.exec(metrics)?.[1] ?? 0);
  });
  return { records, counted, notices };
}

let lastColumn = 0;
function alterSql(): string {
  lastColumn += 1;
  return `ALTER TABLE orders ADD COLUMN c${lastColumn} int`;
}

const RULE = "lock-timeout";
const PASSED = ["pass", undefined, undefined];

const policies = [
  { onMissing: "inject", record: ["inject", RULE, undefined], notices: [] },
  { onMissing: "warn", record: ["warn", RULE, undefined], notices: ["WARNING"] },
  { onMissing: "block", record: ["refuse", RULE, "55000"], notices: [] },
  { onMissing: "off", record: PASSED, notices: [] },
] as const;

for (const protocol of ["simple", "extended"] as const) {
  const send = (client: pg.Client, text: string) =>
    (protocol === "simple" ? client.query(text) : client.query({ name: text, text })).catch(
      () => undefined,
    );
  const countedAs = (how: string, count: number) => [
    how === "inject" ? count : 0,
    how === "warn" ? count : 0,
  ];

  for (const { onMissing, record, notices } of policies) {
    test(`${onMissing}, ${protocol}: only the statement that it is about`, async () => {
      const found = await traced(onMissing, async (client) => {
        await send(client, alterSql());
        await client.query("SET lock_timeout = '1s'");
        await send(client, alterSql());
      });
      expect(found).toEqual({
        records: [record, PASSED],
        counted: countedAs(onMissing, 1),
        notices,
      });
    });

    test(`${onMissing}, ${protocol}: a client that wants no notices`, async () => {
      const found = await traced(onMissing, async (client) => {
        await client.query("SET client_min_messages = error");
        await send(client, alterSql());
      });
      expect(found).toEqual({
        records: [record],
        counted: countedAs(onMissing, 1),
        notices: [],
      });
    });
  }

  test(`a statement that fails after the injection, ${protocol}`, async () => {
    const found = await traced("inject", (client) =>
      send(client, "ALTER TABLE orders DROP COLUMN none"),
    );
    expect(found).toMatchObject({ records: [["inject", RULE, "42703"]], counted: [1, 0] });
  });
}

for (const protocol of ["simple", "extended"] as const) {
  test(`in a transaction that has failed nothing is refused, ${protocol}`, async () => {
    const text = alterSql();
    const found = await traced("block", async (client) => {
      await client.query("BEGIN; SELECT 1/0").catch(() => undefined);
      await client
        .query(protocol === "simple" ? text : { name: text, text })
        .catch(() => undefined);
    });
    expect(found).toMatchObject({ records: [["pass", undefined, "25P02"]] });
  });
}

test("a string of several: each has its own", async () => {
  const found = await traced("inject", (client) =>
    client.query(`${alterSql()}; SET LOCAL lock_timeout = '1s'; ${alterSql()}`),
  );
  expect(found).toMatchObject({ records: [["inject", RULE, undefined], PASSED] });
});

test("a client's own notice of that kind is the client's", async () => {
  const found = await traced("inject", (client) =>
    client.query("DO $$ BEGIN RAISE INFO 'straddle:lock-timeout:inject'; END $$"),
  );
  expect(found).toMatchObject({ counted: [0, 0], notices: ["INFO"] });
});
