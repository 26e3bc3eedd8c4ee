import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, packet, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** A lone schema change that does not get its lock is tried again; nothing else is. */

const LOCK_NOT_AVAILABLE = "55P03";
const folder = mkdtempSync(join(tmpdir(), "straddle-guard-retry-"));
const auditPath = join(folder, "audit.jsonl");
let database: TestDatabase;
let direct: pg.Client;
let blocker: pg.Client;
/** Tries three times, in quick succession. */
let quick: Straddle;
/** Pauses for longer than a test takes. */
let slow: Straddle;
let client: pg.Client;
let notices: string[];

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int)");
  direct = new pg.Client(database.connection);
  blocker = new pg.Client(database.connection);
  await direct.connect();
  await blocker.connect();
  quick = await startTestStraddle(
    database,
    `guard: { mode: off, retry: { attempts: 3, backoff: 60ms } }
audit: { to: file, path: ${auditPath} }
metrics: { port: 0 }`,
  );
  slow = await startTestStraddle(
    database,
    "guard: { mode: off, retry: { attempts: 3, backoff: 60s, backoff_max: 60s } }\nshutdown: { delay_max: 500ms }\nmetrics: { port: 0 }",
  );
});

beforeEach(async () => {
  notices = [];
  client = await connect(quick);
});

afterEach(async () => {
  await client.end();
  await blocker.query("ROLLBACK");
});

afterAll(async () => {
  await quick.stop();
  await slow.stop();
  await direct.end();
  await blocker.end();
  await database.drop();
  rmSync(folder, { recursive: true });
});

async function connect({ port }: Straddle, name = "tests"): Promise<pg.Client> {
  const made = new pg.Client({
    ...database.connection,
    ...{ host: "127.0.0.1", port, options: "-c lock_timeout=60ms", application_name: name },
  });
  made.on("notice", ({ message }) => notices.push(message ?? ""));
  made.on("error", () => undefined);
  await made.connect();
  return made;
}

async function block(): Promise<void> {
  await blocker.query("BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE");
}

/** The SQLSTATE that a statement ends with; "" when it passes. */
async function sqlstateOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return "";
  } catch (error) {
    // Trust boundary: pg's DatabaseError.
    return (error as { code?: string }).code ?? String(error);
  }
}

let lastColumn = 0;
function alterSql(): string {
  lastColumn += 1;
  return `ALTER TABLE orders ADD COLUMN c${lastColumn} int`;
}

async function columnExists(): Promise<boolean> {
  const { rowCount } = await direct.query(
    "SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = $1",
    [`c${lastColumn}`],
  );
  return rowCount === 1;
}

async function isPausing(): Promise<boolean> {
  const { rowCount } = await direct.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
  );
  return rowCount === 1;
}

async function metricsOf({ metricsPort }: Straddle): Promise<string> {
  return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
}

async function sessionCount(straddle: Straddle): Promise<number> {
  const found = (await metricsOf(straddle)).matchAll(/^straddle_sessions\{.*\} (\d+)/gm);
  return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The record of the statement that was made last, as soon as it is there. */
async function recordOf(sql: string) {
  const find = () =>
    readFileSync(auditPath, "utf8")
      .trimEnd()
      .split("\n")
      .filter((line) => line.includes(sql.slice(-10)))
      .map((line) => JSON.parse(line));
  await until("the record", () => find().length > 0);
  return find().map(({ attempts, sqlstate }) => ({ attempts, sqlstate }));
}

/** By the extended protocol, for which pg sees no reason in a text without values. */
function extended(text: string): pg.QueryConfig {
  const config = { text, queryMode: "extended" };
  return config;
}

const ways = {
  simple: (sql: string) => client.query(sql),
  extended: (sql: string) => client.query(extended(sql)),
  named: (sql: string) => client.query({ name: sql, text: sql }),
} as const;

for (const [way, send] of Object.entries(ways)) {
  describe(way, () => {
    test("it succeeds once the lock is free", async () => {
      await block();
      const sql = alterSql();
      client.once("notice", () => blocker.query("ROLLBACK"));
      const { command } = await send(sql);
      expect(command).toBe("ALTER");
      expect(await columnExists()).toBe(true);
      expect(notices[0]).toMatch(/^attempt 2 of 3 in 0\.[01]s: could not get the lock$/);
      expect((await client.query("SELECT 7 AS seven")).rows).toEqual([{ seven: 7 }]);
      const [record, another] = await recordOf(sql);
      expect(another).toBeUndefined();
      expect(record?.sqlstate).toBeUndefined();
      expect(record?.attempts).toBe(notices.length + 1);
    });

    test("when all attempts fail, the client reads the server's own error", async () => {
      await block();
      const sql = alterSql();
      const error: unknown = await send(sql).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: LOCK_NOT_AVAILABLE,
        message: "canceling statement due to lock timeout",
      });
      expect(notices.map((each) => each.slice(0, 14))).toEqual([
        "attempt 2 of 3",
        "attempt 3 of 3",
      ]);
      expect(await columnExists()).toBe(false);
      expect(await recordOf(sql)).toEqual([{ attempts: 3, sqlstate: LOCK_NOT_AVAILABLE }]);
      expect((await client.query("SELECT 7 AS seven")).rows).toEqual([{ seven: 7 }]);
    });

    test("not in a transaction block", async () => {
      await block();
      await client.query("BEGIN");
      expect(await sqlstateOf(send(alterSql()))).toBe(LOCK_NOT_AVAILABLE);
      await client.query("ROLLBACK");
      expect(notices).toEqual([]);
    });
  });
}

