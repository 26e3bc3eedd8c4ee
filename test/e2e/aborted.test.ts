import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { conversation, runDirect, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/**
 * An aborted transaction can be left, whatever Straddle would like to ask the session: the server
 * answers no question in it.
 */

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;
const SETTINGS = { "no window": "", "a window": WINDOW };

/** What aborts the transaction and makes what is known of the session uncertain at the same time. */
const ABORTED: readonly (readonly string[])[] = [
  ["DO $$ BEGIN RAISE 'x'; END $$"],
  ["SET search_path = public", "SELECT 1/0"],
  ["SELECT set_config('search_path', 'public', true)", "SELECT 1/0"],
  ["SET LOCAL straddle.version = 'shop@1.0.0'", "bogus"],
];

const ENDS: readonly (readonly string[])[] = [
  ["ROLLBACK", "SELECT user_id FROM orders"],
  ["COMMIT", "SELECT user_id FROM orders"],
  ["ROLLBACK TO a", "SELECT user_id FROM orders", "COMMIT"],
  ["SELECT user_id FROM orders", "ROLLBACK TO a", "ROLLBACK"],
  // What the server did not answer for one statement says nothing of a later one.
  ["SELECT user_id FROM orders", "ROLLBACK", "BEGIN", "SELECT user_id FROM orders", "COMMIT"],
];

/** Texts of several statements. All that comes behind is asked by a reset session. */
const TEXTS: readonly string[] = [
  "ROLLBACK; DEALLOCATE ALL",
  "ROLLBACK; RESET ALL",
  "ROLLBACK; DISCARD ALL",
  "ABORT; UNLISTEN *; RESET ALL; SET SESSION AUTHORIZATION DEFAULT",
  "ROLLBACK; SELECT user_id FROM orders",
  "COMMIT; SELECT user_id FROM orders",
  "ROLLBACK; BEGIN; SELECT user_id FROM orders; SHOW search_path",
  "ROLLBACK; BEGIN; SELECT user_id FROM orders; SELECT 1/0",
  "ROLLBACK AND CHAIN; SELECT user_id FROM orders; SHOW transaction_read_only",
  "COMMIT AND CHAIN; SHOW transaction_read_only; SELECT user_id FROM orders",
  "ROLLBACK TO a; SELECT user_id FROM orders",
  "ROLLBACK TO b; SELECT user_id FROM orders",
  "PREPARE TRANSACTION 'x'; SELECT user_id FROM orders",
  "SELECT user_id FROM orders; ROLLBACK",
  "SELECT 1; SELECT user_id FROM orders",
  "ROLLBACK; SELEKT",
  "ROLLBACK; VACUUM orders",
  "ROLLBACK; CREATE TABLE made (user_id bigint); DROP TABLE made",
];

const PROTOCOLS = {
  simple: (sql: string) => [query(sql)],
  extended: (sql: string) => [parse("", sql), bind("", ""), execute(""), sync()],
};

let database: TestDatabase;
const straddles = new Map<string, Straddle>();

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int, user_id int)");
  for (const [name, yaml] of Object.entries(SETTINGS)) {
    straddles.set(name, await startTestStraddle(database, yaml));
  }
});

afterAll(async () => {
  for (const straddle of straddles.values()) await straddle.stop();
  await database.drop();
});

async function say(client: WireClient, frames: readonly (readonly Buffer[])[], isAtOnce: boolean) {
  if (isAtOnce) await client.send(...frames.flat());
  for (const each of frames) {
    if (!isAtOnce) await client.send(...each);
    await client.until("ReadyForQuery");
  }
}

/** What is said direct does not depend on Straddle's settings: each way is gone once. */
const direct = new Map<string, Promise<readonly string[]>>();

function onceDirect(way: string, ask: (port: undefined) => Promise<readonly string[]>) {
  const known = direct.get(way) ?? ask(undefined);
  direct.set(way, known);
  return known;
}

