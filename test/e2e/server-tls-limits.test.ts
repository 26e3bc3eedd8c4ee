import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { withConnection } from "../../src/cli/control-connection.ts";
import type { Straddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import {
  copyData,
  copyDone,
  frame,
  packet,
  query,
  SSL_REQUEST,
  startup,
} from "../support/client-frames.ts";
import { type Pair, ServerCertificates } from "../support/server-certificates.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { TlsServer } from "../support/tls-server.ts";
import { until } from "../support/until.ts";

/** Client certificates, what servers do wrong, files that change, cancelling, and much data. */

const certificates = new ServerCertificates();
let server: TlsServer;
let straddle: Straddle;
let direct: pg.Client;
let ca: string;
let good: Pair;
let certified: Pair;
let other: Pair;
let untrusted: Pair;
const servers: Server[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  const authority = certificates.authority("authority");
  const stranger = certificates.authority("stranger");
  ca = authority.cert;
  const issued = { issuer: authority, alternativeNames: "DNS:localhost" };
  good = certificates.certificate({ ...issued, name: "good", commonName: "good" });
  certified = certificates.certificate({ ...issued, name: "c1", commonName: "certified" });
  other = certificates.certificate({ ...issued, name: "c2", commonName: "other" });
  untrusted = certificates.certificate({
    name: "c3",
    issuer: stranger,
    commonName: "certified",
  });
  server = await TlsServer.start({
    pair: good,
    commonName: "good",
    clientCa: authority.cert,
    rules: "hostssl all certified 127.0.0.1/32 cert\nhost all certified 127.0.0.1/32 reject",
    sql: "CREATE ROLE certified LOGIN; CREATE TABLE item (id int, name text)",
  });
  direct = new pg.Client({ ...server.database.connection, ssl: false });
  await direct.connect();
  straddle = await startTestStraddle(server.database);
});

afterEach(() => {
  for (const each of servers.splice(0)) each.close();
  for (const each of sockets.splice(0)) each.destroy();
});

afterAll(async () => {
  await straddle?.stop();
  await direct?.end();
  await server?.stop();
  rmSync(certificates.folder, { recursive: true });
});

/** Sends new sessions elsewhere, by other rules; gives the settings for Straddle's own connection. */
function configure(
  port: number,
  tls: string,
  more: { readonly user?: string; readonly timeout?: string } = {},
) {
  const { user = "postgres", timeout = "5s" } = more;
  const loaded = parseConfig(
    `server: { host: localhost, port: ${port}, tls: { ${tls} }, connect_timeout: ${timeout} }
control: { user: ${user}, database: postgres }`,
    {},
  );
  if (loaded.kind === "error") throw new Error(loaded.message);
  straddle.state.configure(loaded.config);
  return loaded.config;
}

/** A session through Straddle: whether the server has it encrypted, or the error. */
async function session(user = "postgres"): Promise<string> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: straddle.port,
    user,
    database: "postgres",
    ssl: false,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      "SELECT ssl || ' ' || COALESCE(client_dn, 'nobody') AS name FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    return rows[0]?.name ?? "nothing";
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return `${error.severity} ${error.code} ${error.message}`;
  } finally {
    await client.end();
  }
}

/** A server that is none; gives its port. Each connection's first packet is in `firsts`. */
async function fake(
  greet: (socket: Socket, first: Buffer, count: number) => void,
  firsts: Buffer[] = [],
): Promise<number> {
  const listening = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", (first: Buffer) => {
      firsts.push(first);
      greet(socket, first, firsts.length);
    });
  });
  return listen(listening);
}

