import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, closeStatement, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";

/**
 * Attempts to get a schema change past the guard. Each of them tries to put an index on `large`, and is
 * judged by whether it is there.
 */

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    `CREATE TABLE large AS SELECT i AS id, repeat('x', 50) AS note FROM generate_series(1, 9000) AS i;
     CREATE TABLE "lärge" AS SELECT * FROM large;
     CREATE SCHEMA other; CREATE TABLE other.large (id int);
     CREATE FUNCTION hidden() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE INDEX hidden ON large (id)'; END $$;`,
  );
  straddle = await startTestStraddle(
    database,
    "guard: { small_table: 100KiB, rules: { renaming-table: off } }",
  );
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
});

/** Indexes that large tables have by now; they are gone afterwards. */
async function indexCount(): Promise<number> {
  const direct = new pg.Client(database.connection);
  await direct.connect();
  const { rows } = await direct.query<{ name: string }>(
    "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid IN ('public.large'::regclass, 'public.\"lärge\"'::regclass)",
  );
  for (const { name } of rows) await direct.query(`DROP INDEX ${name}`);
  await direct.end();
  return rows.length;
}

/** Messages of one session, sent one after the other. */
async function indexesAfter(
  messages: readonly (readonly Buffer[])[],
  parameters: Readonly<Record<string, string>> = {},
): Promise<number> {
  const client = await wireClient(database, straddle.port, {
    options: "-c lock_timeout=2s",
    ...parameters,
  });
  for (const message of messages) {
    await client.send(...message);
    await client.until("ReadyForQuery");
  }
  client.abandon();
  return indexCount();
}

const CREATE = "CREATE INDEX ON large (id)";
const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];

test("the control: where the guard is told off, the index is there", async () => {
  const allowed = `/* straddle:allow=require-concurrent-index-creation reason='control' */ ${CREATE}`;
  expect(await indexesAfter([[query(allowed)]])).toBe(1);
});

const texts: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "plain", sql: CREATE },
  { name: "letters of both cases", sql: "cReAtE iNdEx oN LaRgE (ID)" },
  { name: "comments between words", sql: "CREATE/**/INDEX--\nON/*/**/*/large(id)" },
  { name: "a comment that looks like it ends", sql: "/* '*/CREATE INDEX ON large (id)--'" },
  {
    name: "a comment that hides it from who does not nest",
    sql: "/* /* */ SELECT 1; */ CREATE INDEX ON large (id)",
  },
  { name: "Unicode escapes", sql: 'CREATE INDEX ON U&"\\006Carge" (id)' },
  {
    name: "Unicode escapes with a character of their own",
    sql: "CREATE INDEX ON U&\"!006Carge\" UESCAPE '!' (id)",
  },
  { name: "other letters than ASCII", sql: 'CREATE INDEX ON "lärge" (id)' },
  { name: "qualified", sql: "CREATE INDEX ON public.large (id)" },
  { name: "blanks of other kinds", sql: "CREATE\fINDEX\vON\r\nlarge\t(id)" },
  { name: "empty statements", sql: `;;; ;${CREATE};;` },
  { name: "behind another statement", sql: `SELECT 1; ${CREATE}` },
  { name: "behind a COMMIT", sql: `BEGIN; COMMIT; ${CREATE}` },
  { name: "behind a string that looks unfinished", sql: `SELECT E'\\''; ${CREATE}; SELECT E'\\''` },
  { name: "behind dollar quotes", sql: `SELECT $a$ $b$ ' $a$; ${CREATE}` },
  { name: "behind a string that goes on", sql: `SELECT 'a'\n'; SELECT 1'; ${CREATE}` },
  { name: "behind a comment within a string that goes on", sql: `SELECT 'a' --'\n'b'; ${CREATE}` },
  {
    name: "behind SET search_path",
    sql: `SET search_path = other, public; SET search_path = public; ${CREATE}`,
  },
  { name: "behind SET LOCAL search_path", sql: `SET LOCAL search_path = public, other; ${CREATE}` },
  { name: "behind set_config", sql: `SELECT set_config('search_path', 'public', true); ${CREATE}` },
  {
    name: "behind a table of its name",
    sql: `CREATE TEMP TABLE large (id int); CREATE INDEX ON public.large (id)`,
  },
  {
    name: "behind a table of its name, which is dropped",
    sql: `CREATE TEMP TABLE large (id int); DROP TABLE large; ${CREATE}`,
  },
  { name: "renamed", sql: "ALTER TABLE large RENAME TO grown; CREATE INDEX ON grown (id)" },
  { name: "moved", sql: "ALTER TABLE large SET SCHEMA other; CREATE INDEX ON other.large (id)" },
  {
    name: "in a new schema's elements",
    sql: "CREATE SCHEMA elements CREATE TABLE t (id int) CREATE INDEX ON public.large (id)",
  },
  { name: "DO", sql: `DO $$ BEGIN ${CREATE}; END $$` },
  { name: "DO in a string", sql: `DO 'BEGIN ${CREATE}; END'` },
  { name: "DO with an escape", sql: "DO E'BEGIN CREATE INDEX ON \\x6Carge (id); END'" },
  { name: "DO in DO", sql: `DO $a$ BEGIN EXECUTE 'DO $b$ BEGIN ${CREATE}; END $b$'; END $a$` },
  { name: "EXECUTE of a constant", sql: `DO $$ BEGIN EXECUTE '${CREATE}'; END $$` },
  {
    name: "an exception's block",
    sql: `DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN others THEN ${CREATE}; END $$`,
  },
  {
    name: "brackets beyond what is analysed",
    sql: `CREATE INDEX ON large ((${"(".repeat(600)}id${")".repeat(600)}))`,
  },
  { name: "a long text", sql: `${CREATE} /* ${"x".repeat(40_000)} */` },
];

