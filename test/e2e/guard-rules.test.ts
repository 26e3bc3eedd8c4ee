import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import { Relay } from "../support/relay.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/** The guard's rules in live sessions, with what the server says of its tables. */

const SCHEMA = `
  CREATE TABLE large (id int, user_id int, note text);
  INSERT INTO large SELECT i, i, repeat('x', 100) FROM generate_series(1, 3000) AS i;
  CREATE TABLE small (id int, user_id int);
  CREATE SCHEMA other;
  CREATE TABLE other.large (id int);
`;
const SETTINGS =
  "guard: { small_table: 100KiB, rules: { statement-timeout: off, renaming-table: off } }";
const REFUSED = "55000";

const folder = mkdtempSync(join(tmpdir(), "straddle-guard-rules-"));
let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, SCHEMA);
  straddle = await startTestStraddle(database, SETTINGS);
});

afterAll(async () => {
  await straddle.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

async function connect(port = straddle.port): Promise<pg.Client> {
  const client = new pg.Client({ ...database.connection, host: "127.0.0.1", port });
  client.on("error", () => undefined);
  await client.connect();
  await client.query("SET lock_timeout = '2s'");
  return client;
}

/** The error that a statement ends with; undefined when it passes. */
async function errorOf(answer: Promise<unknown>): Promise<pg.DatabaseError | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
}

const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];

/** Each way to say several statements. */
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

let lastId = 100_000;

for (const { way, say } of WAYS) {
  async function outcomeOf(statements: readonly string[]) {
    lastId += 1;
    const client = await wireClient(database, straddle.port, {});
    const insert = `INSERT INTO large VALUES (${lastId})`;
    await say(client, ["BEGIN", "SET LOCAL lock_timeout = '2s'", insert, ...statements, "COMMIT"]);
    await client.send(query("ROLLBACK"));
    await client.until("ReadyForQuery");
    const errors = client.transcript.filter((line) => line.startsWith("< ErrorResponse"));
    client.abandon();
    const direct = new pg.Client(database.connection);
    await direct.connect();
    const { rowCount } = await direct.query("SELECT FROM large WHERE id = $1", [lastId]);
    await direct.end();
    return {
      refused: errors.filter((line) => line.includes(`C${REFUSED}`)).length,
      rows: rowCount,
    };
  }

  test(`what a rule refuses fails its transaction on the server: ${way}`, async () => {
    const refused = await outcomeOf([`CREATE INDEX i${lastId} ON large (user_id)`]);
    expect(refused).toEqual({ refused: 1, rows: 0 });
  });

  test(`a small table's index is made: ${way}`, async () => {
    const made = await outcomeOf([`CREATE INDEX i${lastId} ON small (user_id)`]);
    expect(made).toEqual({ refused: 0, rows: 1 });
  });

  test(`a table made in the same transaction may be changed: ${way}`, async () => {
    const table = `made_${lastId}`;
    const made = await outcomeOf([
      `CREATE TABLE ${table} AS SELECT * FROM large`,
      `CREATE INDEX ON ${table} (user_id)`,
    ]);
    expect(made).toEqual({ refused: 0, rows: 1 });
  });

  test(`a savepoint's table is unknown again behind it: ${way}`, async () => {
    const refused = await outcomeOf([
      "SAVEPOINT a",
      "ALTER TABLE large RENAME TO hidden",
      `CREATE TABLE large AS SELECT 1 AS user_id`,
      "ROLLBACK TO a",
      "CREATE INDEX ON large (user_id)",
    ]);
    expect(refused).toEqual({ refused: 1, rows: 0 });
  });
}

