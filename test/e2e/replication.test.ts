import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import type { Straddle } from "../../src/cli/run.ts";
import {
  copyData,
  copyDone,
  copyFail,
  execute,
  frame,
  functionCall,
  packet,
  parse,
  query,
  sync,
  terminate,
} from "../support/client-frames.ts";
import { hasPostgres15, POSTGRES_15, startProgram } from "../support/program.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** Replication connections: their own grammar passes, and what they take for SQL is SQL to Straddle. */

const SETTINGS = { wal_level: "logical", max_replication_slots: "20", max_wal_senders: "20" };

const STRADDLE = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
version:
  from: [{ startup: application_name, pattern: "^(?<app>[^@/ ]+)[@/](?<version>\\\\S+)$" }]
`;
const V1 = { application_name: "shop/1.0.0" };

/** What differs between two runs: places in the log, and the names of snapshots. */
const masked = (lines: readonly string[]) =>
  lines.map((line) =>
    line
      .replaceAll(/[0-9A-F]+\/[0-9A-F]+/g, "(lsn)")
      .replaceAll(/[0-9A-F]{8}-[0-9A-F]{8}-\d/g, "(snapshot)"),
  );

/** A Standby status update: all has been written, flushed and applied. */
function statusUpdate(lsn: bigint): Buffer {
  const body = Buffer.alloc(34);
  body.write("r", 0, "latin1");
  for (const position of [1, 9, 17]) body.writeBigInt64BE(lsn, position);
  body[33] = 1; // Asks for an answer.
  return frame("d", body);
}

type Step = (client: WireClient) => Promise<void>;

const ask =
  (...frames: readonly Buffer[]): Step =>
  async (client) => {
    await client.send(...frames);
    await client.until("ReadyForQuery");
  };

interface Case {
  readonly name: string;
  readonly mode: "database" | "true";
  readonly sees: readonly string[];
  readonly steps: readonly Step[];
}

const GRAMMAR = [
  "IDENTIFY_SYSTEM",
  " \t\n SHOW wal_level;",
  "show wal_level",
  "SHOW no_such_setting",
  "SHOW wal_level; SELECT 1",
  "identify_system",
  "/* a comment */ IDENTIFY_SYSTEM",
  "IDENTIFY_SYSTEMS",
  "SHOW$wal_level",
  "READ_REPLICATION_SLOT no_such_slot",
  "TIMELINE_HISTORY 1",
  "DROP_REPLICATION_SLOT no_such_slot",
  "START_REPLICATION 0/0 TIMELINE 99",
  "BOGUS",
  "",
  ";",
];

const CASES: readonly Case[] = [
  {
    name: "the grammar, of a database",
    mode: "database",
    sees: ['"IDENTIFY_SYSTEM\\0"', '"SHOW\\0"', "C42601\\0", "C42704\\0"],
    steps: GRAMMAR.map((sql) => ask(query(sql))),
  },
  {
    name: "the grammar, physical",
    mode: "true",
    sees: ['"IDENTIFY_SYSTEM\\0"', '"SHOW\\0"', "C0A000\\0"],
    steps: GRAMMAR.map((sql) => ask(query(sql))),
  },
  {
    name: "SQL, of a database",
    mode: "database",
    sees: ['"SELECT 2\\0"', '"DO\\0"', "C25P02\\0"],
    steps: [
      ask(query("SELECT id FROM item ORDER BY id; DO $$ BEGIN END $$")),
      ask(query("BEGIN")),
      ask(query("SELECT 1/0")),
      ask(query("IDENTIFY_SYSTEM")),
      ask(query("ROLLBACK")),
      ask(query("COPY item TO STDOUT")),
    ],
  },
  {
    name: "SQL, physical",
    mode: "true",
    sees: ["C0A000\\0"],
    steps: [
      ask(query("SELECT user_id FROM orders")),
      ask(query("ALTER TABLE orders ADD COLUMN note text")),
      ask(query("IDENTIFY_SYSTEM")),
    ],
  },
  {
    name: "the extended protocol and FunctionCall are refused",
    mode: "database",
    sees: ["C08P01\\0", '"SELECT 1\\0"'],
    steps: [
      ask(parse("", "SELECT user_id FROM orders"), execute(""), sync()),
      ask(parse("", "ALTER TABLE orders ADD COLUMN note text"), query("SELECT 1"), sync()),
      ask(functionCall(177, ["1", "2"])),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "many commands in one write",
    mode: "database",
    sees: ['"IDENTIFY_SYSTEM\\0"', '"SELECT 1\\0"'],
    steps: [
      (client) =>
        client.send(
          ...["SHOW wal_level", "SELECT 1", "BOGUS", "IDENTIFY_SYSTEM", "SELECT 2"].map(query),
        ),
      ...Array.from({ length: 5 }, (): Step => (client) => client.until("ReadyForQuery")),
    ],
  },
  {
    name: "a slot in a transaction, with its snapshot",
    mode: "database",
    sees: ["CREATE_REPLICATION_SLOT", '"SELECT 2\\0"'],
    steps: [
      ask(query("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ")),
      ask(query("CREATE_REPLICATION_SLOT once TEMPORARY LOGICAL pgoutput (SNAPSHOT 'use')")),
      ask(query("SELECT id FROM item ORDER BY id")),
      ask(query("COMMIT")),
    ],
  },
  {
    name: "a stream of changes: both sides send, the client ends it, and the session goes on",
    mode: "database",
    sees: ["< CopyBothResponse", "a new item", "< CopyDone", '"START_REPLICATION\\0"'],
    steps: [
      ask(query("CREATE_REPLICATION_SLOT stream TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT")),
      (client) =>
        client.send(
          query(
            "START_REPLICATION SLOT stream LOGICAL 0/0 (proto_version '1', publication_names 'all_of_it')",
          ),
        ),
      (client) => client.until("CopyBothResponse"),
      (client) => client.send(statusUpdate(1n)),
      (client) => changed(client),
      (client) => client.send(copyDone()),
      (client) => client.until("ReadyForQuery"),
      ask(query("SHOW wal_level")),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "a stream that is cancelled: the client still sends, and the session goes on",
    mode: "database",
    sees: ["< CopyBothResponse", "C57014\\0", '"SELECT 1\\0"'],
    steps: [
      ask(query("CREATE_REPLICATION_SLOT broken TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT")),
      (client) =>
        client.send(
          query(
            "START_REPLICATION SLOT broken LOGICAL 0/0 (proto_version '1', publication_names 'all_of_it')",
          ),
        ),
      (client) => client.until("CopyBothResponse"),
      (client) => changed(client),
      async (client) => {
        const canceller = await WireClient.connect(client.address);
        await canceller.send(packet(80877102, client.key));
        await canceller.untilClosed();
      },
      (client) => client.until("ErrorResponse"),
      (client) => client.until("ReadyForQuery"),
      (client) => client.send(statusUpdate(1n), copyDone()),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "a Query within a stream ends the session",
    mode: "database",
    sees: ["< CopyBothResponse", "SFATAL\\0", "C08P01\\0", "closed"],
    steps: [
      ask(query("CREATE_REPLICATION_SLOT wrong TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT")),
      (client) =>
        client.send(
          query(
            "START_REPLICATION SLOT wrong LOGICAL 0/0 (proto_version '1', publication_names 'all_of_it')",
          ),
        ),
      (client) => client.until("CopyBothResponse"),
      (client) => client.send(query("CREATE INDEX CONCURRENTLY ON item (name)")),
      (client) => client.untilClosed(),
    ],
  },
  {
    name: "a manifest is sent up, where the server knows of that, and is none",
    mode: "true",
    sees: ['"IDENTIFY_SYSTEM\\0"'],
    steps: [
      ask(query("UPLOAD_MANIFEST"), copyData("no manifest"), copyDone()),
      ask(query("UPLOAD_MANIFEST"), copyFail("no")),
      ask(query("BASE_BACKUP (INCREMENTAL)")),
      ask(query("IDENTIFY_SYSTEM")),
    ],
  },
  {
    name: "a physical stream",
    mode: "true",
    sees: ["< CopyBothResponse", "a new item", "< CopyDone"],
    steps: [
      async (client) => {
        const lsn = await flushedLsn();
        await client.send(query(`START_REPLICATION ${lsn}`));
        await client.until("CopyBothResponse");
        await changed(client); // The server's own records, and its keepalives, may come before.
        await client.send(copyDone());
        await client.until("ReadyForQuery");
      },
      ask(query("IDENTIFY_SYSTEM")),
    ],
  },
];

let database: TestDatabase;

const change = () => runDirect(database, "INSERT INTO item VALUES (7, 'a new item')");

async function changed(client: WireClient): Promise<void> {
  await change();
  await until("the change", () => client.transcript.some((line) => line.includes("a new item")));
}

/** Where a physical stream may begin: the server refuses what is written and not yet flushed. */
async function flushedLsn(): Promise<string> {
  const client = new pg.Client(database.connection);
  await client.connect();
  const { rows } = await client.query("SELECT pg_current_wal_flush_lsn()::text AS lsn");
  await client.end();
  return rows[0].lsn;
}

/** Without what comes by the clock, and, of what comes, without its times. */
function comparable(transcript: readonly string[]): string[] {
  const kept = transcript.filter((line) => !line.startsWith("< CopyData") || line.includes("new"));
  return masked(kept).map((line) => {
    const change = /^< CopyData .*(a new item)/.exec(line);
    return change === null ? line : `< CopyData (${change[1]})`;
  });
}

const SERVERS = [
  { name: "PostgreSQL 18", binaries: undefined, isThere: true },
  { name: "PostgreSQL 15", binaries: POSTGRES_15, isThere: hasPostgres15 },
];

for (const { name, binaries, isThere } of SERVERS) {
  describe.skipIf(!isThere)(name, () => {
    let server: EmbeddedServer;
    let straddle: Straddle;
    const folder = mkdtempSync(join(tmpdir(), "straddle-"));
    const auditPath = join(folder, "audit.jsonl");

    beforeAll(async () => {
      server = await startServer({
        ...(binaries === undefined ? {} : { binaries }),
        settings: SETTINGS,
      });
      const connection = {
        host: server.host,
        port: server.port,
        user: "postgres",
        database: "postgres",
      };
      database = { name: "postgres", url: "", connection, drop: async () => undefined };
      await runDirect(
        database,
        `CREATE TABLE item (id int, name text);
         INSERT INTO item VALUES (1, 'a'), (2, 'b');
         CREATE TABLE orders (id int PRIMARY KEY, customer_id int);
         INSERT INTO orders VALUES (1, 10);
         CREATE PUBLICATION all_of_it FOR ALL TABLES WITH (publish = 'insert')`,
      );
      straddle = await startTestStraddle(
        database,
        `${STRADDLE}audit: { to: file, path: ${auditPath}, parameters: none }`,
      );
    });

    afterAll(async () => {
      await straddle?.stop();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const clients: WireClient[] = [];

    afterEach(async () => {
      for (const client of clients.splice(0)) client.abandon();
      await runDirect(database, "DELETE FROM item WHERE id > 2");
    });

    async function logIn(
      port: number | undefined,
      parameters: Readonly<Record<string, string>>,
    ): Promise<WireClient> {
      const client = await wireClient(database, port, parameters);
      clients.push(client);
      return client;
    }

    for (const { name: title, mode, sees, steps } of CASES) {
      test(title, async () => {
        const play = async (port: number | undefined) => {
          const client = await logIn(port, { replication: mode, application_name: "case" });
          const from = client.transcript.length;
          for (const step of steps) await step(client);
          await client.send(terminate());
          await client.untilClosed();
          await runDirect(database, "DELETE FROM item WHERE id > 2");
          return client.transcript.slice(from);
        };
        const direct = await play(undefined);
        const through = await play(straddle.port);
        for (const text of sees) expect(direct.join("\n")).toContain(text);
        expect(comparable(through)).toEqual(comparable(direct));
      });
    }

    const last = async (client: WireClient, sql: string) => {
      const from = client.transcript.length;
      await ask(query(sql))(client);
      return client.transcript.slice(from).join("\n");
    };

    test("SQL of a database's walsender is under windows and guard", async () => {
      const client = await logIn(straddle.port, { replication: "database", ...V1 });
      const rows = await last(client, "SELECT user_id FROM orders");
      expect(rows).toContain('< RowDescription "\\0\\x01user_id\\0');
      expect(rows).toContain("SELECT 1\\0");
      const alter = "ALTER TABLE item ADD COLUMN note text";
      expect(await last(client, alter)).toContain("Rstraddle:lock-timeout\\0");
      const index = "CREATE INDEX CONCURRENTLY item_name ON item (name)";
      expect(await last(client, index)).toContain("Rstraddle:lock-timeout\\0");
      expect(await last(client, "SHOW wal_level")).toContain("logical");
      await last(client, "SET lock_timeout = '1s'");
      expect(await last(client, index)).toContain('"CREATE INDEX\\0"');
      expect(await last(client, "DROP INDEX item_name")).toContain('"DROP INDEX\\0"');
      // The search_path is asked for in between, and the transaction is the client's.
      await last(client, "BEGIN; SET LOCAL search_path = pg_catalog, public");
      expect(await last(client, "SELECT user_id FROM orders")).toContain("SELECT 1\\0");
      expect(await last(client, "ROLLBACK")).toContain('< ReadyForQuery "I"');
    });

    test("a walsender keeps the name that it gave, which names its standby", async () => {
      const client = await logIn(straddle.port, { replication: "database", ...V1 });
      expect(await last(client, "SELECT current_setting('application_name')")).toContain(
        "shop/1.0.0",
      );
      const plain = await logIn(straddle.port, V1);
      expect(await last(plain, "SELECT current_setting('application_name')")).toContain(
        "shop@1.0.0",
      );
    });

    test("its commands and its SQL have audit records", async () => {
      const client = await logIn(straddle.port, { replication: "database", application_name: "r" });
      await ask(query("IDENTIFY_SYSTEM"))(client);
      await ask(query("SHOW no_such_setting"))(client);
      await ask(query("CREATE_REPLICATION_SLOT audited TEMPORARY LOGICAL pgoutput"))(client);
      await ask(query("SELECT id FROM item"))(client);
      await client.send(
        query(
          "START_REPLICATION SLOT audited LOGICAL 0/0 (proto_version '1', publication_names 'all_of_it')",
        ),
      );
      await client.until("CopyBothResponse");
      const records = () =>
        readFileSync(auditPath, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line))
          .slice(-5)
          .map(({ protocol, verb, sqlstate, rows }) => [protocol, verb, sqlstate ?? rows]);
      await until("the record of the stream", () => records().at(-1)?.[1] === "START_REPLICATION");
      expect(records()).toEqual([
        ["replication", "IDENTIFY_SYSTEM", 0],
        ["replication", "SHOW", "42704"],
        ["replication", "CREATE_REPLICATION_SLOT", 0],
        ["simple", "SELECT", 2],
        ["replication", "START_REPLICATION", 0],
      ]);
    });

    test.skipIf(binaries !== undefined)(
      "a stream is ended when Straddle stops, at the deadline",
      async () => {
        const own = await startTestStraddle(database, `${STRADDLE}shutdown: { delay_max: 500ms }`);
        const client = await logIn(own.port, { replication: "true", application_name: "s" });
        await client.send(query(`START_REPLICATION ${await flushedLsn()}`));
        await client.until("CopyBothResponse");
        await own.stop();
        await client.untilClosed();
        const [end, close] = client.transcript.slice(-2);
        expect(end).toMatch(/^< ErrorResponse "SFATAL\\0VFATAL\\0C57P01\\0/);
        expect(close).toBe("closed");
      },
    );

    describe.skipIf(binaries === undefined)("its programs", () => {
      const through = (more = "") => [
        "-h",
        "127.0.0.1",
        "-p",
        String(straddle.port),
        "-U",
        "postgres",
        ...(more === "" ? [] : ["-d", more]),
      ];

      test("pg_basebackup", async () => {
        const target = join(folder, "backup");
        const args = [...through(), "-D", target, "-X", "stream", "-c", "fast", "--no-sync"];
        await startProgram("pg_basebackup", args).ended;
        await startProgram("pg_verifybackup", [target]).ended;
        expect(readdirSync(target)).toContain("backup_manifest");
      });

      test("pg_receivewal", async () => {
        const target = mkdtempSync(join(folder, "wal-"));
        const slot = ["--slot", "received"];
        await startProgram("pg_receivewal", [...through(), ...slot, "--create-slot"]).ended;
        const program = startProgram("pg_receivewal", [...through(), ...slot, "-D", target]);
        await until("the log is received", async () => {
          await change();
          const received = readdirSync(target).filter((file) => file.endsWith(".partial"));
          return received.length > 0;
        });
        await runDirect(database, "SELECT pg_switch_wal()");
        await until("a whole file of it", () =>
          readdirSync(target).some((file) => /^[0-9A-F]{24}$/.test(file)),
        );
        program.interrupt();
        await program.ended;
        await startProgram("pg_receivewal", [...through(), ...slot, "--drop-slot"]).ended;
      });

      test("pg_recvlogical", async () => {
        const target = join(folder, "changes.txt");
        const slot = [...through("postgres"), "--slot", "decoded"];
        await startProgram("pg_recvlogical", [...slot, "--create-slot", "-P", "test_decoding"])
          .ended;
        const program = startProgram("pg_recvlogical", [
          ...slot,
          "--start",
          "-f",
          target,
          "-F",
          "0",
          "-s",
          "1",
        ]);
        await change();
        await until("the change", () => read(target).includes("'a new item'"));
        program.interrupt();
        await program.ended;
        await startProgram("pg_recvlogical", [...slot, "--drop-slot"]).ended;
      });

      test("a subscription: its first copy and its stream", async () => {
        const other = { ...database, connection: { ...database.connection, database: "other" } };
        await runDirect(database, "CREATE DATABASE other");
        await runDirect(
          database,
          "SELECT pg_create_logical_replication_slot('subbed', 'pgoutput')",
        );
        await runDirect(
          other,
          "CREATE TABLE item (id int, name text); CREATE TABLE orders (id int PRIMARY KEY, customer_id int)",
        );
        await runDirect(
          other,
          `CREATE SUBSCRIPTION subbed CONNECTION 'host=127.0.0.1 port=${straddle.port} user=postgres dbname=postgres'
           PUBLICATION all_of_it WITH (create_slot = false)`,
        );
        const reader = new pg.Client(other.connection);
        await reader.connect();
        const count = async (sql: string) => (await reader.query(sql)).rows[0].count;
        await until(
          "the first copy",
          async () => (await count("SELECT count(*)::int FROM item")) >= 2,
          15_000,
        );
        await change();
        await until(
          "the stream",
          async () => (await count("SELECT count(*)::int FROM item WHERE id = 7")) === 1,
          15_000,
        );
        await reader.end();
        await runDirect(other, "DROP SUBSCRIPTION subbed");
        await runDirect(database, "DROP DATABASE other");
      });
    });
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
