import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { query } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { runStraddle, type StraddleProcess } from "../support/straddle-process.ts";
import { runDirect, wireClient } from "../support/twins.ts";

/** Statements that are hard to parse: what they do to their own session, and to another one beside it. */

const KIBIBYTE = 1024;
const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join("");
const nested = (count: number, open: string, inner: string, close: string) =>
  open.repeat(count) + inner + close.repeat(count);
/** Shorter than the largest statement that is analysed, by what a message has around it. */
const SIZE = 1000 * KIBIBYTE;
const fill = (text: string) => text.repeat(Math.floor(SIZE / text.length));

const BOMBS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "brackets, as many as there is room for", sql: nested(SIZE / 2, "(", "1", ")") },
  { name: "brackets that nest as deep as is taken", sql: `SELECT ${nested(490, "(", "1", ")")}` },
  { name: "subqueries", sql: `SELECT ${nested(480, "(SELECT ", "1", ")")}` },
  { name: "CASE", sql: `SELECT ${nested(20_000, "CASE WHEN true THEN ", "1", " END")}` },
  { name: "arrays", sql: `SELECT ${nested(480, "ARRAY[", "1", "]")}` },
  { name: "a chain of operators", sql: `SELECT 1${fill("+1")}` },
  {
    name: "a list of 100,000",
    sql: `SELECT * FROM orders WHERE user_id IN (0${times(100_000, (index) => `,${index}`)})`,
  },
  { name: "a literal of a megabyte", sql: `SELECT length('${fill("x")}'), user_id FROM orders` },
  { name: "nothing but semicolons", sql: fill(";") },
  // The server itself takes time by the square of their depth.
  { name: "nested comments", sql: `${nested(5_000, "/*", "", "*/")} SELECT 1` },
  {
    name: "a select list of 100,000",
    sql: `SELECT user_id${times(100_000, () => ",user_id")} FROM orders`,
  },
  {
    name: "5,000 joins",
    sql: `SELECT 1 FROM orders ${times(5_000, (index) => ` JOIN orders o${index} USING (user_id)`)}`,
  },
  { name: "100,000 statements", sql: fill("SELECT 1;") },
];

let database: TestDatabase;
let straddle: StraddleProcess;
let other: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int, user_id int)");
  straddle = await runStraddle(database, `limits: { analysis_timeout: 1s }${WINDOW}`);
  other = new pg.Client({ ...database.connection, host: "127.0.0.1", port: straddle.port });
  await other.connect();
});

afterAll(async () => {
  await other?.end();
  await straddle?.stop();
  await database?.drop();
});

for (const { name, sql } of BOMBS) {
  test(`${name}: its session gets an answer, and another one goes on`, async () => {
    const client = await wireClient(database, straddle.port, { application_name: "shop@2.0.0" });
    await client.send(query("SET statement_timeout = '2s'"));
    await client.until("ReadyForQuery");
    const startMs = performance.now();
    let isAnswered = false;
    await client.send(query(sql));
    const answered = client.until("ReadyForQuery").then(() => {
      isAnswered = true;
    });
    let longestMs = 0;
    let askedCount = 0;
    while (!isAnswered) {
      const before = performance.now();
      const { rows } = await other.query("SELECT 1 AS one");
      expect(rows).toEqual([{ one: 1 }]);
      longestMs = Math.max(longestMs, performance.now() - before);
      askedCount += 1;
    }
    await answered;
    if (process.env["STRADDLE_BOMBS"] === "1") {
      const tookMs = performance.now() - startMs;
      const memory = await straddle.metric("process_resident_memory_bytes");
      process.stderr.write(
        `${name}: ${sql.length} bytes, answered in ${tookMs.toFixed()} ms, the other one asked ${askedCount} times and waited ${longestMs.toFixed()} ms at most, ${(memory / 1024 / 1024).toFixed()} MiB; ${client.transcript.at(-2)?.slice(0, 160)}\n`,
      );
    }
    expect(client.transcript.at(-1)).toBe('< ReadyForQuery "I"');
    client.abandon();
  }, 60_000);
}