describe("what the client reads", () => {
  test("a refusal says what breaks, what it costs and what to run instead", async () => {
    const client = await connect();
    const error = await errorOf(client.query("CREATE INDEX by_user ON large (user_id)"));
    await client.end();
    expect(error).toMatchObject({
      severity: "ERROR",
      code: REFUSED,
      message: "CREATE INDEX on large without CONCURRENTLY blocks writes while it builds",
      routine: "straddle:require-concurrent-index-creation",
      position: "1",
    });
    expect(error?.detail).toMatch(
      /SHARE lock on large .*To read the \d+ kB in 3,\d+ rows of large takes under 1 s at best/s,
    );
    expect(error?.hint).toMatch(/\nCREATE INDEX CONCURRENTLY by_user ON large \(user_id\);\n/);
  });

  test("the safe statement that it names passes", async () => {
    const client = await connect();
    const sql = "CREATE INDEX CONCURRENTLY by_user ON large (user_id)";
    expect(await errorOf(client.query(sql))).toBeUndefined();
    await client.query("DROP INDEX CONCURRENTLY by_user");
    await client.end();
  });

  test("in a block of PL/pgSQL", async () => {
    const client = await connect();
    const error = await errorOf(
      client.query("DO $$ BEGIN SET LOCAL lock_timeout = '1s'; CREATE INDEX ON large (id); END $$"),
    );
    const small = await errorOf(
      client.query("DO $$ BEGIN SET LOCAL lock_timeout = '1s'; CREATE INDEX ON small (id); END $$"),
    );
    await client.end();
    expect([error?.routine, small]).toEqual([
      "straddle:require-concurrent-index-creation",
      undefined,
    ]);
  });

  test("a warning is a notice, for who wants notices", async () => {
    const warning = await startTestStraddle(
      database,
      "guard: { small_table: 100KiB, rules: { statement-timeout: warn } }",
    );
    const client = await connect(warning.port);
    const notices: (string | undefined)[] = [];
    client.on("notice", ({ severity, message }) => notices.push(`${severity}: ${message}`));
    await client.query("ALTER TABLE large ADD COLUMN warned int");
    await client.query({ name: "again", text: "ALTER TABLE large ADD COLUMN warned_again int" });
    await client.query("SET client_min_messages = error");
    await client.query("ALTER TABLE large ADD COLUMN silent int");
    await client.query("SET statement_timeout = '5s'; RESET client_min_messages");
    await client.query("ALTER TABLE large ADD COLUMN bounded int");
    await client.end();
    await warning.stop();
    const notice =
      "WARNING: ALTER TABLE has no statement_timeout: it may hold its lock without limit";
    expect(notices).toEqual([notice, notice]);
  });

  test("a table behind another search_path of the same string is not taken for a small one", async () => {
    const client = await connect();
    const error = await errorOf(
      client.query("SET LOCAL search_path = other, public; CREATE INDEX ON large (id)"),
    );
    await client.query("SET search_path = other");
    const small = await errorOf(client.query("CREATE INDEX ON large (id)"));
    await client.end();
    expect([error?.code, small]).toEqual([REFUSED, undefined]);
  });

  test("a name of another table that has been renamed in the same string", async () => {
    const client = await connect();
    const error = await errorOf(
      client.query(
        "ALTER TABLE small RENAME TO smaller; ALTER TABLE large RENAME TO small; CREATE INDEX ON small (id)",
      ),
    );
    await client.end();
    expect(error?.code).toBe(REFUSED);
  });
});

describe("what the server receives", () => {
  /** The type bytes of the messages that a session's use makes Straddle send. */
  async function receivedFor(settings: string, use: (client: WireClient) => Promise<void>) {
    const { host = "", port = 0 } = database.connection;
    const relay = await Relay.start({ host, port });
    const running = await startTestStraddle(
      database,
      `server: { host: 127.0.0.1, port: ${relay.port} }\nversion: { from: [comment: true] }\n${settings}`,
    );
    const client = await wireClient(database, running.port, {});
    const chunks: Buffer[] = [];
    relay.onSent = (chunk) => chunks.push(chunk);
    await use(client);
    relay.onSent = () => undefined;
    client.abandon();
    await running.stop();
    await relay.stop();
    const bytes = Buffer.concat(chunks);
    let types = "";
    for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
      types += String.fromCharCode(bytes[at] ?? 0);
    }
    return types;
  }

  async function say(client: WireClient, sql: string) {
    await client.send(query(sql));
    await client.until("ReadyForQuery");
    await client.send(...step(sql), sync());
    await client.until("ReadyForQuery");
  }

  const NOT_DDL = [
    "SELECT 1",
    "SELECT note FROM large WHERE id = 7 FOR UPDATE",
    "SELECT count(*) FROM large",
    "WITH one AS (SELECT 1) SELECT FROM one",
    "INSERT INTO small VALUES (1)",
    "UPDATE small SET id = 2 WHERE id = 1",
    "DELETE FROM small WHERE id = 2",
    "MERGE INTO small USING small AS s ON false WHEN NOT MATCHED THEN DO NOTHING",
    "BEGIN",
    "SAVEPOINT a",
    "RELEASE a",
    "COMMIT",
    "SET work_mem = '5MB'",
    "SHOW work_mem",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "EXPLAIN SELECT FROM large",
    "LISTEN x",
    "VACUUM small",
    "ANALYZE small",
    "DO $$ BEGIN PERFORM 1; END $$",
  ];

  for (const sql of NOT_DDL) {
    test(`no more than the client has sent: ${sql}`, async () => {
      const count = sql.startsWith("PREPARE") ? 1 : 2;
      const received = await receivedFor(SETTINGS, async (client) => {
        if (count === 2) return say(client, sql);
        await client.send(query(sql));
        await client.until("ReadyForQuery");
      });
      expect(received).toBe(count === 2 ? "QPBES" : "Q");
    });
  }

  test("a question in front of a schema change, and none where the rules are off", async () => {
    const use = (client: WireClient) =>
      say(client, "CREATE INDEX IF NOT EXISTS small_id ON small (id)");
    const lockTimeout = "lock_timeout: { on_missing: off }";
    const off = await receivedFor(`guard: { mode: off, ${lockTimeout} }`, use);
    const on = await receivedFor(`guard: { ${lockTimeout} }`, use);
    const question = "CPBECCS";
    expect([off, on]).toEqual(["QPBES", `${question}QPH${question}BES`]);
  });
});

