import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { psql, psqlVersion } from "../support/psql.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** DROP COLUMN by what the ledger has seen: refused while a version uses the column, and run when none does. */

const COLUMNS = ["by_pg", "by_psql", "under_window"] as const;
const QUIET_MS = 1_000;
const SETTINGS = `
guard: { mode: enforce }
ledger: { quiet_for: ${QUIET_MS}ms }
windows:
  - { table: public.orders, rename: { under_window: new_name }, old: "<2.0.0", new: ">=2.0.0" }`;
const LIMITS = "SET lock_timeout = '2s'; SET statement_timeout = '5s'";

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  const columns = COLUMNS.map((name) => `${name} int`).join(", ");
  await runDirect(
    database,
    `CREATE TABLE orders (id int, ${columns}); INSERT INTO orders VALUES (1)`,
  );
  straddle = await startTestStraddle(database, SETTINGS);
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
});

async function connect(name: string): Promise<pg.Client> {
  const at = { ...database.connection, host: "127.0.0.1", port: straddle.port };
  const client = new pg.Client({ ...at, application_name: name });
  await client.connect();
  return client;
}

/** What is said to a statement; "" when it has run. */
type Say = (sql: string) => Promise<string>;

const byPg: Say = async (sql) => {
  const client = await connect("migration");
  try {
    await client.query(LIMITS);
    await client.query(sql);
    return "";
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return `${error.code}: ${error.message}\nDETAIL:  ${error.detail}`;
  } finally {
    await client.end();
  }
};

const byPsql: Say = (sql) => {
  const { name } = database;
  const at = `host=127.0.0.1 port=${straddle.port} user=postgres dbname=${name} application_name=migration`;
  return psql(at, { sql: `${LIMITS}; ${sql}`, flags: "-Xqtw" });
};

const cases: {
  readonly title: string;
  readonly say: Say;
  readonly version: string;
  /** What it calls the column. */
  readonly used: string;
  readonly dropped: string;
  readonly skip?: boolean;
}[] = [
  { title: "by pg", say: byPg, version: "1.4.0", used: "by_pg", dropped: "by_pg" },
  {
    title: "by psql",
    say: byPsql,
    version: "1.4.0",
    used: "by_psql",
    dropped: "by_psql",
    skip: psqlVersion === 0,
  },
  {
    title: "under its other name",
    say: byPg,
    version: "2.0.0",
    used: "new_name",
    dropped: "under_window",
  },
];

async function columns(): Promise<readonly string[]> {
  const client = new pg.Client(database.connection);
  await client.connect();
  const { fields } = await client.query("SELECT * FROM orders");
  await client.end();
  return fields.map(({ name }) => name);
}

for (const { title, say, version, used, dropped, skip = false } of cases) {
  test.skipIf(skip)(`a column is dropped when no version uses it any more: ${title}`, async () => {
    const user = await connect(`shop@${version}`);
    const drop = `ALTER TABLE orders DROP COLUMN ${dropped}`;
    // It runs for as long as the test wants: what runs is in use, however slow all of this is.
    const running = user.query(`SELECT ${used}, pg_sleep(600) FROM orders`);
    running.catch(() => undefined);
    const head = `55000: dropping orders.${dropped} breaks versions that use it`;
    const who = `DETAIL:  It is still used by shop@${version} (last just now`;
    await until("it is refused, by name", async () => (await say(drop)).includes(who));
    expect(await say(drop)).toContain(head);

    await runDirect(
      database,
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'shop@${version}' AND state = 'active'`,
    );
    await expect(running).rejects.toMatchObject({ code: "57014" });
    // Its session is there, so it may come again.
    await user.query("SELECT pg_sleep($1)", [QUIET_MS / 1_000]);
    expect(await say(drop)).toContain(`${who}, 1 session`);
    expect(await columns()).toContain(dropped);

    await user.end();
    await until("it is dropped", async () => (await say(drop)) === "");
    expect(await columns()).not.toContain(dropped);
  });
}
