import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import {
  bind,
  closeStatement,
  describeStatement,
  execute,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/** The guard's first rule on a real server: no schema change may wait for a lock without limit. */

const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, note text);
  INSERT INTO orders VALUES (1, 'a');
  CREATE TABLE "od""d'; DROP TABLE orders; --\\ $straddle$" (id int);
  CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM orders;
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9);
  CREATE INDEX parted_id ON parted (id);
  CREATE SCHEMA hostile;
  CREATE FUNCTION hostile.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '1s' $$;
  CREATE FUNCTION hostile.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
  CREATE FUNCTION hostile.pg_table_is_visible(oid) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE FUNCTION hostile.never(interval, interval) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE FUNCTION hostile.never(name, name) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE FUNCTION hostile.never(name, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE OPERATOR hostile.= (LEFTARG = interval, RIGHTARG = interval, FUNCTION = hostile.never);
  CREATE OPERATOR hostile.> (LEFTARG = interval, RIGHTARG = interval, FUNCTION = hostile.never);
  CREATE OPERATOR hostile.= (LEFTARG = name, RIGHTARG = name, FUNCTION = hostile.never);
  CREATE OPERATOR hostile.= (LEFTARG = name, RIGHTARG = text, FUNCTION = hostile.never);
  CREATE VIEW hostile.pg_class AS SELECT 1 AS oid LIMIT 0;
  CREATE VIEW hostile.pg_namespace AS SELECT 1 AS oid LIMIT 0;
`;

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, SCHEMA);
  straddle = await startTestStraddle(database);
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

const REFUSED = "55000";

/** Runs SQL one by one, as simple queries, and tells how each ended. */
async function run(client: pg.Client, statements: readonly string[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const sql of statements) outcomes.push(await sqlstateOf(client.query(sql)));
  return outcomes;
}

let lastColumn = 0;

/** A schema change that works every time. */
function alterSql(): string {
  lastColumn += 1;
  return `ALTER TABLE orders ADD COLUMN c${lastColumn} int`;
}

async function countOrders(note: string): Promise<number> {
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rowCount } = await client.query("SELECT FROM orders WHERE note = $1", [note]);
  await client.end();
  return rowCount ?? 0;
}

const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];

/** Each way to say several statements; tells the server's last transaction status. */
const WAYS: readonly {
  readonly way: string;
  readonly say: (client: WireClient, statements: readonly string[]) => Promise<void>;
}[] = [
  {
    way: "simple queries",
    say: async (client, statements) => {
      for (const sql of statements) {
        await client.send(query(sql));
        await client.until("ReadyForQuery");
      }
    },
  },
  {
    way: "the extended protocol",
    say: async (client, statements) => {
      for (const sql of statements) {
        await client.send(...step(sql), sync());
        await client.until("ReadyForQuery");
      }
    },
  },
  {
    way: "one string",
    say: async (client, statements) => {
      await client.send(query(statements.join("; ")));
      await client.until("ReadyForQuery");
    },
  },
  {
    way: "a pipeline with one Sync",
    say: async (client, statements) => {
      await client.send(...statements.flatMap(step), sync());
      await client.until("ReadyForQuery");
    },
  },
  {
    way: "a pipeline with a Sync each",
    say: async (client, statements) => {
      await client.send(...statements.flatMap((sql) => [...step(sql), sync()]));
      for (const _ of statements) await client.until("ReadyForQuery");
    },
  },
  {
    way: "simple queries sent at once",
    say: async (client, statements) => {
      await client.send(...statements.map(query));
      for (const _ of statements) await client.until("ReadyForQuery");
    },
  },
];

for (const { way, say } of WAYS) {
  test(`a block with a refused schema change leaves nothing behind: ${way}`, async () => {
    const client = await wireClient(database, straddle.port, {});
    const note = `refused by ${way}`;
    await say(client, [
      "BEGIN",
      `INSERT INTO orders VALUES (1000 + ${lastColumn}, '${note}')`,
      alterSql(),
      "COMMIT",
    ]);
    // In one string or before one Sync the block is still open, and has failed.
    await client.send(query("ROLLBACK"));
    await client.until("ReadyForQuery");
    const answers = client.transcript.filter((line) => line.includes(`C${REFUSED}`));
    client.abandon();
    expect({ refused: answers.length, rows: await countOrders(note) }).toEqual({
      refused: 1,
      rows: 0,
    });
  });

  test(`the same block with SET LOCAL lock_timeout is committed: ${way}`, async () => {
    const client = await wireClient(database, straddle.port, {});
    const note = `committed by ${way}`;
    await say(client, [
      "BEGIN",
      `INSERT INTO orders VALUES (2000 + ${lastColumn}, '${note}')`,
      "SET LOCAL lock_timeout = '2s'",
      alterSql(),
      "COMMIT",
    ]);
    const errors = client.transcript.filter((line) => line.startsWith("< ErrorResponse"));
    const status = client.transcript.at(-1);
    client.abandon();
    expect({ errors, status, rows: await countOrders(note) }).toEqual({
      errors: [],
      status: '< ReadyForQuery "I"',
      rows: 1,
    });
  });

  test(`without a block, what came before in the same transaction goes too: ${way}`, async () => {
    const client = await wireClient(database, straddle.port, {});
    const note = `implicit, by ${way}`;
    await say(client, [`INSERT INTO orders VALUES (3000 + ${lastColumn}, '${note}')`, alterSql()]);
    client.abandon();
    const isOneTransaction = way === "one string" || way === "a pipeline with one Sync";
    expect(await countOrders(note)).toBe(isOneTransaction ? 0 : 1);
  });
}

describe("which lock_timeout counts", () => {
  const cases: readonly {
    readonly name: string;
    readonly before: readonly string[];
    readonly expected: string;
  }[] = [
    { name: "none", before: [], expected: REFUSED },
    { name: "SET", before: ["SET lock_timeout = '2s'"], expected: "" },
    { name: "SET in milliseconds", before: ["SET lock_timeout = 1"], expected: "" },
    { name: "SET SESSION", before: ["SET SESSION lock_timeout TO '5s'"], expected: "" },
    { name: "SET above the maximum", before: ["SET lock_timeout = 5001"], expected: REFUSED },
    { name: "SET in minutes", before: ["SET lock_timeout = '1min'"], expected: REFUSED },
    { name: "SET in days", before: ["SET lock_timeout = '2d'"], expected: REFUSED },
    {
      name: "RESET after SET",
      before: ["SET lock_timeout = '2s'", "RESET lock_timeout"],
      expected: REFUSED,
    },
    {
      name: "RESET ALL after SET",
      before: ["SET lock_timeout = '2s'", "RESET ALL"],
      expected: REFUSED,
    },
    {
      name: "DISCARD ALL after SET",
      before: ["SET lock_timeout = '2s'", "DISCARD ALL"],
      expected: REFUSED,
    },
    {
      name: "SET TO DEFAULT",
      before: ["SET lock_timeout = '2s'", "SET lock_timeout TO DEFAULT"],
      expected: REFUSED,
    },
    {
      name: "set_config",
      before: ["SELECT set_config('lock_timeout', '2s', false)"],
      expected: "",
    },
    {
      name: "set_config for a transaction that is over",
      before: ["SELECT set_config('lock_timeout', '2s', true)"],
      expected: REFUSED,
    },
    {
      name: "set_config of another name, spelt with escapes",
      before: ["SELECT set_config(U&'lock\\005ftimeout', '2s', false)"],
      expected: "",
    },
    {
      name: "SET inside a function",
      before: ["DO $$ BEGIN PERFORM set_config('lock_timeout', '2s', false); END $$"],
      expected: "",
    },
    {
      name: "SET that is rolled back",
      before: ["BEGIN", "SET lock_timeout = '2s'", "ROLLBACK"],
      expected: REFUSED,
    },
    {
      name: "SET rolled back to a savepoint",
      before: ["BEGIN", "SAVEPOINT s", "SET lock_timeout = '2s'", "ROLLBACK TO s"],
      expected: REFUSED,
    },
    {
      name: "SET LOCAL of a block that is over",
      before: ["BEGIN", "SET LOCAL lock_timeout = '2s'", "COMMIT"],
      expected: REFUSED,
    },
    {
      name: "a RESET that is rolled back",
      before: ["SET lock_timeout = '2s'", "BEGIN", "RESET lock_timeout", "ROLLBACK"],
      expected: "",
    },
    {
      name: "SET LOCAL 0 over a good SET",
      before: ["SET lock_timeout = '2s'", "BEGIN", "SET LOCAL lock_timeout = 0"],
      expected: REFUSED,
    },
    {
      name: "an hour, while intervals are written otherwise",
      before: ["SET intervalstyle = 'sql_standard'", "SET lock_timeout = '1h'"],
      expected: REFUSED,
    },
  ];
  for (const { name, before, expected } of cases) {
    test(`${name}: ${expected === "" ? "passes" : "is refused"}`, async () => {
      const client = await connect();
      await run(client, before);
      const simple = await sqlstateOf(client.query(alterSql()));
      await client.end();
      expect(simple).toBe(expected);
    });
  }

  test("options=-c", async () => {
    const client = await connect({ options: "-c lock_timeout=2s" });
    const outcome = await sqlstateOf(client.query(alterSql()));
    await client.end();
    expect(outcome).toBe("");
  });

  test("ALTER ROLE ... SET", async () => {
    const role = `migrator_${database.name}`;
    await runDirect(
      database,
      `CREATE ROLE ${role} LOGIN SUPERUSER; ALTER ROLE ${role} SET lock_timeout = '2s'`,
    );
    const client = await connect({ user: role });
    const outcome = await sqlstateOf(client.query(alterSql()));
    await client.end();
    await runDirect(database, `DROP ROLE ${role}`);
    expect(outcome).toBe("");
  });
});

describe("spellings", () => {
  const ALTER = "ALTER TABLE orders ALTER note SET DEFAULT 'x'";
  const refused: readonly string[] = [
    `/* CREATE TEMP TABLE */ ${ALTER}`,
    `-- BEGIN\n${ALTER}`,
    "aLtEr/**/tAbLe/*/* nested */*/OrDeRs ALTER note SET DEFAULT 'x'",
    'ALTER TABLE "orders" ALTER note SET DEFAULT 1',
    'ALTER TABLE U&"ord\\0065rs" ALTER note SET DEFAULT 1',
    "ALTER TABLE U&\"ord!0065rs\" UESCAPE '!' ALTER note SET DEFAULT 1",
    "ALTER TABLE public.orders ALTER note SET DEFAULT 1",
    "ALTER TABLE ONLY public.orders ALTER note SET DEFAULT 1",
    "ALTER TABLE IF EXISTS orders ALTER note SET DEFAULT 1",
    `SELECT 1; ${ALTER}`,
    `SELECT ';'; SELECT $$;$$; ${ALTER}; SELECT 1`,
    `;;${ALTER};;`,
    "DROP TABLE IF EXISTS nothing, orders CASCADE",
    "TRUNCATE orders",
    "CREATE INDEX ON orders (note)",
    "CREATE TABLE child () INHERITS (orders)",
    "CREATE TABLE child (id int REFERENCES orders)",
    "CREATE TEMP TABLE child () INHERITS (orders)",
    "CREATE SCHEMA fresh CREATE TABLE child (id int REFERENCES public.orders)",
    "REFRESH MATERIALIZED VIEW summary",
    "CLUSTER orders USING orders_pkey",
    "DROP SCHEMA hostile CASCADE",
    "COMMENT ON TABLE orders IS 'x'",
    `ALTER TABLE "od""d'; DROP TABLE orders; --\\ $straddle$" ADD COLUMN a int`,
    `SET search_path = hostile, pg_catalog, public; ${ALTER}`,
    `SET standard_conforming_strings = off; ALTER TABLE "od""d'; DROP TABLE orders; --\\ $straddle$" ADD COLUMN a int`,
  ];
  for (const sql of refused) {
    test(`refused: ${sql}`, async () => {
      const client = await connect();
      const outcome = await sqlstateOf(client.query(sql));
      await client.end();
      expect(outcome).toBe(REFUSED);
    });
  }

  const allowed: readonly string[] = [
    "SELECT 'ALTER TABLE orders ADD COLUMN x int'",
    "SELECT 1 -- ; ALTER TABLE orders ADD COLUMN x int",
    "SELECT 1 /* ; ALTER TABLE orders ADD COLUMN x int */",
    "CREATE TEMP TABLE orders (id int); ALTER TABLE orders ADD COLUMN x int; DROP TABLE orders",
    "CREATE TEMP TABLE mine (id int); CREATE INDEX ON mine (id); TRUNCATE mine; ALTER TABLE pg_temp.mine RENAME TO yours",
    "DROP TABLE IF EXISTS nothing",
    "ALTER TABLE IF EXISTS nothing ADD COLUMN x int",
    "CREATE TABLE IF NOT EXISTS other (id int)",
    "VACUUM orders",
    "ANALYZE orders",
    "SELECT FROM orders FOR UPDATE",
    "BEGIN; LOCK TABLE orders; ROLLBACK",
  ];
  for (const sql of allowed) {
    test(`allowed: ${sql}`, async () => {
      const client = await connect();
      const outcome = await sqlstateOf(client.query(sql));
      await client.end();
      expect(outcome).toBe("");
    });
  }

  test("hostile operators and functions in front of pg_catalog change nothing", async () => {
    const client = await connect({ options: "-c search_path=hostile,pg_catalog,public" });
    const outcomes = await run(client, [ALTER, "SET lock_timeout = '6s'", ALTER]);
    await client.end();
    expect(outcomes).toEqual([REFUSED, "", REFUSED]);
  });
});

describe("statements that refuse transaction blocks", () => {
  const STATEMENTS = [
    "CREATE INDEX CONCURRENTLY ON orders (note)",
    "REINDEX TABLE CONCURRENTLY orders",
    "REINDEX (CONCURRENTLY) INDEX orders_pkey",
    "VACUUM FULL orders",
    "VACUUM (ANALYZE, FULL 1) orders",
    "VACUUM (FULL on) orders",
  ];
  for (const sql of STATEMENTS) {
    for (const protocol of ["simple", "extended"] as const) {
      test(`${sql}, ${protocol}: by the lock_timeout of the moment`, async () => {
        const client = await wireClient(database, straddle.port, {});
        const start = client.transcript.length;
        for (const setting of ["0", "'2s'", "'1min'", "'1s'"]) {
          await client.send(query(`SET lock_timeout = ${setting}`));
          await client.until("ReadyForQuery");
          await client.send(...(protocol === "simple" ? [query(sql)] : [...step(sql), sync()]));
          await client.until("ReadyForQuery");
        }
        const outcomes = client.transcript
          .slice(start)
          .filter((line) => /^< (ErrorResponse|CommandComplete "(?!SET))/.test(line))
          .map((line) => (line.includes(`C${REFUSED}`) ? "refused" : "done"));
        client.abandon();
        expect(outcomes).toEqual(["refused", "done", "refused", "done"]);
      });
    }
  }

  test("VACUUM (FULL 0) is a plain VACUUM, and no reason to let VACUUM (FULL 1) pass", async () => {
    const client = await connect();
    const outcomes = await run(client, ["VACUUM (FULL 0) orders", "VACUUM (FULL 1) orders"]);
    await client.end();
    expect(outcomes).toEqual(["", REFUSED]);
  });
});

test("a temporary table that hides the real one is the one that is meant", async () => {
  const client = await connect();
  const outcomes = await run(client, [
    "CREATE TEMP TABLE orders (id int)",
    "ALTER TABLE orders ADD COLUMN x int",
    "ALTER TABLE public.orders ADD COLUMN x int",
    "DROP TABLE orders",
    "ALTER TABLE orders ADD COLUMN x int",
  ]);
  await client.end();
  expect(outcomes).toEqual(["", "", REFUSED, "", REFUSED]);
});

test("a refusal inside a savepoint is undone with it, and the rest is kept", async () => {
  const client = await connect();
  const outcomes = await run(client, [
    "BEGIN",
    "INSERT INTO orders VALUES (5001, 'kept')",
    "SAVEPOINT s",
    "INSERT INTO orders VALUES (5002, 'lost')",
    alterSql(),
    "SELECT 1",
    "ROLLBACK TO s",
    "COMMIT",
  ]);
  await client.end();
  expect({ outcomes, kept: await countOrders("kept"), lost: await countOrders("lost") }).toEqual({
    outcomes: ["", "", "", "", REFUSED, "25P02", "", ""],
    kept: 1,
    lost: 0,
  });
});

test("a prepared schema change is checked at every execution", async () => {
  const client = await wireClient(database, straddle.port, {});
  await client.send(parse("p", "ALTER TABLE orders ALTER note SET DEFAULT 'y'"), sync());
  await client.until("ReadyForQuery");
  const start = client.transcript.length;
  for (const setting of ["0", "'2s'", "0", "'2s'"]) {
    await client.send(query(`SET lock_timeout = ${setting}`), bind("", "p"), execute(""), sync());
    await client.until("ReadyForQuery");
    await client.until("ReadyForQuery");
  }
  const outcomes = client.transcript
    .slice(start)
    .filter((line) => /^< (ErrorResponse|CommandComplete "(?!SET))/.test(line))
    .map((line) => (line.includes(`C${REFUSED}`) ? "refused" : line));
  client.abandon();
  const done = '< CommandComplete "ALTER TABLE\\0"';
  expect(outcomes).toEqual(["refused", done, "refused", done]);
});

test("a prepared CREATE INDEX CONCURRENTLY is checked at every execution", async () => {
  const client = await wireClient(database, straddle.port, {});
  await client.send(query("SET lock_timeout = '2s'"));
  await client.until("ReadyForQuery");
  await client.send(parse("p", "CREATE INDEX CONCURRENTLY ON orders (note)"), sync());
  await client.until("ReadyForQuery");
  const start = client.transcript.length;
  for (const setting of ["0", "'2s'"]) {
    await client.send(query(`SET lock_timeout = ${setting}`), bind("", "p"), execute(""), sync());
    await client.until("ReadyForQuery");
    await client.until("ReadyForQuery");
  }
  const outcomes = client.transcript
    .slice(start)
    .filter((line) => /^< (ErrorResponse|CommandComplete "(?!SET))/.test(line))
    .map((line) => (line.includes(`C${REFUSED}`) ? "refused" : "done"));
  client.abandon();
  expect(outcomes).toEqual(["refused", "done"]);
});

const PREFIXES = [
  { name: "a Close", frames: [closeStatement("nothing")] },
  { name: "a Parse of something else", frames: [parse("other", "SELECT 1")] },
  {
    name: "a Parse and a Describe",
    frames: [parse("another", "SELECT 1"), describeStatement("another")],
  },
];
for (const { name, frames } of PREFIXES) {
  test(`CREATE INDEX CONCURRENTLY is not passed unchecked behind ${name}`, async () => {
    const client = await wireClient(database, straddle.port, {});
    await client.send(...frames, ...step("CREATE INDEX CONCURRENTLY ON orders (note)"), sync());
    await client.until("ReadyForQuery");
    const isDone = client.transcript.some((line) => line.includes("CREATE INDEX\\0"));
    client.abandon();
    expect(isDone).toBe(false);
  });
}

for (const sql of [
  "REINDEX TABLE parted",
  "REINDEX INDEX parted_id",
  "CLUSTER parted USING parted_id",
]) {
  test(`of a partitioned table, with a lock_timeout: ${sql}`, async () => {
    const client = await connect();
    await client.query("SET lock_timeout = '2s'");
    const outcome = await sqlstateOf(client.query(sql));
    await client.end();
    expect(outcome).toBe("");
  });
}

describe("on_missing", () => {
  async function withPolicy(onMissing: string, use: (client: pg.Client) => Promise<void>) {
    const yaml = `guard: { mode: off, lock_timeout: { on_missing: ${onMissing}, max: 5s, inject: 3s } }`;
    const other = await startTestStraddle(database, yaml);
    const client = await connect({}, other.port);
    try {
      await use(client);
    } finally {
      await client.end();
      await other.stop();
    }
  }
  const trace = `CREATE OR REPLACE FUNCTION note_timeout() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM set_config('seen.timeout', current_setting('lock_timeout'), false); END $$`;
  const seen = async (client: pg.Client) =>
    (
      await client.query(
        "SELECT current_setting('seen.timeout') AS seen, current_setting('lock_timeout') AS now",
      )
    ).rows[0];

  beforeAll(() =>
    runDirect(
      database,
      `${trace}; CREATE EVENT TRIGGER note_timeout ON ddl_command_start EXECUTE FUNCTION note_timeout()`,
    ),
  );
  afterAll(() => runDirect(database, "DROP EVENT TRIGGER note_timeout"));

  for (const protocol of ["simple", "extended"] as const) {
    const send = (client: pg.Client, text: string) =>
      protocol === "simple" ? client.query(text) : client.query({ name: text.slice(0, 60), text });

    test(`inject sets it for this one statement, ${protocol}`, async () => {
      await withPolicy("inject", async (client) => {
        await send(client, alterSql());
        const first = await seen(client);
        await client.query("SET lock_timeout = '1min'");
        await send(client, alterSql());
        const second = await seen(client);
        await client.query("SET lock_timeout = '2s'");
        await send(client, alterSql());
        const third = await seen(client);
        await client.query("BEGIN");
        await client.query("SET LOCAL lock_timeout = 0");
        await send(client, alterSql());
        const inside = await seen(client);
        await client.query("COMMIT");
        const after = await seen(client);
        expect([first, second, third, inside, after.now]).toEqual([
          { seen: "3s", now: "0" },
          { seen: "3s", now: "1min" },
          { seen: "2s", now: "2s" },
          { seen: "3s", now: "0" },
          "2s",
        ]);
      });
    });

    test(`inject around what refuses transaction blocks, ${protocol}`, async () => {
      await withPolicy("inject", async (client) => {
        await client.query("SET lock_timeout = '1min'");
        await send(client, "CREATE INDEX CONCURRENTLY ON orders (note)");
        expect(await seen(client)).toEqual({ seen: "3s", now: "1min" });
      });
    });

    test(`warn tells, and runs it, ${protocol}`, async () => {
      await withPolicy("warn", async (client) => {
        const notices: string[] = [];
        client.on("notice", ({ severity, code }) => notices.push(`${severity} ${code}`));
        await send(client, alterSql());
        await send(client, "CREATE INDEX CONCURRENTLY ON orders (note)");
        await client.query("SET lock_timeout = '1s'");
        await send(client, alterSql());
        expect(notices).toEqual(["WARNING 01000", "WARNING 01000"]);
      });
    });

    test(`off runs everything, ${protocol}`, async () => {
      await withPolicy("off", async (client) => {
        const outcomes = [
          await sqlstateOf(send(client, alterSql())),
          await sqlstateOf(send(client, "CREATE INDEX CONCURRENTLY ON orders (note)")),
        ];
        expect(outcomes).toEqual(["", ""]);
      });
    });
  }
});

test("a refusal has words for who reads it, and no word of Straddle's own block", async () => {
  const client = await connect();
  const error = await client.query(alterSql()).catch((caught: unknown) => caught);
  await client.end();
  expect(error).toMatchObject({
    code: REFUSED,
    severity: "ERROR",
    message: expect.stringContaining("lock_timeout"),
    detail: expect.stringContaining("ACCESS EXCLUSIVE"),
    hint: expect.stringContaining("SET lock_timeout"),
    where: undefined,
    routine: "straddle:lock-timeout",
  });
});

test("an error of the statement itself points into the client's own text", async () => {
  const client = await connect();
  await client.query("SET lock_timeout = '1s'");
  const sql = "ALTER TABLE nothing ADD COLUMN é int, ADD COLUMN b nosuchtype";
  const through = await client.query(sql).catch((caught: unknown) => caught);
  const second = "ALTER TABLE orders ADD COLUMN é int, ADD COLUMN b nosuchtype";
  const typed = await client.query(second).catch((caught: unknown) => caught);
  await client.end();
  expect([through, typed]).toMatchObject([
    { code: "42P01" },
    { code: "42704", position: String(second.indexOf("nosuchtype") + 1) },
  ]);
});