for (const name of Object.keys(SETTINGS)) {
  for (const protocol of ["simple", "extended"] as const) {
    for (const isAtOnce of [false, true]) {
      const way = `${protocol}, ${isAtOnce ? "in one write" : "one by one"}`;
      test(`with ${name}, ${way}: an aborted transaction ends as it does without Straddle`, async () => {
        const ask = async (port: number | undefined) => {
          const lines: string[] = [];
          for (const aborted of ABORTED) {
            for (const end of ENDS) {
              const sqls = ["BEGIN", "SAVEPOINT a", ...aborted, ...end];
              const said = await answers(port, sqls.map(PROTOCOLS[protocol]), isAtOnce);
              const kinds = /^< (CommandComplete|ErrorResponse|ReadyForQuery)/;
              lines.push(sqls.join("; "), ...said.filter((line) => kinds.test(line)));
            }
          }
          return lines;
        };
        const port = straddles.get(name)?.port;
        expect(port).toBeDefined();
        expect(await ask(port)).toEqual(await onceDirect(way, ask));
      });
    }
  }
}

/** What a new session is answered; of errors their SQLSTATE. */
async function answers(
  port: number | undefined,
  frames: readonly (readonly Buffer[])[],
  isAtOnce: boolean,
): Promise<readonly string[]> {
  const client = await wireClient(database, port, { application_name: "shop@1.0.0" });
  const talk = await conversation(client, (each) => say(each, frames, isAtOnce));
  client.abandon();
  const said = talk.filter((line) => line.startsWith("<"));
  return said.map((line) => /^< ErrorResponse .*?\\0C\w{5}/.exec(line)?.[0] ?? line);
}

const GUARD = "guard: { mode: enforce }";
const BEGUN = ["BEGIN READ ONLY", "SAVEPOINT a"];

for (const [name, yaml] of [
  ["no window", ""],
  ["a window and the guard", WINDOW + GUARD],
]) {
  for (const isAtOnce of [false, true]) {
    const way = isAtOnce ? "in one write" : "one by one";
    test(`with ${name}, ${way}: a string that leaves an aborted transaction does what it does without Straddle`, async () => {
      const straddle = await startTestStraddle(database, yaml);
      const ask = async (port: number | undefined) => {
        const lines: string[] = [];
        for (const aborted of ABORTED) {
          for (const text of TEXTS) {
            const sqls = [...BEGUN, ...aborted, text, "SHOW transaction_read_only"];
            lines.push(sqls.join("; "));
            lines.push(...(await answers(port, sqls.map(PROTOCOLS.simple), isAtOnce)));
          }
        }
        return lines;
      };
      try {
        expect(straddle.port).toBeDefined();
        expect(await ask(straddle.port)).toEqual(await onceDirect(`strings, ${way}`, ask));
      } finally {
        await straddle.stop();
      }
    });
  }
}

test("behind a ROLLBACK in the same string the guard's rules hold, and the transaction is what the server says", async () => {
  const straddle = await startTestStraddle(database, GUARD);
  const client = await wireClient(database, straddle.port, { application_name: "shop@1.0.0" });
  try {
    const sqls = ["BEGIN", "DROP TABLE orders", "ROLLBACK; BEGIN; DROP TABLE orders", "ROLLBACK"];
    const talk = await conversation(client, (each) =>
      say(each, [...sqls, "ROLLBACK; SELECT count(*) FROM orders"].map(PROTOCOLS.simple), false),
    );
    const said = talk.filter((line) => /^< (ErrorResponse|ReadyForQuery)/.test(line));
    expect(said.map((line) => /R(straddle:[\w-]+)|"[ITE]"$/.exec(line)?.[0])).toEqual([
      '"T"',
      "Rstraddle:ban-drop-table",
      '"E"',
      "Rstraddle:ban-drop-table",
      '"E"',
      '"I"',
      '"I"',
    ]);
  } finally {
    client.abandon();
    await straddle.stop();
  }
});
