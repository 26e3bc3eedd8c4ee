import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import type { Straddle } from "../../src/cli/run.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { until } from "../support/until.ts";

/** What stands in the way of a schema change's lock, in live sessions. */

const SCHEMA = `
  CREATE TABLE t (id int);
  CREATE INDEX by_id ON t (id);
  INSERT INTO t VALUES (1);
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (100);
  CREATE ROLE app LOGIN;
  CREATE ROLE migrator LOGIN;
  GRANT ALL ON t, parted, part TO app;
  ALTER TABLE t OWNER TO migrator;
`;
const NOT_HAD = "55P03";
const ROUTINE = "straddle:lock-queue";
const ADD = "ALTER TABLE t ADD COLUMN IF NOT EXISTS note text";

/** The rule alone, with what counts as old. */
const settings = (age: string, more = "") =>
  `guard: { lock_queue_age: ${age}, ${more} rules: { statement-timeout: off, ban-drop-column: off, require-concurrent-index-deletion: off } }`;

let server: EmbeddedServer;
let database: TestDatabase;
/** All that is in the way is old. */
let strict: Straddle;
/** Nothing is. */
let lenient: Straddle;
const clients: pg.Client[] = [];

beforeAll(async () => {
  server = await startServer({
    settings: { max_prepared_transactions: "2", autovacuum: "on", autovacuum_naptime: "1s" },
  });
  const { host, port } = server;
  database = {
    name: "postgres",
    url: `postgres://postgres@${host}:${port}/postgres`,
    connection: { host, port, user: "postgres", database: "postgres" },
    drop: async () => undefined,
  };
  const admin = await connect(port);
  await admin.query(SCHEMA);
  strict = await startTestStraddle(database, settings("0s"));
  lenient = await startTestStraddle(database, settings("1d"));
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

afterAll(async () => {
  await strict.stop();
  await lenient.stop();
  await server.stop();
});

async function connect(port: number, more: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ ...database.connection, host: "127.0.0.1", port, ...more });
  client.on("error", () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

async function migrating(straddle: Straddle, more: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = await connect(straddle.port, more);
  await client.query("SET lock_timeout = '100ms'");
  return client;
}

/** A session through Straddle that has run this in a transaction which it leaves open. */
async function open(sql: string, more: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = await connect(lenient.port, { application_name: "shop@1.4.2", ...more });
  await client.query(`BEGIN; ${sql}`);
  return client;
}

async function errorOf(answer: Promise<unknown>): Promise<pg.DatabaseError | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
}

async function pidOf(client: pg.Client): Promise<number> {
  return (await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;
}

test("a session that is idle in its transaction: who it is, and how to end it", async () => {
  const pid = await pidOf(await open("UPDATE t SET id = 1"));
  const error = await errorOf((await migrating(strict)).query(ADD));
  expect(error).toMatchObject({
    severity: "ERROR",
    code: NOT_HAD,
    routine: ROUTINE,
    message:
      "ALTER TABLE would queue for its ACCESS EXCLUSIVE lock on t behind another transaction",
  });
  expect(error?.detail).toMatch(
    new RegExp(
      `^In its way: pid ${pid} \\(shop@1\\.4\\.2, idle in transaction, open for \\d+ m?s\\) has ROW EXCLUSIVE\\. While it waits, every query, even a SELECT, `,
    ),
  );
  expect(error?.hint).toContain(`SELECT pg_terminate_backend(${pid})`);
});

test("the same, where it is not old: the server waits for it as long as lock_timeout says", async () => {
  await open("UPDATE t SET id = 1");
  const error = await errorOf((await migrating(lenient)).query(ADD));
  expect([error?.code, error?.routine]).toEqual([NOT_HAD, "ProcessInterrupts"]);
});

test("what it is told to run ends it, and then the change passes", async () => {
  await open("UPDATE t SET id = 1");
  const client = await migrating(strict);
  const error = await errorOf(client.query(ADD));
  const [sql = ""] = /SELECT pg_terminate_backend\(\d+\)/.exec(error?.hint ?? "") ?? [];
  await client.query(sql);
  expect(error?.code).toBe(NOT_HAD);
  await until("it has ended", async () => (await errorOf(client.query(ADD))) === undefined);
});

const REFUSED: readonly string[] = [
  ADD,
  "DROP INDEX by_id",
  "TRUNCATE t",
  "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
  "CREATE TABLE child (id int REFERENCES t)",
  "DO $$ BEGIN SET LOCAL lock_timeout = '1s'; ALTER TABLE t ADD COLUMN IF NOT EXISTS note text; END $$",
];

for (const sql of REFUSED) {
  test(`refused behind an UPDATE: ${sql}`, async () => {
    const running = await startTestStraddle(
      database,
      settings("0s").replace("rules: {", "rules: { ban-truncate: off,"),
    );
    await open("UPDATE t SET id = 1");
    const simple = await errorOf((await migrating(running)).query(sql));
    const extended = await errorOf((await migrating(running)).query({ name: "x", text: sql }));
    await running.stop();
    expect([simple?.routine, extended?.routine]).toEqual([ROUTINE, ROUTINE]);
  });
}

const PASSING: readonly (readonly [behind: string, sql: string])[] = [
  [
    "SELECT FROM t",
    "CREATE TRIGGER passing BEFORE INSERT ON t EXECUTE FUNCTION suppress_redundant_updates_trigger()",
  ],
  ["SELECT FROM part", ADD],
  ["SELECT FROM part", "ALTER TABLE parted OWNER TO postgres"],
  ["SELECT FROM part", "CREATE TABLE part2 PARTITION OF parted FOR VALUES FROM (100) TO (200)"],
  ["UPDATE t SET id = 1", "ALTER TABLE t ALTER COLUMN id SET STATISTICS 50"],
  ["UPDATE t SET id = 1", "CREATE TABLE apart (id int); ALTER TABLE apart ADD COLUMN a int"],
];

for (const [behind, sql] of PASSING) {
  test(`passes behind ${behind}, which is not in its way: ${sql}`, async () => {
    await open(behind);
    expect(await errorOf((await migrating(strict)).query(sql))).toBeUndefined();
  });
}

test("a SELECT that runs for long, and a change that waits behind it", async () => {
  const reading = await connect(lenient.port, { application_name: "report@3.0.0" });
  const waiting = await connect(lenient.port, { application_name: "migration@1.0.0" });
  const client = await migrating(strict);
  const pids = [await pidOf(reading), await pidOf(waiting)];
  await waiting.query("SET lock_timeout = '5s'");
  const read = errorOf(reading.query("SELECT pg_sleep(30) FROM t"));
  const locksOf = async (pid: number | undefined) =>
    (await client.query("SELECT FROM pg_locks WHERE pid = $1 AND relation = 't'::regclass", [pid]))
      .rowCount;
  await until("the SELECT runs", async () => (await locksOf(pids[0])) === 1);
  const change = errorOf(waiting.query(ADD));
  await until("the change waits", async () => (await locksOf(pids[1])) === 1);
  const error = await errorOf(client.query(ADD));
  await client.query("SELECT pg_cancel_backend($1)", [pids[0]]);
  expect((await read)?.code).toBe("57014");
  expect(await change).toBeUndefined();
  expect(error?.message).toMatch(/behind 2 other transactions$/);
  expect(error?.detail).toMatch(
    new RegExp(
      `pid ${pids[0]} \\(report@3\\.0\\.0, active, open for [^)]*\\) has ACCESS SHARE; pid ${pids[1]} \\(migration@1\\.0\\.0, active, [^)]*\\) waits for ACCESS EXCLUSIVE\\.`,
    ),
  );
});

test("autovacuum to prevent wraparound, which does not give way", async () => {
  const admin = await connect(server.port);
  // So slow that it is there for as long as the test looks.
  await admin.query(`
    CREATE TABLE old WITH (autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_limit = 1,
      autovacuum_vacuum_cost_delay = 100) AS SELECT n AS id FROM generate_series(1, 50000) AS n`);
  await admin.query(
    "DO $$ BEGIN FOR n IN 1..101000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
  );
  let pid: number | undefined;
  await until("the server vacuums it", async () => {
    const { rows } = await admin.query(
      "SELECT pid FROM pg_locks WHERE relation = 'old'::regclass AND pid <> pg_backend_pid()",
    );
    pid = rows[0]?.pid;
    return pid !== undefined;
  });
  const client = await migrating(strict);
  const error = await errorOf(client.query("ALTER TABLE old ADD COLUMN note text"));
  expect([error?.code, error?.routine]).toEqual([NOT_HAD, ROUTINE]);
  expect(error?.detail).toContain(`pid ${pid} (autovacuum to prevent wraparound, open for `);
  // It would begin again.
  expect(error?.hint).not.toContain("pg_terminate_backend");
});

test("a prepared transaction, which has no session", async () => {
  const preparing = await open("UPDATE t SET id = 1");
  await preparing.query("PREPARE TRANSACTION 'it''s one'");
  const client = await migrating(strict);
  const error = await errorOf(client.query(ADD));
  const [sql = ""] = /ROLLBACK PREPARED '(?:[^']|'')*'/.exec(error?.hint ?? "") ?? [];
  await client.query(sql);
  expect(error?.routine).toBe(ROUTINE);
  expect(error?.detail).toMatch(
    /^In its way: the prepared transaction 'it''s one' \(open for \d+ m?s\) has ROW EXCLUSIVE\./,
  );
  expect(await errorOf(client.query(ADD))).toBeUndefined();
});

