import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { query, startup } from "../support/client-frames.ts";
import {
  BLACK_HOLE,
  hasNetworkNamespaces,
  NetworkNamespace,
} from "../support/network-namespace.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import {
  ownFolder,
  type StraddleProcess,
  startStraddleProcess,
  writeConfig,
} from "../support/straddle-process.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/**
 * Half-open connections: a peer is gone, and the network says nothing. The processes are in a network
 * of their own, whose address is taken away under them; the server is reached by its Unix socket.
 */

/** One second until the system asks, and ten questions of a second each. */
const KEEPALIVE = "keepalive: 1s";
const PATIENCE_MS = 25_000;

let database: TestDatabase;
let direct: pg.Client;
let serverSocket: string;
let namespace: NetworkNamespace;
let straddle: StraddleProcess | undefined;

beforeAll(async () => {
  database = await createDatabase();
  direct = new pg.Client(database.connection);
  await direct.connect();
  const { rows } = await direct.query("SHOW unix_socket_directories");
  serverSocket = `${rows[0].unix_socket_directories}/.s.PGSQL.${database.connection.port}`;
});

afterEach(async () => {
  straddle?.signal("SIGKILL");
  await straddle?.ended;
  straddle = undefined;
  namespace.close();
});

afterAll(async () => {
  await direct.end();
  await database.drop();
});

async function backends(name: string): Promise<number> {
  const { rowCount } = await direct.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
    [name],
  );
  return rowCount ?? 0;
}

async function start(yaml: string): Promise<string> {
  const socket = join(ownFolder(), ".s.PGSQL.6432");
  const config = writeConfig(database, `listen: { socket: ${socket}, ${yaml}`);
  straddle = await startStraddleProcess(config, { namespace });
  return socket;
}

async function localClient(socket: string, name: string): Promise<WireClient> {
  const client = await WireClient.connect({ path: socket });
  await client.send(startup({ user: "postgres", database: database.name, application_name: name }));
  await client.until("ReadyForQuery");
  return client;
}

describe.skipIf(!hasNetworkNamespaces)("a black hole", () => {
  test("in a client's place: its session ends, also on the server; others stay", async () => {
    namespace = await NetworkNamespace.open();
    const socket = await start(
      `host: ${BLACK_HOLE}, port: 6432, ${KEEPALIVE} }\n` + `server: { socket: ${serverSocket} }`,
    );
    const url = `postgres://postgres@${BLACK_HOLE}:6432/${database.name}?application_name=lost`;
    namespace.spawn("psql", ["-X", url]);
    await until("the session", async () => (await backends("lost")) === 1);
    const other = await localClient(socket, "other");
    await namespace.loseAddress();
    await until("its end", async () => (await backends("lost")) === 0, PATIENCE_MS);
    await other.send(query("SELECT 1"));
    await other.until("CommandComplete");
    other.abandon();
    await until("the last end", async () => (await backends("other")) === 0);
  });

  test("in the server's place: the client reads 08006", async () => {
    namespace = await NetworkNamespace.open();
    const forwarder = `
      const net = require("node:net");
      net.createServer((client) => {
        const server = net.connect(${JSON.stringify(serverSocket)});
        client.pipe(server).pipe(client);
        for (const each of [client, server]) each.on("error", () => {});
      }).listen(5432, "${BLACK_HOLE}", () => console.log("listening"));`;
    const { stdout } = namespace.spawn(process.execPath, ["-e", forwarder]);
    await new Promise((resolve) => stdout.once("data", resolve));
    const socket = await start(
      `port: 0 }\nserver: { host: ${BLACK_HOLE}, port: 5432, ${KEEPALIVE} }`,
    );
    const client = await localClient(socket, "cut-off");
    // The statement has arrived: nothing is on its way when the network goes.
    await client.send(query("SELECT pg_sleep(60)"));
    await until("the statement", async () => {
      const { rows } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'cut-off' AND wait_event = 'PgSleep'",
      );
      return rows.length === 1;
    });
    await namespace.loseAddress();
    const word = () => client.transcript.find((line) => line.startsWith("< ErrorResponse"));
    await until("the end", () => word() !== undefined, PATIENCE_MS);
    expect(word()).toContain("C08006\\0");
  });
});
