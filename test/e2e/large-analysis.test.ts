import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { runStraddle, type StraddleProcess } from "../support/straddle-process.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import type { WireClient } from "../support/wire-client.ts";

/** Statements from `limits.worker_size_min` on mean the same, whoever analyses them. */

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;
/** Takes the parser some seconds, and the server, which is not asked, too. */
const BOMB = `SELECT 1 FROM orders ${Array.from(
  { length: 5_000 },
  (_, index) => `JOIN orders o${index} USING (user_id)`,
).join(" ")}`;

let database: TestDatabase;
let straddle: StraddleProcess | undefined;
const clients: WireClient[] = [];

beforeAll(async () => {
  database = await createDatabase();
});

beforeEach(() =>
  runDirect(
    database,
    `DROP TABLE IF EXISTS orders;
     CREATE TABLE orders (id int PRIMARY KEY, user_id int);
     INSERT INTO orders VALUES (1, 10), (2, 20)`,
  ),
);

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await straddle?.stop();
  straddle = undefined;
});

afterAll(() => database.drop());

async function logIn(application: string): Promise<WireClient> {
  const client = await wireClient(database, straddle?.port, { application_name: application });
  clients.push(client);
  return client;
}

/** Rows, tags and SQLSTATEs of what is sent. */
async function ask(client: WireClient, ...frames: readonly Buffer[]): Promise<readonly string[]> {
  const start = client.transcript.length;
  await client.send(...frames);
  await client.until("ReadyForQuery");
  return client.transcript.slice(start).flatMap((line) => {
    const found =
      /^< ErrorResponse .*?\\0C(\w{5})\\0/.exec(line) ??
      /^< CommandComplete "(.*)\\0"$/.exec(line) ??
      /^< DataRow ".*?(\d\d)"$/.exec(line);
    return found?.[1] === undefined ? [] : [found[1]];
  });
}

/** A list of constants that makes it large. */
const large = (sql: string, count = 10_000) =>
  sql.replace("?", Array.from({ length: count }, (_, index) => index * 10).join(", "));

const byText = (sql: string) => [query(sql)];
const byParse = (sql: string) => [parse("", sql), bind("", ""), execute(""), sync()];

for (const [protocol, say] of [
  ["simple", byText],
  ["extended", byParse],
] as const) {
  test(`${protocol}: each version's names, before and after the rename, and errors in them`, async () => {
    straddle = await runStraddle(database, WINDOW);
    const [old, young] = [await logIn("shop@1.0.0"), await logIn("shop@2.0.0")];
    const of = (column: string) => large(`SELECT ${column} FROM orders WHERE ${column} IN (?)`);
    const check = async () => {
      for (let round = 0; round < 2; round++) {
        expect(await ask(old, ...say(of("user_id")))).toEqual(["10", "20", "SELECT 2"]);
        expect(await ask(young, ...say(of("customer_id")))).toEqual(["10", "20", "SELECT 2"]);
        // Of the same shape, with other constants.
        const other = large("SELECT customer_id FROM orders WHERE customer_id IN (?)", 9_000);
        expect(await ask(young, ...say(other))).toEqual(["10", "20", "SELECT 2"]);
        const named = of(`${database.name}.public.orders.user_id`);
        expect(await ask(old, ...say(named))).toEqual(["10", "20", "SELECT 2"]);
      }
      const start = old.transcript.length;
      expect(await ask(old, ...say(of("customer_id")))).toEqual(["42703"]);
      expect(old.transcript.slice(start).join("")).toContain(
        'Mcolumn \\"customer_id\\" does not exist',
      );
    };
    await check();
    expect(await ask(old, query("ALTER TABLE orders RENAME user_id TO customer_id"))).toHaveLength(
      1,
    );
    await runDirect(database, "ALTER TABLE orders RENAME user_id TO customer_id").catch(
      () => undefined,
    );
    await check();
  });

  test(`${protocol}: the guard sees to a large text`, async () => {
    straddle = await runStraddle(database);
    const client = await logIn("shop@1.0.0");
    const sql = large("ALTER TABLE orders ADD CHECK (user_id IN (?))");
    expect(await ask(client, ...say(sql))).toEqual(["55000"]);
    expect(await ask(client, query("SET lock_timeout = '1s'"))).toEqual(["SET"]);
    expect(await ask(client, ...say(sql))).toEqual(["ALTER TABLE"]);
  });

  test(`${protocol}: what takes too long is refused, the transaction with it, and the next one is not`, async () => {
    straddle = await runStraddle(database, `limits: { analysis_timeout: 300ms }${WINDOW}`);
    const client = await logIn("shop@1.0.0");
    expect(await ask(client, query("BEGIN"))).toEqual(["BEGIN"]);
    expect(await ask(client, ...say(BOMB))).toEqual(["54001"]);
    expect(client.transcript.join("")).toContain("longer than limits.analysis_timeout");
    const hits = 'straddle_limit_hits_total{limit="analysis_timeout"}';
    expect(await straddle.metric(hits)).toBe(1);
    expect(await ask(client, query("SELECT 1"))).toEqual(["25P02"]);
    expect(await ask(client, query("ROLLBACK"))).toEqual(["ROLLBACK"]);
    const sql = large("SELECT user_id FROM orders WHERE user_id IN (?)", 4_000);
    await until("the next thread has begun", async () => {
      const answer = await ask(client, ...say(sql));
      return answer.join() === "10,20,SELECT 2";
    });
  });
}

test("oversize pass: the server decides on what takes too long", async () => {
  const limits = "limits: { analysis_timeout: 100ms, oversize: pass }";
  straddle = await runStraddle(database, `${limits}${WINDOW}`);
  const client = await logIn("shop@1.0.0");
  // More than the server has room for in its target list, or the like: the error is its own.
  const sql = `SELECT ${Array.from({ length: 60_000 }, () => "1").join(",")}`;
  expect(await ask(client, query(sql))).toEqual(["54011"]);
});

test("a client that leaves meanwhile keeps nobody from being answered", async () => {
  straddle = await runStraddle(database, `limits: { analysis_timeout: 1s }${WINDOW}`);
  const leaving = await Promise.all(Array.from({ length: 5 }, () => logIn("shop@1.0.0")));
  for (const client of leaving) await client.send(query(BOMB));
  await ask(await logIn("shop@1.0.0"), query("SELECT 1"));
  for (const client of leaving) client.abandon();
  const running = straddle;
  await until("they are gone", async () => (await running.metric("straddle_sessions")) <= 1);
  const client = await logIn("shop@1.0.0");
  const sql = large("SELECT user_id FROM orders WHERE user_id IN (?)");
  expect(await ask(client, query(sql))).toEqual(["10", "20", "SELECT 2"]);
});