describe("guard.mode", () => {
  async function recorded(mode: string, use: (client: pg.Client) => Promise<void>) {
    const path = join(folder, `${mode}-${Math.random()}.jsonl`);
    const running = await startTestStraddle(
      database,
      `guard: { mode: ${mode}, small_table: 100KiB, rules: { statement-timeout: off } }
audit: { to: file, path: ${path} }
metrics: { port: 0 }`,
    );
    const client = new pg.Client({ ...database.connection, host: "127.0.0.1", port: running.port });
    await client.connect();
    await use(client);
    await client.end();
    const metrics = await (await fetch(`http://127.0.0.1:${running.metricsPort}/metrics`)).text();
    await running.stop();
    const records = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ verb }) => verb === "CREATE INDEX")
      .map(({ verdict, rule, guard }) => ({ verdict, rule, guard }));
    const counted = metrics
      .split("\n")
      .filter((line) => line.startsWith("straddle_guard_findings_total{"))
      .map((line) =>
        line.replace(/.*(outcome|rule)="([^"]*)",(outcome|rule)="([^"]*)"\} /, "$2 $4 "),
      );
    const estimated = metrics.match(
      /^straddle_guard_estimated_seconds_total\{.*require-concurrent-index-creation.*\} (\S+)$/m,
    );
    return { records, counted, estimatedSeconds: Number(estimated?.[1] ?? 0) };
  }

  const rule = "require-concurrent-index-creation";

  test("observe: what would have been refused runs, and is recorded and counted", async () => {
    const found = await recorded("observe", async (client) => {
      await client.query("CREATE INDEX observed ON large (user_id)");
      await client.query({ name: "x", text: "CREATE INDEX observed_too ON large (user_id)" });
    });
    await runDirect(database, "DROP INDEX observed, observed_too");
    const guard = [
      { rule: "lock-timeout", outcome: "observe" },
      { rule, outcome: "observe" },
    ];
    expect(found.records).toEqual([
      { verdict: "pass", rule: undefined, guard },
      { verdict: "pass", rule: undefined, guard },
    ]);
    expect(found.estimatedSeconds).toBeGreaterThan(0);
    expect(found.counted.toSorted()).toEqual(
      ["observe lock-timeout 2", `observe ${rule} 2`].map((each) =>
        expect.stringContaining(each.split(" ")[1] ?? ""),
      ),
    );
  });

  test("enforce: it is refused, recorded and counted", async () => {
    const found = await recorded("enforce", async (client) => {
      await client.query("SET lock_timeout = '1s'");
      await errorOf(client.query("CREATE INDEX refused ON large (user_id)"));
    });
    expect(found.records).toEqual([
      { verdict: "refuse", rule, guard: [{ rule, outcome: "refuse" }] },
    ]);
    expect(found.counted).toEqual([expect.stringContaining(rule)]);
  });

  test("off: only lock_timeout is looked at", async () => {
    const found = await recorded("off", async (client) => {
      await client.query("SET lock_timeout = '1s'");
      await client.query("CREATE INDEX passed ON large (user_id)");
    });
    await runDirect(database, "DROP INDEX passed");
    expect(found).toEqual({
      records: [{ verdict: "pass", rule: undefined, guard: undefined }],
      counted: [],
      estimatedSeconds: 0,
    });
  });
});