test("a partition's reader is in the way of what reaches all partitions", async () => {
  await open("SELECT FROM part");
  const error = await errorOf((await migrating(strict)).query("ALTER TABLE parted ADD a int"));
  expect(error?.detail).toMatch(/has ACCESS SHARE on public\.part\./);
});

test("in a transaction, behind its own locks: it fails with the transaction", async () => {
  await open("SELECT FROM t");
  const client = await migrating(strict);
  await client.query("BEGIN; INSERT INTO parted VALUES (1)");
  const error = await errorOf(client.query(ADD));
  expect(error?.routine).toBe(ROUTINE);
  expect((await client.query("COMMIT")).command).toBe("ROLLBACK");
});

test("a role that sees no ages is warned, and what it runs waits", async () => {
  await open("UPDATE t SET id = 1", { user: "app" });
  const client = await migrating(strict, { user: "migrator" });
  const notices: pg.DatabaseError[] = [];
  client.on("notice", (notice) => notices.push(notice as pg.DatabaseError));
  const error = await errorOf(client.query(ADD));
  expect([error?.code, error?.routine]).toEqual([NOT_HAD, "ProcessInterrupts"]);
  expect(notices.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    "WARNING: ALTER TABLE may queue for its ACCESS EXCLUSIVE lock on t behind another transaction",
  ]);
  expect(notices[0]?.detail).toMatch(
    /\(shop@1\.4\.2, age not visible to this role\) has ROW EXCLUSIVE/,
  );
  expect(notices[0]?.hint).toContain("pg_read_all_stats");
});

test("an override runs it", async () => {
  await open("UPDATE t SET id = 1");
  const sql = `/* straddle:allow=lock-queue reason='it ends soon' */ ${ADD}`;
  const error = await errorOf((await migrating(strict)).query(sql));
  expect(error?.routine).toBe("ProcessInterrupts");
});

test("where another rule is against it as well, to try again is of no use", async () => {
  await open("UPDATE t SET id = 1");
  const error = await errorOf((await migrating(strict)).query("ALTER TABLE t RENAME TO u"));
  expect([error?.code, error?.routine]).toEqual(["55000", "straddle:renaming-table"]);
  expect(error?.detail).toContain("Also (lock-queue):");
});