async function listen(listening: Server): Promise<number> {
  servers.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const FAILED = "FATAL 08006 straddle could not connect to the server: ";

/** What a plain text server would say to a session: that it is logged in, and ready. */
const WELCOME = Buffer.from("52 00000008 00000000 5a 00000005 49".replaceAll(" ", ""), "hex");

const misbehaviours: readonly {
  readonly name: string;
  readonly tls: string;
  readonly greet: (socket: Socket) => void;
  readonly message: RegExp;
}[] = [
  {
    name: "plain text in one piece with the S",
    tls: "mode: require",
    greet: (socket) => socket.write(Buffer.concat([Buffer.from("S"), WELCOME])),
    message: /the server sent unencrypted data behind its answer to the request for TLS$/,
  },
  {
    name: "plain text in one piece with the S, in mode prefer",
    tls: "mode: prefer",
    greet: (socket) => socket.write(Buffer.concat([Buffer.from("S"), WELCOME])),
    message: /the server sent unencrypted data behind its answer to the request for TLS$/,
  },
  {
    name: "plain text in one piece with the N",
    tls: "mode: prefer",
    greet: (socket) => socket.write(Buffer.concat([Buffer.from("N"), WELCOME])),
    message: /the server sent unencrypted data behind its answer to the request for TLS$/,
  },
  {
    name: "plain text soon after the S",
    tls: "mode: require",
    greet: (socket) => {
      socket.write("S");
      setTimeout(() => socket.write(WELCOME), 50);
    },
    message: /TLS with the server failed: (wrong version number|.*record.*)$/,
  },
  {
    name: "an error in place of the answer",
    tls: "mode: require",
    greet: (socket) => socket.end("E\0\0\0\x0aSFATAL\0"),
    message: /the server answered the request for TLS with an error$/,
  },
  {
    name: "another protocol",
    tls: "mode: prefer",
    greet: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    message: /the server's answer to the request for TLS is not PostgreSQL's$/,
  },
  {
    name: "an end in place of the answer",
    tls: "mode: require",
    greet: (socket) => socket.end(),
    message: /the server closed the connection$/,
  },
  {
    name: "an end in place of the handshake",
    tls: "mode: verify-full",
    greet: (socket) => {
      socket.write("S");
      socket.once("data", () => socket.end());
    },
    message: /TLS with the server failed: Client network socket disconnected/,
  },
  {
    name: "silence in place of the answer",
    tls: "mode: prefer",
    greet: () => undefined,
    message: /it did not answer in time$/,
  },
  {
    name: "silence in place of the handshake",
    tls: "mode: require, negotiation: direct",
    greet: () => undefined,
    message: /it did not answer in time$/,
  },
];

for (const { name, tls, greet, message } of misbehaviours) {
  test(`a server sends ${name}`, async () => {
    const config = configure(await fake(greet), tls, { timeout: "400ms" });
    const told = await session();
    expect(told).toMatch(message);
    expect(told.startsWith(FAILED)).toBe(true);
    const own = await withConnection(config, () => Promise.resolve("connected")).catch(String);
    // pg has a clock of its own, which is a little earlier.
    expect(own.replace("timeout expired", "it did not answer in time")).toMatch(message);
  });
}

const REFUSED = frame("E", "SFATAL", "C28000", "Mnobody may log in", Buffer.alloc(1));

test("prefer: after an error in place of the answer, a new connection in plain", async () => {
  const firsts: Buffer[] = [];
  const port = await fake((socket, _, count) => {
    if (count === 1) socket.end("E\0\0\0\x0aSFATAL\0");
    else socket.end(REFUSED);
  }, firsts);
  configure(port, "mode: prefer");
  expect(await session()).toBe("FATAL 28000 nobody may log in");
  expect(firsts[0]).toEqual(SSL_REQUEST);
  expect(firsts[1]?.readInt32BE(4)).toBe(196608);
  expect(firsts).toHaveLength(2);
});

/** What the ClientHello says, by a server with TLS that is not PostgreSQL's. */
test("the name is sent, but for IP addresses; the protocol must be agreed to", async () => {
  const names: string[] = [];
  const listening = createTlsServer({
    cert: readFileSync(good.cert),
    key: readFileSync(good.key),
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  });
  listening.on("tlsClientError", () => undefined);
  const port = await listen(listening);
  const tls = "mode: require, negotiation: direct";
  for (const name of ["localhost", "db.internal", "10.0.0.1"]) {
    configure(port, `${tls}, server_name: ${name}`);
    expect(await session()).toBe(
      `${FAILED}the server did not agree to the protocol postgresql, which server.tls.negotiation: direct needs`,
    );
  }
  expect(names).toEqual(["localhost", "db.internal"]);
});

test("direct negotiation begins with a ClientHello", async () => {
  const firsts: Buffer[] = [];
  const port = await fake((socket) => socket.destroy(), firsts);
  configure(port, "mode: require, negotiation: direct");
  await session();
  expect(firsts[0]?.[0]).toBe(0x16);
  expect(firsts[0]?.includes("postgresql")).toBe(true);
  configure(server.port, `mode: verify-full, ca: ${ca}, negotiation: direct`);
  expect(await session()).toBe("true nobody");
});

const clientCertificates = [
  { name: "its own", pair: () => certified, message: /^true \/CN=certified$/ },
  { name: "none", pair: () => undefined, message: /^FATAL 28000 connection requires a valid/ },
  { name: "another role's", pair: () => other, message: /^FATAL 28000 certificate authentication/ },
  {
    name: "one of an unknown authority",
    pair: () => untrusted,
    // The alert, unless the server's reset of the connection overtook it.
    message: new RegExp(`^${FAILED}(tlsv1 alert unknown ca|.*ECONNRESET|.*EPIPE)`),
  },
] as const;

for (const negotiation of ["postgres", "direct"]) {
  for (const { name, pair, message } of clientCertificates) {
    test(`a role that needs a certificate shows ${name} (${negotiation})`, async () => {
      const files = pair();
      const own = files === undefined ? "" : `, cert: ${files.cert}, key: ${files.key}`;
      const tls = `mode: verify-full, ca: ${ca}, negotiation: ${negotiation}${own}`;
      const config = configure(server.port, tls, { user: "certified" });
      expect(await session("certified")).toMatch(message);
      const control = withConnection(config, async (client) => {
        const { rows } = await client.query<{ user: string }>("SELECT current_user AS user");
        return rows[0]?.user;
      });
      if (name === "its own") expect(await control).toBe("certified");
      else await expect(control).rejects.toThrow(/^the server localhost:\d+ can't be reached/);
    });
  }
}

test("files are read for each connection, and what is wrong with one names it", async () => {
  const folder = certificates.folder;
  const files = { ca: join(folder, "now.ca"), cert: join(folder, "now.crt") };
  const key = join(folder, "now.key");
  const tls = `mode: verify-full, ca: ${files.ca}, cert: ${files.cert}, key: ${key}`;
  const config = configure(server.port, tls, { user: "certified" });
  const own = () => withConnection(config, () => Promise.resolve("connected")).catch(String);
  const put = (pair: Pair, authority = ca) => {
    copyFileSync(authority, files.ca);
    copyFileSync(pair.cert, files.cert);
    copyFileSync(pair.key, key);
  };
  const wrong = async (message: string) => {
    expect(await session("certified")).toBe(FAILED + message);
    expect(await own()).toBe(`SetupError: ${message}`);
  };
  await wrong(`server.tls.ca ${files.ca} can't be read: there is no such file or socket`);
  put(certified);
  expect(await session("certified")).toBe("true /CN=certified");
  expect(await own()).toBe("connected");
  put(other);
  expect(await session("certified")).toMatch(/^FATAL 28000 /);
  put(certified, untrusted.cert);
  expect(await session("certified")).toMatch(/TLS with the server failed: (unable|self-signed)/);
  put(certified);
  expect(await session("certified")).toBe("true /CN=certified");
  writeFileSync(files.ca, "nothing");
  await wrong(`server.tls.ca ${files.ca} holds no certificate in PEM`);
  put(certified);
  writeFileSync(key, readFileSync(certified.cert));
  await wrong(`server.tls.key ${key} holds no private key in PEM without a passphrase`);
  copyFileSync(other.key, key);
  await wrong(
    `server.tls.key ${key} is not the key of the certificate in server.tls.cert ${files.cert}`,
  );
  rmSync(files.cert);
  await wrong(`server.tls.cert ${files.cert} can't be read: there is no such file or socket`);
});

/** A way to the server that writes down what is said on it, a connection each. */
async function recorder(said: Buffer[][]): Promise<number> {
  const listening = createServer((socket) => {
    const chunks: Buffer[] = [];
    said.push(chunks);
    const onward = connect({ host: "127.0.0.1", port: server.port });
    sockets.push(socket, onward);
    for (const each of [socket, onward]) each.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.pipe(onward).pipe(socket);
  });
  return listen(listening);
}

for (const negotiation of ["postgres", "direct"]) {
  test(`a statement is cancelled by TLS, and nothing is legible on the way (${negotiation})`, async () => {
    const said: Buffer[][] = [];
    configure(await recorder(said), `mode: verify-full, ca: ${ca}, negotiation: ${negotiation}`);
    const client = new RawClient(straddle.port);
    await client.logIn();
    const answered = client.ask(query("SELECT pg_sleep(60), 'secret'"));
    await until("the statement runs", async () => {
      const { rowCount } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
      );
      return rowCount === 1;
    });
    const canceller = connect({ host: "127.0.0.1", port: straddle.port });
    sockets.push(canceller);
    canceller.write(packet(80877102, client.key));
    await answered;
    expect(client.text).toContain("C57014");
    expect(said).toHaveLength(2);
    for (const chunks of said) {
      const bytes = Buffer.concat(chunks);
      const handshake = negotiation === "postgres" ? bytes.subarray(8) : bytes;
      if (negotiation === "postgres") expect(bytes.subarray(0, 8)).toEqual(SSL_REQUEST);
      expect(handshake[0]).toBe(0x16);
      expect(bytes.includes("secret")).toBe(false);
      expect(bytes.includes(client.key)).toBe(false);
    }
    client.socket.destroy();
  });
}

/** A client that counts what it reads, and keeps the beginning. */
class RawClient {
  readonly socket: Socket;
  key: Buffer = Buffer.alloc(0);
  byteCount = 0;
  text = "";
  #isDone = false;
  #last: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port, noDelay: true });
    sockets.push(this.socket);
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => {
      this.byteCount += chunk.length;
      if (this.text.length < 10_000) this.text += chunk.toString("latin1");
      this.#last = Buffer.concat([this.#last, chunk]).subarray(-6);
      this.#isDone = this.#last.toString("latin1") === "Z\0\0\0\x05I";
    });
  }

  async logIn(): Promise<void> {
    await this.ask(startup({ user: "postgres", database: "postgres", application_name: "raw" }));
    const start = this.text.indexOf("K\0\0\0");
    this.key = Buffer.from(this.text.slice(start + 5, start + 13), "latin1");
    this.text = "";
  }

  async ask(...frames: readonly Buffer[]): Promise<void> {
    this.#isDone = false;
    this.socket.write(Buffer.concat(frames));
    await until("ReadyForQuery", () => this.#isDone, 25_000);
  }
}

