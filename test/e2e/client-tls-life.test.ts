import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { Authority, hasOpenssl, type Pair } from "../support/certificates.ts";
import {
  copyData,
  copyDone,
  packet,
  query,
  SSL_REQUEST,
  startup,
} from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { nextChunk, plainSocket, tlsClient, tlsSocket } from "../support/tls-client.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** Sessions over TLS: how they are cancelled, wait, stall and end. */

let database: TestDatabase;
let authority: Authority;
let server: Pair;
let straddle: Straddle | undefined;

const trusted = () => ({ ca: authority.caPem, servername: "localhost" });
const parameters = () => ({ user: "postgres", database: database.name });

describe.skipIf(!hasOpenssl)("sessions over TLS", () => {
  beforeAll(async () => {
    database = await createDatabase();
    authority = new Authority();
    server = authority.issue("localhost");
  });

  afterEach(async () => {
    await straddle?.stop();
    straddle = undefined;
  });

  afterAll(async () => {
    authority?.remove();
    await database?.drop();
  });

  async function start(yaml = ""): Promise<number> {
    const tls = `{ mode: require, cert: ${server.cert}, key: ${server.key} }`;
    straddle = await startTestStraddle(database, `listen: { port: 0, tls: ${tls} }\n${yaml}`);
    return straddle.port;
  }

  async function logIn(client: WireClient, name = "life"): Promise<void> {
    await client.start({ ...parameters(), application_name: name });
    expect(client.transcript.at(-1)).toBe('< ReadyForQuery "I"');
  }

  const errorOf = (client: WireClient) =>
    client.transcript.find((line) => line.startsWith("< ErrorResponse"));

  test("cancel: over TLS and in plain, also where TLS is required", async () => {
    const port = await start();
    for (const isSecure of [true, false]) {
      const client = await tlsClient(port, trusted());
      await logIn(client);
      await client.send(query("SELECT pg_sleep(20)"));
      const request = packet(80877102, client.key);
      // Until the query runs, a cancel goes into the void.
      await until("the cancel", async () => {
        const socket = isSecure ? await tlsSocket(port, trusted()) : await plainSocket(port);
        socket.write(request);
        await closedAfter(socket);
        return errorOf(client) !== undefined;
      });
      expect(errorOf(client)).toContain("C57014");
    }
  });

  test("startup_timeout: it goes for the handshake as well", async () => {
    const port = await start("limits: { startup_timeout: 250ms }");
    const silent = await plainSocket(port);
    silent.write(SSL_REQUEST);
    const begun = await plainSocket(port);
    begun.write(Buffer.from([0x16, 3, 1]));
    const mute = await tlsSocket(port, trusted());
    const startedAt = performance.now();
    await Promise.all([silent, begun, mute].map(closedAfter));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("stop: handshakes and greetings under way are ended, sessions are drained", async () => {
    const port = await start();
    const begun = await plainSocket(port);
    begun.write(Buffer.from([0x16, 3, 1]));
    const mute = await tlsSocket(port, trusted());
    const client = await tlsClient(port, trusted());
    await logIn(client);
    const ended = Promise.all([begun, mute].map(closedAfter));
    await straddle?.stop();
    straddle = undefined;
    await ended;
    await client.untilClosed();
    expect(errorOf(client)).toContain("C57P01");
  });

  test("a client that vanishes, or breaks TLS, leaves no server session behind", async () => {
    const port = await start();
    const isThere = async () => {
      const direct = new pg.Client(database.connection);
      await direct.connect();
      const { rowCount } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'vanishing'",
      );
      await direct.end();
      return rowCount === 1;
    };
    for (const end of ["reset", "closed", "broken"]) {
      const plain = await plainSocket(port);
      plain.write(SSL_REQUEST);
      await nextChunk(plain);
      const secured = connectTls({ ...trusted(), socket: plain });
      const client = WireClient.over({ host: "127.0.0.1", port }, secured);
      await logIn(client, "vanishing");
      expect(await isThere()).toBe(true);
      if (end === "reset") plain.resetAndDestroy();
      else if (end === "closed") plain.destroy();
      else plain.write("Q\0\0\0\x0dSELECT 1\0");
      await until(`the end, ${end}`, async () => !(await isThere()), 3_000);
    }
  });

  test("a server that stalls stops the client, and all of it arrives in the end", async () => {
    const direct = new pg.Client(database.connection);
    await direct.connect();
    await direct.query("CREATE TABLE item (id int, name text)");
    await direct.query("BEGIN; LOCK TABLE item");
    const socket = await tlsSocket(await start(), trusted());
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received = (received + chunk.toString("latin1")).slice(-100);
    });
    socket.write(startup(parameters()));
    await until("the log-in", () => received.endsWith("Z\0\0\0\x05I"));
    socket.write(query("COPY item FROM STDIN"));
    const lineCount = 500;
    let sentCount = 0;
    const send = () => {
      while (sentCount < lineCount) {
        sentCount += 1;
        if (!socket.write(copyData(`${sentCount}\t${"x".repeat(100_000)}\n`))) return;
      }
      socket.write(copyDone());
    };
    socket.on("drain", send);
    send();
    let before = -1;
    await until("the client has to wait", async () => {
      const isStalled = before === sentCount;
      before = sentCount;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return isStalled;
    });
    expect(sentCount).toBeLessThan(lineCount / 2);
    await direct.query("COMMIT");
    await until("the answer", () => received.includes(`COPY ${lineCount}\0`), 25_000);
    const { rows } = await direct.query("SELECT sum(id)::int AS sum FROM item");
    expect(rows).toEqual([{ sum: (lineCount * (lineCount + 1)) / 2 }]);
    socket.destroy();
    await direct.end();
  });

  test("50 MB to a client that stalls: the server waits, and memory stays bounded", async () => {
    const SIZE = 50_000_000;
    const direct = new pg.Client(database.connection);
    await direct.connect();
    const socket = await tlsSocket(await start(), trusted());
    let byteCount = 0;
    let last = "";
    socket.on("data", (chunk: Buffer) => {
      byteCount += chunk.length;
      last = (last + chunk.toString("latin1")).slice(-6);
    });
    const isReady = () => last === "Z\0\0\0\x05I";
    socket.write(
      startup({ user: "postgres", database: database.name, application_name: "stalled" }),
    );
    await until("the log-in", isReady);
    const before = used();
    last = "";
    socket.pause();
    socket.write(query(`SELECT repeat('x', 100000) FROM generate_series(1, ${SIZE / 100_000})`));
    await until("the server waits", async () => {
      const { rowCount } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'stalled' AND wait_event = 'ClientWrite'",
      );
      return rowCount === 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stalledAt = byteCount;
    // What is on its way is in the kernel; this process has what one read or two bring.
    expect(used() - before).toBeLessThan(8_000_000);
    expect(stalledAt).toBeLessThan(SIZE / 10);
    socket.resume();
    await until("all of it", isReady, 25_000);
    expect(byteCount).toBeGreaterThan(SIZE);
    socket.destroy();
    await direct.end();
  });
});

async function closedAfter(socket: Socket): Promise<void> {
  socket.resume();
  socket.on("error", () => undefined);
  await until("the end", () => socket.closed);
}

function used(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
