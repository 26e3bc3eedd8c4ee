import { connect, type Socket } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import { bind, copyData, execute, flush, parse, query, startup } from "../support/client-frames.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import { runStraddle, type StraddleProcess } from "../support/straddle-process.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** What breaks: the server under its sessions, clients that go in the middle, and very many at once. */

/** By hand 2000 and 200; both have to fit the machine. */
const IDLE_COUNT = Number(process.env["STRADDLE_FAULTS_IDLE"] ?? 150);
const BUSY_COUNT = Number(process.env["STRADDLE_FAULTS_BUSY"] ?? 20);
const MEBIBYTE = 1024 * 1024;

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
limits: { sessions_max: ${IDLE_COUNT + BUSY_COUNT + 100} }
`;

let server: EmbeddedServer;
let database: TestDatabase;
let straddle: StraddleProcess;
/** A connection past Straddle, made anew when the server has restarted. */
let direct: pg.Client;
const sockets: Socket[] = [];

beforeAll(async () => {
  const maxConnections = String(IDLE_COUNT + BUSY_COUNT + 50);
  // A server of its own: what is done to it ends all of its sessions.
  server = await startServer({ settings: { max_connections: maxConnections } });
  const { host, port } = server;
  const connection = { host, port, user: "postgres", database: "postgres" };
  const url = `postgres://postgres@${host}:${port}/postgres`;
  database = { name: "postgres", url, connection, drop: async () => undefined };
  await runDirect(database, "CREATE TABLE orders (id int PRIMARY KEY, user_id int)");
  straddle = await runStraddle(database, WINDOW);
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(async () => {
  await straddle?.stop();
  await server?.stop();
});

async function connectDirect(): Promise<void> {
  direct = new pg.Client(database.connection);
  direct.on("error", () => undefined);
  await direct.connect();
}

const sessionCount = () => straddle.metric("straddle_sessions");

async function untilServing(): Promise<void> {
  await until(
    "the server is back",
    async () => {
      const client = new pg.Client({ ...database.connection, port: straddle.port });
      client.on("error", () => undefined);
      try {
        await client.connect();
        const { rows } = await client.query("SELECT count(*)::int AS count FROM orders");
        await client.end();
        return rows.length === 1;
      } catch {
        return false;
      }
    },
    20_000,
  );
}