for (const { name, sql } of texts) {
  test(`${name}: as a Query, and prepared`, async () => {
    const simple = await indexesAfter([[query(sql)]]);
    const extended = await indexesAfter([[...step(sql), sync()]]);
    expect({ simple, extended }).toEqual({ simple: 0, extended: 0 });
  });
}

const conversations: readonly {
  readonly name: string;
  readonly messages: readonly (readonly Buffer[])[];
  readonly parameters?: Readonly<Record<string, string>>;
}[] = [
  {
    name: "a named statement, executed twice",
    messages: [
      [parse("s", CREATE), sync()],
      [bind("", "s"), execute(""), sync()],
      [bind("p", "s"), execute("p"), sync()],
    ],
  },
  {
    name: "SQL's EXECUTE of a statement of the protocol",
    messages: [[parse("s", CREATE), sync()], [query("EXECUTE s")]],
  },
  {
    name: "the same, prepared again",
    messages: [
      [parse("s", CREATE), sync()],
      [parse("t", "EXECUTE s"), bind("", "t"), execute(""), sync()],
    ],
  },
  {
    name: "the same, under a name that is cut",
    messages: [[parse("s".repeat(70), CREATE), sync()], [query(`EXECUTE ${"s".repeat(63)}`)]],
  },
  {
    name: "the same, in a string",
    messages: [[parse("s", CREATE), sync()], [query("SELECT 1; EXECUTE s")]],
  },
  {
    name: "the same, from within DO",
    messages: [[parse("s", CREATE), sync()], [query("DO $$ BEGIN EXECUTE 'EXECUTE s'; END $$")]],
  },
  {
    name: "the same, under a name of other letters",
    messages: [[parse("é", CREATE), sync()], [query('EXECUTE "é"')]],
  },
  {
    name: "in a pipeline behind others",
    messages: [[...step("SELECT 1"), ...step(CREATE), ...step("SELECT 2"), sync()]],
  },
  {
    name: "behind a BEGIN in the same batch",
    messages: [[...step("BEGIN"), ...step(CREATE), ...step("COMMIT"), sync()]],
  },
  {
    name: "behind a statement that is closed and made anew",
    messages: [
      [
        parse("s", "SELECT 1"),
        closeStatement("s"),
        parse("s", CREATE),
        bind("", "s"),
        execute(""),
        sync(),
      ],
    ],
  },
  {
    name: "search_path at startup",
    messages: [[query(CREATE)]],
    parameters: { options: "-c lock_timeout=2s -c search_path=public,other" },
  },
  {
    name: "without standard_conforming_strings",
    messages: [
      [query("SET standard_conforming_strings = off")],
      [query("SELECT '\\'; CREATE INDEX ON large (id); --'")],
      [query(CREATE)],
      [query("SELECT '\\''; CREATE INDEX ON large (id); SELECT '\\''")],
    ],
  },
  {
    name: "standard_conforming_strings in the same string",
    messages: [
      [
        query(
          "SET standard_conforming_strings = off; SELECT '\\''; CREATE INDEX ON large (id); --'",
        ),
      ],
    ],
  },
  {
    name: "an encoding whose second bytes are ASCII",
    messages: [
      [query("SET client_encoding = 'SJIS'")],
      [query(CREATE)],
      [query("DO 'BEGIN CREATE INDEX ON large (id); END'")],
    ],
  },
  { name: "latin1", messages: [[query("SET client_encoding = 'LATIN1'")], [query(CREATE)]] },
  {
    name: "another role",
    messages: [
      [query("SET ROLE postgres")],
      [query(CREATE)],
      [query("SET SESSION AUTHORIZATION postgres")],
      [query(CREATE)],
    ],
  },
  {
    name: "a transaction that was rolled back to a savepoint",
    messages: [
      [query("BEGIN; SAVEPOINT a; CREATE TEMP TABLE large (id int); ROLLBACK TO a")],
      [query(CREATE)],
      [query("COMMIT")],
    ],
  },
  {
    name: "a table of another transaction",
    messages: [[query("BEGIN; CREATE TEMP TABLE large (id int); ROLLBACK")], [query(CREATE)]],
  },
  {
    name: "an override that is a string",
    messages: [
      [query(`SELECT 'straddle:allow=require-concurrent-index-creation reason=''x'''; ${CREATE}`)],
    ],
  },
];

for (const { name, messages, parameters } of conversations) {
  test(name, async () => {
    expect(await indexesAfter(messages, parameters)).toBe(0);
  });
}

/** What Straddle can't see, as the README says; an event trigger on the server can. */
const blind: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "inside of a function", sql: "SELECT hidden()" },
  {
    name: "EXECUTE of what is put together",
    sql: "DO $$ DECLARE s text := 'CREATE'; BEGIN s := s || ' INDEX ON large (id)'; EXECUTE s; END $$",
  },
  {
    name: "EXECUTE of a format",
    sql: "DO $$ BEGIN EXECUTE format('CREATE INDEX ON %I (id)', 'large'); END $$",
  },
];

for (const { name, sql } of blind) {
  test(`not seen: ${name}`, async () => {
    expect(await indexesAfter([[query(sql)]])).toBe(1);
  });
}