const ROW_SIZE = 100_000;
const ROW_COUNT = 1_500;
/** What the process may grow by while it moves 150 MB, Straddle, client and test together. */
const GROWTH_MAX = 96 * 1024 * 1024;

/** The most that the process's memory grew by while `work` went on. */
async function growth(work: () => Promise<void>): Promise<number> {
  const used = () => {
    const { heapUsed, arrayBuffers, external } = process.memoryUsage();
    return heapUsed + arrayBuffers + external;
  };
  const before = used();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, used());
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

const isWaiting = async (event: string) => {
  const { rows } = await direct.query(
    `SELECT FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
      WHERE application_name = 'raw' AND wait_event = $1 AND ssl`,
    [event],
  );
  return rows.length === 1;
};

test("much comes through TLS; a client that stops reading stops the server", async () => {
  configure(server.port, `mode: verify-full, ca: ${ca}`);
  const client = new RawClient(straddle.port);
  await client.logIn();
  const grown = await growth(async () => {
    client.socket.pause();
    const answered = client.ask(
      query(`SELECT repeat('x', ${ROW_SIZE}) FROM generate_series(1, ${ROW_COUNT})`),
    );
    await until("the server waits for its client", () => isWaiting("ClientWrite"));
    const { byteCount } = client;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.byteCount).toBe(byteCount);
    expect(await isWaiting("ClientWrite")).toBe(true);
    client.socket.resume();
    await answered;
  });
  expect(client.byteCount).toBeGreaterThan(ROW_SIZE * ROW_COUNT);
  expect(grown).toBeLessThan(GROWTH_MAX);
});

test("much goes through TLS; a server that stops reading stops the client", async () => {
  configure(server.port, `mode: verify-full, ca: ${ca}`);
  const client = new RawClient(straddle.port);
  await client.logIn();
  await direct.query("BEGIN; LOCK TABLE item");
  const line = copyData(`1\t${"x".repeat(ROW_SIZE)}\n`);
  let sentCount = 0;
  const grown = await growth(async () => {
    const answered = client.ask(query("COPY item FROM STDIN"));
    const sendUntilFull = () => {
      while (sentCount < ROW_COUNT) {
        sentCount += 1;
        if (!client.socket.write(line)) return;
      }
      client.socket.off("drain", sendUntilFull);
      client.socket.write(copyDone());
    };
    client.socket.on("drain", sendUntilFull);
    sendUntilFull();
    await until("the server waits for the lock", () => isWaiting("relation"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sentCount).toBeLessThan(ROW_COUNT / 2);
    await direct.query("COMMIT");
    await answered;
  });
  const { rows } = await direct.query("SELECT count(*)::int AS count FROM item");
  expect(rows).toEqual([{ count: ROW_COUNT }]);
  expect(grown).toBeLessThan(GROWTH_MAX);
});
