import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromStored } from "../../src/cli/ledger/stored-use.ts";
import { initStore } from "../../src/control/store.ts";
import { readUses } from "../../src/control/store-ledger.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { ownFolder } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";

/** The ledger beyond its process: in a file, and in the store. */

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, 'CREATE TABLE orders (id int, user_id int, "*" int, """x" int)');
});
afterAll(() => database.drop());

/** Runs statements through a Straddle of its own, from start to end; gives what its ledger page says. */
async function through(
  yaml: string,
  statements: readonly string[],
): Promise<{
  readonly uses: readonly { readonly count: number; readonly version: string }[];
  readonly doubt: string;
}> {
  const straddle = await startTestStraddle(database, `metrics: { port: 0 }\n${yaml}`);
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    application_name: "shop@1.4.0",
  });
  try {
    await client.connect();
    for (const sql of statements) await client.query(sql);
    const at = `http://127.0.0.1:${straddle.metricsPort}/ledger?of=public.orders.user_id`;
    return JSON.parse(await (await fetch(at)).text());
  } finally {
    await client.end();
    await straddle.stop();
  }
}

test("a file: nothing is lost at an end in order, and after a crash it says that something may be", async () => {
  const file = join(ownFolder(), "ledger.json");
  const yaml = `ledger: { file: ${file}, flush_interval: 1h, quiet_for: 1ms }`;
  await through(yaml, ["SELECT user_id FROM orders", "SELECT user_id FROM orders"]);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ isClosed: true });
  const second = await through(yaml, ["SELECT user_id FROM orders"]);
  expect(second.uses).toMatchObject([{ version: "1.4.0", count: 3 }]);

  const kept = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...kept, isClosed: false }));
  const third = await through(`ledger: { file: ${file}, quiet_for: 1h }`, []);
  expect(third).toMatchObject({ uses: [{ count: 3 }] });
  const later = { ...kept, isClosed: false, watchingSince: 0 };
  writeFileSync(file, JSON.stringify(later));
  const fourth = await through(`ledger: { file: ${file}, quiet_for: 1h }`, []);
  expect(fourth.doubt).toContain("straddle was not stopped in order");
});

const wrong: { name: string; path: () => string; words: string }[] = [
  { name: "no folder", path: () => join(ownFolder(), "nowhere", "x"), words: "there is no such" },
  { name: "something else", path: () => __filename, words: "is not a ledger" },
];
for (const { name, path, words } of wrong) {
  test(`a wrong file: ${name}`, async () => {
    await expect(through(`ledger: { file: ${path()} }`, [])).rejects.toThrow(words);
  });
}

test("the store: counts of all instances and runs are added up", async () => {
  const client = new pg.Client(database.connection);
  await client.connect();
  try {
    await initStore(client, "straddle", { sidecars: [], operators: [] });
    const control = `control: { mode: database, user: postgres, database: ${database.name} }`;
    const sql = [`SELECT user_id, "*", """x" FROM orders`, "TABLE orders", "BEGIN", "COMMIT"];
    const before = Date.now();
    await Promise.all([through(control, sql), through(control, sql)]);
    await through(control, ["DO $$ BEGIN EXECUTE 'SEL' || 'ECT 1'; END $$"]);
    const { uses } = await readUses(client, "straddle");
    const lines = uses.map(fromStored);
    expect(
      lines.map(({ name, count }) => `${name.part} ${name.table} ${name.column} ${count}`).sort(),
    ).toEqual([
      'column orders "x 2',
      "column orders * 2",
      "column orders user_id 2",
      "hidden   1",
      "row orders  2",
      "table orders  4",
      "version   9",
    ]);
    for (const { tag, lastAt } of lines) {
      expect(tag).toEqual({ app: "shop", version: "1.4.0" });
      expect(lastAt).toBeGreaterThanOrEqual(before);
    }
    expect(lines.find(({ name }) => name.part === "table")?.fingerprints).toHaveLength(2);
  } finally {
    await client.end();
  }
});