test("a prepared statement is tried again at each use", async () => {
  const sql = "ALTER TABLE orders ALTER COLUMN id SET DEFAULT 7";
  await client.query({ name: "one", text: sql });
  await block();
  client.once("notice", () => blocker.query("ROLLBACK"));
  await client.query({ name: "one", text: sql });
  expect(notices.length).toBeGreaterThan(0);
});

test.each([
  ["several statements", "SELECT 1; ALTER TABLE orders ADD COLUMN never int"],
  ["a DO block", "DO $$ BEGIN ALTER TABLE orders ADD COLUMN never int; END $$"],
  ["NOWAIT", "SELECT 1 FROM orders FOR UPDATE NOWAIT"],
  ["a block in a string", "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE NOWAIT; COMMIT"],
  ["what leaves something behind", "CREATE INDEX CONCURRENTLY by_id ON orders (id)"],
])("not %s", async (_, sql) => {
  await blocker.query("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
  expect(await sqlstateOf(client.query(sql))).toBe(LOCK_NOT_AVAILABLE);
  expect(notices).toEqual([]);
  await client.query("ROLLBACK");
});

describe("on the wire", () => {
  const OPTIONS = { options: "-c lock_timeout=60ms" };
  const sent = (sql: string) => [parse("", sql), bind("", ""), execute("")];
  const noticesOf = ({ transcript }: WireClient) =>
    transcript.filter((line) => line.includes("could not get the lock"));
  let wire: WireClient;

  const pipelines: readonly (readonly [string, () => readonly Buffer[]])[] = [
    ["behind another statement", () => [...sent("SELECT 1"), ...sent(alterSql()), sync()]],
    ["before another statement", () => [...sent(alterSql()), ...sent("SELECT 1"), sync()]],
    ["before another batch", () => [...sent(alterSql()), sync(), ...sent("SELECT 1"), sync()]],
    ["before a Parse", () => [...sent(alterSql()), parse("later", "SELECT 1"), sync()]],
    ["behind another batch", () => [...sent("SELECT 1"), sync(), ...sent(alterSql()), sync()]],
    ["before another Query", () => [query(alterSql()), query("SELECT 1")]],
  ];
  test.each(pipelines)("not in a pipeline: %s", async (_, frames) => {
    wire = await wireClient(database, quick.port, OPTIONS);
    await block();
    await wire.send(...frames());
    await wire.until("ErrorResponse");
    await wire.until("ReadyForQuery");
    expect(noticesOf(wire)).toEqual([]);
    wire.abandon();
  });

  test("of a batch that is tried again, the client reads each answer once", async () => {
    wire = await wireClient(database, quick.port, OPTIONS);
    await block();
    const from = wire.transcript.length;
    await wire.send(...sent(alterSql()), sync());
    await wire.until("NoticeResponse");
    await blocker.query("ROLLBACK");
    await wire.until("ReadyForQuery");
    const names = wire.transcript.slice(from).filter((line) => line.startsWith("<"));
    expect(
      names.map((line) => line.split(" ")[1]).filter((name) => name !== "NoticeResponse"),
    ).toEqual(["ParseComplete", "BindComplete", "CommandComplete", "ReadyForQuery"]);
    wire.abandon();
  });

  test.each([
    ["simple", (sql: string) => [query(sql)]],
    ["extended", (sql: string) => [...sent(sql), sync()]],
  ] as const)("%s: a cancel request ends the pause", async (_, frames) => {
    wire = await wireClient(database, slow.port, OPTIONS);
    await block();
    await wire.send(...frames(alterSql()));
    await until("the pause", isPausing);
    const canceller = await WireClient.connect({ host: "127.0.0.1", port: slow.port });
    await canceller.send(packet(80877102, wire.key));
    await wire.until("ErrorResponse");
    expect(wire.transcript.some((line) => line.includes("C57014\\0"))).toBe(true);
    await wire.until("ReadyForQuery");
    const from = wire.transcript.length;
    await wire.send(query("SELECT 7"));
    await wire.until("ReadyForQuery");
    expect(wire.transcript.slice(from).join("\n")).toContain("DataRow");
    expect(wire.transcript.slice(from).join("\n")).not.toContain("ErrorResponse");
    expect(await columnExists()).toBe(false);
    wire.abandon();
  });

  test("what the client sends during the pause waits for the statement", async () => {
    wire = await wireClient(database, quick.port, OPTIONS);
    await block();
    await wire.send(query(alterSql()));
    await wire.until("NoticeResponse");
    await wire.send(query("SELECT 7"));
    await blocker.query("ROLLBACK");
    await wire.until("ReadyForQuery");
    await wire.until("ReadyForQuery");
    const told = wire.transcript.filter((line) => /CommandComplete/.test(line));
    expect(told.map((line) => /ALTER TABLE|SELECT/.exec(line)?.[0])).toEqual([
      "ALTER TABLE",
      "SELECT",
    ]);
    wire.abandon();
  });

  test.each([
    ["goes away", (leaving: WireClient) => leaving.abandon()],
    ["closes its side", (leaving: WireClient) => leaving.endSending()],
  ])("a client that %s ends the session, and the change is not made", async (_, leave) => {
    wire = await wireClient(database, slow.port, OPTIONS);
    await block();
    await wire.send(query(alterSql()));
    await until("the pause", isPausing);
    leave(wire);
    await until("the end of its session", async () => (await sessionCount(slow)) === 0);
    // A server in the middle of a pause does not look whether anybody is there.
    await direct.query("SELECT pg_terminate_backend($1)", [wire.pid]);
    await until("the end of the pause", async () => !(await isPausing()));
    expect(await columnExists()).toBe(false);
  });

  test("a statement_timeout shorter than the pause does not end it", async () => {
    wire = await wireClient(database, slow.port, {
      options: "-c lock_timeout=60ms -c statement_timeout=400ms",
    });
    await block();
    await wire.send(query(alterSql()));
    await wire.until("ErrorResponse");
    expect(noticesOf(wire)).toHaveLength(2);
    expect(wire.transcript.some((line) => line.includes(`C${LOCK_NOT_AVAILABLE}\\0`))).toBe(true);
    wire.abandon();
  });

  // The last one: it stops the instance.
  test("a shutdown takes the pause for busy, up to its limit", async () => {
    wire = await wireClient(database, slow.port, OPTIONS);
    await block();
    await wire.send(query(alterSql()));
    await until("the pause", isPausing);
    await slow.stop();
    await wire.untilClosed();
    expect(wire.transcript.some((line) => line.includes("C57P01\\0"))).toBe(true);
    expect(await columnExists()).toBe(false);
  });
});

test("attempts are counted", async () => {
  await block();
  expect(await sqlstateOf(client.query(alterSql()))).toBe(LOCK_NOT_AVAILABLE);
  const count = /^straddle_guard_retries_total\{.*\} (\d+)/m.exec(await metricsOf(quick))?.[1];
  expect(Number(count)).toBeGreaterThanOrEqual(2);
});

test("with the rules on and a window open, by a version's own names", async () => {
  await runDirect(database, "CREATE TABLE visits (user_id int)");
  const windowed = await startTestStraddle(
    database,
    `guard: { retry: { attempts: 3, backoff: 60ms } }
windows:
  - { table: public.visits, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }`,
  );
  const newer = await connect(windowed, "shop@2.0.0");
  try {
    const visited = async (sql: string, values?: readonly number[]) => {
      await blocker.query("BEGIN; LOCK TABLE visits IN ACCESS SHARE MODE");
      newer.once("notice", () => blocker.query("ROLLBACK"));
      await newer.query(values === undefined ? sql : extended(sql));
    };
    await visited("ALTER TABLE visits ALTER COLUMN customer_id SET DEFAULT 7");
    expect(notices.join("\n")).toContain("attempt 2 of 3");
    notices.length = 0;
    await visited("ALTER TABLE visits ALTER COLUMN customer_id SET DEFAULT 8", []);
    expect(notices.join("\n")).toContain("attempt 2 of 3");
    await newer.query("INSERT INTO visits DEFAULT VALUES");
    expect((await newer.query("SELECT customer_id FROM visits")).rows).toEqual([
      { customer_id: 8 },
    ]);
    // A window's own RENAME is held for anew.
    for (const [from, to, values] of [
      ["user_id", "customer_id", undefined],
      ["customer_id", "user_id", []],
    ] as const) {
      notices.length = 0;
      await visited(`ALTER TABLE visits RENAME COLUMN ${from} TO ${to}`, values);
      expect(notices.join("\n")).toContain("attempt 2 of 3");
      expect((await newer.query("SELECT customer_id FROM visits")).rows).toEqual([
        { customer_id: 8 },
      ]);
    }
  } finally {
    await newer.end();
    await windowed.stop();
  }
});