/** What a session was in when its server session was killed with -9. */
const IN: readonly {
  readonly what: string;
  readonly frames: readonly Buffer[];
  readonly sees: string;
}[] = [
  {
    what: "a result",
    frames: [query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)")],
    sees: "RowDescription",
  },
  {
    what: "COPY out",
    frames: [query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT")],
    sees: "CopyOutResponse",
  },
  {
    what: "COPY in",
    frames: [query("COPY orders FROM STDIN"), copyData("1\t1\n")],
    sees: "CopyInResponse",
  },
  {
    what: "a transaction by the extended protocol",
    frames: [
      query("BEGIN"),
      parse("", "INSERT INTO orders VALUES (2, 2)"),
      bind("", ""),
      execute(""),
      flush(),
    ],
    sees: "BindComplete",
  },
];

for (const { what, frames, sees } of IN) {
  test(`the server session is killed in the middle of ${what}: it ends, and nothing of it stays`, async () => {
    await connectDirect();
    const client = await wireClient(database, straddle.port, { application_name: "in@1.0.0" });
    const idle = await wireClient(database, straddle.port, { application_name: "idle@1.0.0" });
    await client.send(...frames);
    await client.until(sees);
    process.kill(client.pid, "SIGKILL");
    await client.untilClosed();
    await idle.untilClosed();
    // The postmaster ends all others, and says so; the killed one can't say anything.
    expect(idle.transcript.at(-2)).toMatch(/C57P0[12]\\0/);
    await untilServing();
    await until("no session is left", async () => (await sessionCount()) === 0);
    await connectDirect();
    const { rows } = await direct.query("SELECT count(*)::int AS count FROM orders");
    expect(rows).toEqual([{ count: 0 }]);
    await direct.end();
  });
}

test("a client that vanishes in a pipeline: its transaction is undone, and nothing leaks", async () => {
  await connectDirect();
  const before = await straddle.metric("process_resident_memory_bytes");
  const statement = [
    parse("", "INSERT INTO orders VALUES ($1::int, 1)"),
    ...Array.from({ length: 20 }, (_, index) => [
      bind("", "", [String(index)]),
      execute(""),
    ]).flat(),
  ];
  for (let round = 0; round < 20; round++) {
    const client = await wireClient(database, straddle.port, { application_name: "shop@2.0.0" });
    // The last message is cut, and there is no Sync.
    await client.send(query("BEGIN"), ...statement, parse("", "SELECT 1").subarray(0, 7));
    if (round % 2 === 0) await client.until("CommandComplete");
    client.abandon();
  }
  await until("no session is left", async () => (await sessionCount()) === 0);
  await until("no server session is left", async () => {
    const { rows } = await direct.query(
      "SELECT FROM pg_stat_activity WHERE application_name LIKE 'shop%'",
    );
    return rows.length === 0;
  });
  const { rows } = await direct.query("SELECT count(*)::int AS count FROM orders");
  expect(rows).toEqual([{ count: 0 }]);
  const grown = (await straddle.metric("process_resident_memory_bytes")) - before;
  expect(grown).toBeLessThan(64 * MEBIBYTE);
  await direct.end();
});

/** Logs in and stays, reading what comes. */
async function stay(): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: straddle.port, noDelay: true });
  sockets.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    let last = "";
    socket.on("data", (bytes: Buffer) => {
      last = (last + bytes.toString("latin1")).slice(-6);
      if (last === "Z\0\0\0\x05I") resolve();
    });
    socket.write(startup({ user: "postgres", database: "postgres", application_name: "s@1.0.0" }));
  });
  return socket;
}

test(`${IDLE_COUNT} idle sessions and ${BUSY_COUNT} busy ones: every answer is right, and memory is bounded`, async () => {
  const before = await straddle.metric("process_resident_memory_bytes");
  for (let at = 0; at < IDLE_COUNT; at += 50) {
    await Promise.all(Array.from({ length: Math.min(50, IDLE_COUNT - at) }, stay));
  }
  const withIdle = await straddle.metric("process_resident_memory_bytes");
  expect(await sessionCount()).toBe(IDLE_COUNT);
  const pool = Array.from(
    { length: BUSY_COUNT },
    () =>
      new pg.Client({ ...database.connection, port: straddle.port, application_name: "b@2.0.0" }),
  );
  await Promise.all(pool.map((client) => client.connect()));
  const startMs = performance.now();
  let doneCount = 0;
  await Promise.all(
    pool.map(async (client, index) => {
      for (let round = 0; round < 50; round++) {
        const { rows } = await client.query("SELECT $1::int AS me, $2::text AS text", [
          index,
          `${round}`,
        ]);
        expect(rows).toEqual([{ me: index, text: `${round}` }]);
        doneCount += 1;
      }
    }),
  );
  const perSecond = Math.round((doneCount * 1000) / (performance.now() - startMs));
  const withAll = await straddle.metric("process_resident_memory_bytes");
  await Promise.all(pool.map((client) => client.end()));
  const perSession = (withIdle - before) / IDLE_COUNT;
  if (process.env["STRADDLE_FAULTS_IDLE"] !== undefined) {
    const inMebibytes = [before, withIdle, withAll].map((size) => Math.round(size / MEBIBYTE));
    process.stderr.write(
      `MiB before, idle, busy: ${inMebibytes.join(", ")}; ${Math.round(perSession / 1024)} KiB a session, ${perSecond} a second\n`,
    );
  }
  expect(withAll - before).toBeLessThan(32 * MEBIBYTE + (IDLE_COUNT + BUSY_COUNT) * 128 * 1024);
  for (const socket of sockets.splice(0)) socket.destroy();
  await until("no session is left", async () => (await sessionCount()) === 0);
}, 120_000);
