import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  bind,
  copyData,
  execute,
  flush,
  frame,
  functionCall,
  int16,
  int32,
  parse,
  query,
  sync,
  terminate,
} from "../support/client-frames.ts";
import { hasPostgres15, POSTGRES_15 } from "../support/program.ts";
import { createDatabase, startServer, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { LARGE_WAYS, testContract } from "./contract.ts";
import {
  ask,
  type ContractCase,
  cancelSleep,
  type Step,
  send,
  until as untilMessage,
} from "./contract-case.ts";

/** OIDs of pg_proc.dat. */
const INT4PL = 177;
const MD5 = 2311;
const REPEAT = 1622;
const PG_SLEEP = 2626;
const SET_CONFIG = 2078;
const QUERY_TO_XML = 2924;
const INT4DIV = 154;

const LARGE = "x".repeat(3 * 1024 * 1024);

const shorten: Step = async ({ transcript }) => {
  for (const [index, line] of transcript.entries()) {
    transcript[index] = line.replaceAll(/x{1000,}/g, (run) => `(${run.length} x)`);
  }
};

const run = (sql: string) => [parse("", sql), bind("", ""), execute("")];

const CASES: readonly ContractCase[] = [
  {
    name: "an argument of 3 MiB",
    sees: ["< FunctionCallResponse", '"SELECT 1\\0"'],
    steps: [ask(functionCall(MD5, [LARGE])), ask(query("SELECT 1")), shorten],
  },
  {
    name: "an answer of 3 MiB",
    sees: ["(3145728 x)"],
    steps: [
      ask(functionCall(REPEAT, ["x", String(LARGE.length)])),
      ask(query("SELECT 1")),
      shorten,
    ],
  },
  {
    name: "a NULL, and formats of its own",
    sees: ['< FunctionCallResponse "\\xff\\xff\\xff\\xff"', "\\0\\0\\0\\x03"],
    steps: [
      ask(frame("F", int32(MD5), int16(0), int16(1), int32(-1), int16(0))),
      ask(
        frame(
          "F",
          ...[int32(INT4PL), int16(1), int16(1), int16(2)],
          ...[int32(4), int32(1), int32(4), int32(2), int16(1)],
        ),
      ),
    ],
  },
  {
    name: "one that fails, and what comes behind it in the same write",
    sees: ["C22012\\0", '"SELECT 1\\0"'],
    steps: [
      send(functionCall(INT4DIV, ["1", "0"]), query("SELECT 1"), functionCall(INT4PL, ["1", "2"])),
      untilMessage("ReadyForQuery"),
      untilMessage("ReadyForQuery"),
      untilMessage("ReadyForQuery"),
    ],
  },
  {
    name: "in a transaction block, and in a failed one",
    sees: ['< ReadyForQuery "T"', "C22012\\0", "C25P02\\0", '< ReadyForQuery "E"'],
    steps: [
      ask(query("BEGIN")),
      ask(functionCall(INT4PL, ["1", "2"])),
      ask(functionCall(INT4DIV, ["1", "0"])),
      ask(functionCall(INT4PL, ["1", "2"])),
      ask(functionCall(MD5, [LARGE])),
      ask(query("SELECT 1")),
      ask(query("ROLLBACK")),
      shorten,
    ],
  },
  {
    name: "in a batch, with an error before it: it is skipped",
    sees: ["C22012\\0", '"SELECT 1\\0"'],
    steps: [
      ask(...run("SELECT 1/0"), functionCall(MD5, [LARGE]), ...run("SELECT 2"), sync()),
      ask(...run("SELECT 1"), flush(), functionCall(INT4PL, ["1", "2"])),
      ask(sync()),
      shorten,
    ],
  },
  {
    name: "messages that end inside a field",
    sees: ["C08P01\\0", '"SELECT 1\\0"'],
    steps: [
      ask(frame("F")),
      ask(frame("F", Buffer.alloc(2))),
      ask(frame("F", int32(INT4PL))),
      ask(frame("F", int32(INT4PL), int16(0), int16(2), int32(1))),
      ask(frame("F", int32(INT4PL), int16(0), int16(2), int32(-2))),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "one that is cancelled",
    sees: ["C57014\\0"],
    steps: [
      send(functionCall(PG_SLEEP, ["60"])),
      cancelSleep(),
      untilMessage("ReadyForQuery"),
      ask(query("SELECT 1")),
    ],
  },
  {
    name: "within COPY it ends the session",
    sees: ["C08P01\\0", "closed"],
    steps: [
      send(query("COPY item FROM STDIN")),
      untilMessage("CopyInResponse"),
      send(copyData("4\td\n"), functionCall(INT4PL, ["1", "2"])),
      (client) => client.untilClosed(),
    ],
  },
];

describe("the same, direct and through", () => testContract(CASES, LARGE_WAYS));

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;
const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int);
  INSERT INTO orders VALUES (1, 10);
  CREATE SCHEMA other;
  CREATE TABLE other.orders (user_id int, id int);
  INSERT INTO other.orders VALUES (77, 2);
`;

async function setsSearchPath(database: TestDatabase): Promise<void> {
  await runDirect(database, SCHEMA);
  const straddle = await startTestStraddle(database, WINDOW);
  const client = await wireClient(database, straddle.port, { application_name: "shop@1.0.0" });
  const select = async () => {
    const from = client.transcript.length;
    await client.send(query("SELECT user_id FROM orders"));
    await client.until("ReadyForQuery");
    return client.transcript.slice(from).filter((line) => line.startsWith("< DataRow"));
  };
  try {
    expect(await select()).toEqual(['< DataRow "\\0\\x01\\0\\0\\0\\x0210"']);
    await client.send(functionCall(SET_CONFIG, ["search_path", "other", "f"]));
    await client.until("ReadyForQuery");
    expect(await select()).toEqual(['< DataRow "\\0\\x01\\0\\0\\0\\x0277"']);
    // And in a transaction that is rolled back.
    await client.send(query("BEGIN"));
    await client.until("ReadyForQuery");
    await client.send(functionCall(SET_CONFIG, ["search_path", "public", "f"]));
    await client.until("ReadyForQuery");
    expect(await select()).toEqual(['< DataRow "\\0\\x01\\0\\0\\0\\x0210"']);
    await client.send(query("ROLLBACK"));
    await client.until("ReadyForQuery");
    expect(await select()).toEqual(['< DataRow "\\0\\x01\\0\\0\\0\\x0277"']);
  } finally {
    await client.send(terminate());
    await client.untilClosed();
    await straddle.stop();
  }
}

test("one that sets the search_path: names are looked up along the new one", async () => {
  const database = await createDatabase();
  await setsSearchPath(database);
  await database.drop();
});

test.skipIf(!hasPostgres15)("the same on PostgreSQL 15, which does not tell of it", async () => {
  const server = await startServer({ binaries: POSTGRES_15 });
  const { host, port } = server;
  const connection = { host, port, user: "postgres", database: "postgres" };
  try {
    await setsSearchPath({ name: "postgres", url: "", connection, drop: async () => undefined });
  } finally {
    await server.stop();
  }
});

test("it is not rewritten, and it is in the audit log", async () => {
  const database = await createDatabase();
  await runDirect(database, SCHEMA);
  const folder = mkdtempSync(join(tmpdir(), "straddle-"));
  const path = join(folder, "audit.jsonl");
  const straddle = await startTestStraddle(
    database,
    `${WINDOW}audit: { to: file, path: ${path}, parameters: full }`,
  );
  const client = await wireClient(database, straddle.port, { application_name: "shop@1.0.0" });
  const call = async (oid: number, values: readonly string[]) => {
    await client.send(functionCall(oid, values));
    await client.until("ReadyForQuery");
  };
  await call(INT4PL, ["1", "2"]);
  await call(INT4DIV, ["1", "0"]);
  // SQL within a value is the server's business, as it is within a function.
  await call(QUERY_TO_XML, ["SELECT customer_id FROM orders", "t", "f", ""]);
  await call(QUERY_TO_XML, ["SELECT user_id FROM orders", "t", "f", ""]);
  await call(MD5, [LARGE]);
  const records = () =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line))
      .map(({ protocol, verb, sql, sqlstate, version }) => [
        protocol,
        verb,
        sql,
        sqlstate,
        version,
      ]);
  await until("the records", () => records().length === 5);
  const record = (oid: number, sqlstate?: string) => [
    "function_call",
    "FUNCTION CALL",
    `(function ${oid})`,
    sqlstate,
    "1.0.0",
  ];
  expect(records()).toEqual([
    record(INT4PL),
    record(INT4DIV, "22012"),
    record(QUERY_TO_XML),
    record(QUERY_TO_XML, "42703"),
    record(MD5),
  ]);
  await client.send(terminate());
  await client.untilClosed();
  await straddle.stop();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});
