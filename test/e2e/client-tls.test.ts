import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { Authority, hasOpenssl, type Pair } from "../support/certificates.ts";
import { GSSENC_REQUEST, query, SSL_REQUEST, startup } from "../support/client-frames.ts";
import { AUTH_PASSWORD, createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import {
  directTlsSocket,
  nextChunk,
  plainSocket,
  tlsClient,
  tlsSocket,
} from "../support/tls-client.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** How a client gets into TLS, and what of it is refused. */

const ALPN = { ALPNProtocols: ["postgresql"] };

let database: TestDatabase;
let authority: Authority;
let server: Pair;
let straddle: Straddle | undefined;
const clients: WireClient[] = [];

const trusted = () => ({ ca: authority.caPem, servername: "localhost" });

describe.skipIf(!hasOpenssl)("TLS towards clients", () => {
  beforeAll(async () => {
    database = await createDatabase();
    authority = new Authority();
    server = authority.issue("localhost");
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.abandon();
    await straddle?.stop();
    straddle = undefined;
  });

  afterAll(async () => {
    authority?.remove();
    await database?.drop();
  });

  async function start(tls: string, yaml = ""): Promise<number> {
    const files = `cert: ${server.cert}, key: ${server.key}`;
    const listen = `listen: { port: 0, socket: ${authority.folder}, tls: { ${files}, ${tls} } }`;
    straddle = await startTestStraddle(database, `${listen}\n${yaml}`);
    return straddle.port;
  }

  const kept = (client: WireClient): WireClient => {
    clients.push(client);
    return client;
  };
  const plainClient = async (port: number) =>
    kept(await WireClient.connect({ host: "127.0.0.1", port }));
  const parameters = () => ({ user: "postgres", database: database.name });

  /** Logs in and asks something: what came at the end. */
  async function logIn(client: WireClient, more: Record<string, string> = {}, password = "") {
    kept(client);
    await client.start({ ...parameters(), ...more }, password);
    const isIn = client.transcript.at(-1)?.startsWith("< ReadyForQuery") === true;
    if (!isIn) return errorOf(client);
    await client.send(query("SELECT 1"));
    await client.until("ReadyForQuery");
    return client.transcript.find((line) => line.startsWith("< CommandComplete"));
  }
  const IN = '< CommandComplete "SELECT 1\\0"';

  /** SQLSTATE, message, and the rest of the fields. */
  const errorOf = (client: WireClient) =>
    client.transcript.find((line) => line.startsWith("< ErrorResponse"));

  async function closedAfter(socket: Socket): Promise<Buffer> {
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.on("error", () => undefined);
    await until("the end", () => socket.closed);
    return Buffer.concat(received);
  }

  test("allow: with TLS and without", async () => {
    const port = await start("mode: allow");
    expect(await logIn(await tlsClient(port, trusted()))).toBe(IN);
    expect(await logIn(await plainClient(port))).toBe(IN);
  });

  test("off: N, and on in plain", async () => {
    const client = await plainClient(await start("mode: off"));
    await client.request(SSL_REQUEST);
    expect(client.transcript.at(-1)).toBe("< byte N");
    expect(await logIn(client)).toBe(IN);
  });

  test("require: plain is refused, in words", async () => {
    const port = await start("mode: require");
    expect(await logIn(await tlsClient(port, trusted()))).toBe(IN);
    const refused = await plainClient(port);
    const error = await logIn(refused);
    expect(error).toMatch(/C28000\\0M.*host \\"127\.0\.0\.1\\", user \\"postgres\\"/);
    expect(error).toMatch(/no encryption\\0HConnect with TLS: sslmode=require/);
    await refused.untilClosed();
  });

  test("require: Unix sockets are exempt, and have no TLS", async () => {
    await start("mode: require");
    const client = kept(await WireClient.connect({ path: straddle?.socket ?? "" }));
    await client.request(SSL_REQUEST);
    expect(client.transcript.at(-1)).toBe("< byte N");
    expect(await logIn(client)).toBe(IN);
  });

  test("require: passwords within TLS", async () => {
    const port = await start("mode: require");
    for (const user of ["user_scram", "user_md5", "user_password"]) {
      expect(await logIn(await tlsClient(port, trusted()), { user }, AUTH_PASSWORD)).toBe(IN);
      const error = await logIn(await tlsClient(port, trusted()), { user }, "wrong");
      expect(error).toContain("C28P01");
    }
  });

  test("GSSENCRequest, SSLRequest, TLS", async () => {
    const socket = await plainSocket(await start("mode: require"));
    socket.write(GSSENC_REQUEST);
    expect((await nextChunk(socket)).toString()).toBe("N");
    socket.write(SSL_REQUEST);
    expect((await nextChunk(socket)).toString()).toBe("S");
    const secured = connectTls({ ...trusted(), socket });
    const client = WireClient.over({ host: "127.0.0.1", port: 0 }, secured);
    expect(await logIn(client)).toBe(IN);
  });

  test("SSLRequest byte by byte, and the handshake in pieces", async () => {
    const socket = await plainSocket(await start("mode: require"));
    for (const byte of SSL_REQUEST) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect((await nextChunk(socket)).toString()).toBe("S");
    const secured = connectTls({ ...trusted(), socket: inPieces(socket) });
    expect(await logIn(WireClient.over({ host: "127.0.0.1", port: 0 }, secured))).toBe(IN);
  });

  test("direct: the ClientHello in pieces", async () => {
    const socket = await plainSocket(await start("mode: require"));
    const secured = connectTls({ ...trusted(), ...ALPN, socket: inPieces(socket) });
    expect(await logIn(WireClient.over({ host: "127.0.0.1", port: 0 }, secured))).toBe(IN);
  });

  test("direct: with ALPN it is let in, and an SSLRequest within is answered N", async () => {
    const port = await start("mode: require");
    const socket = await directTlsSocket(port, { ...trusted(), ...ALPN });
    expect(socket.alpnProtocol).toBe("postgresql");
    const client = WireClient.over({ host: "127.0.0.1", port }, socket);
    await client.request(SSL_REQUEST);
    expect(client.transcript.at(-1)).toBe("< byte N");
    expect(await logIn(client)).toBe(IN);
  });

  test("direct: without ALPN it is closed", async () => {
    const port = await start("mode: allow");
    // In TLS 1.3 a client is through before the server is.
    const socket = await directTlsSocket(port, trusted()).catch(() => undefined);
    if (socket !== undefined) expect(await closedAfter(socket)).toHaveLength(0);
    expect(await logIn(await plainClient(port))).toBe(IN);
  });

  test("direct: with TLS off, or on a Unix socket, it is closed", async () => {
    const port = await start("mode: off");
    await expect(directTlsSocket(port, { ...trusted(), ...ALPN })).rejects.toThrow();
    await straddle?.stop();
    await start("mode: require");
    const socket = connect({ path: straddle?.socket ?? "" });
    const secured = connectTls({ ...trusted(), ...ALPN, socket });
    await expect(closedAfter(secured)).resolves.toHaveLength(0);
    expect(secured.getProtocol()).toBe(null);
  });

  test("ALPN after SSLRequest: the protocol's name is confirmed, another one is refused", async () => {
    const port = await start("mode: allow");
    const good = await tlsSocket(port, { ...trusted(), ...ALPN });
    expect(good.alpnProtocol).toBe("postgresql");
    good.destroy();
    const wrong = tlsSocket(port, { ...trusted(), ALPNProtocols: ["http/1.1"] });
    await expect(wrong).rejects.toThrow(/no application protocol/);
    const direct = directTlsSocket(port, { ...trusted(), ALPNProtocols: ["http/1.1"] });
    await expect(direct).rejects.toThrow(/no application protocol/);
  });

  test("TLS 1.1 is refused, 1.2 is not", async () => {
    const port = await start("mode: allow");
    const old = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "ALL@SECLEVEL=0" } as const;
    await expect(tlsSocket(port, { ...trusted(), ...old })).rejects.toThrow(/protocol version/);
    const socket = await tlsSocket(port, { ...trusted(), maxVersion: "TLSv1.2" });
    expect(socket.getProtocol()).toBe("TLSv1.2");
    expect(await logIn(WireClient.over({ host: "127.0.0.1", port }, socket))).toBe(IN);
  });

  for (const mode of ["off", "allow", "require"]) {
    test(`${mode}: what comes in plain behind an SSLRequest is refused (CVE-2021-23214)`, async () => {
      const socket = await plainSocket(await start(`mode: ${mode}`));
      socket.write(Buffer.concat([SSL_REQUEST, startup(parameters())]));
      const answer = (await closedAfter(socket)).toString("latin1");
      expect(answer).toMatch(mode === "off" ? /^NE/ : /^E/);
      expect(answer).toContain("C08P01\0Mreceived unencrypted data after SSL request\0");
    });
  }

  test("a startup in plain where the handshake should be: closed, and nobody is logged in", async () => {
    const socket = await plainSocket(await start("mode: require"));
    socket.write(SSL_REQUEST);
    expect((await nextChunk(socket)).toString()).toBe("S");
    socket.write(startup(parameters()));
    // A TLS alert (0x15) at most.
    expect([undefined, 0x15]).toContain((await closedAfter(socket))[0]);
  });

  for (const [name, request, code] of [
    ["SSLRequest", SSL_REQUEST, "1234.5679"],
    ["GSSENCRequest", GSSENC_REQUEST, "1234.5680"],
  ] as const) {
    test(`${name} within TLS is refused, as by the server`, async () => {
      const client = kept(await tlsClient(await start("mode: allow"), trusted()));
      await client.send(request);
      await client.untilClosed();
      expect(errorOf(client)).toContain(`C0A000\\0Munsupported frontend protocol ${code}`);
    });
  }

  const withPair = (pair: Pair) => ({
    ...trusted(),
    cert: readFileSync(pair.cert),
    key: readFileSync(pair.key),
  });

  test("client certificates: none, the user's, another's, another authority's", async () => {
    const other = new Authority("another authority");
    const pairs = {
      none: undefined,
      user: authority.issue("postgres"),
      another: authority.issue("somebody"),
      foreign: other.issue("postgres"),
    };
    const results: string[] = [];
    for (const clientCert of ["optional", "verify-ca", "verify-full"]) {
      const port = await start(
        `mode: require, ca: ${authority.ca.cert}, client_cert: ${clientCert}`,
      );
      for (const [name, pair] of Object.entries(pairs)) {
        const options = pair === undefined ? trusted() : withPair(pair);
        const seen = await logIn(await tlsClient(port, options));
        const words = /C28000\\0M(.*?)\\0H/.exec(seen ?? "")?.[1] ?? (seen === IN ? "in" : seen);
        results.push(`${clientCert}, ${name}: ${words}`);
      }
      await straddle?.stop();
    }
    other.remove();
    const NEEDS = "connection requires a valid client certificate";
    const OTHER = 'certificate authentication failed for user \\"postgres\\"';
    expect(results).toEqual([
      "optional, none: in",
      "optional, user: in",
      "optional, another: in",
      `optional, foreign: ${NEEDS}`,
      `verify-ca, none: ${NEEDS}`,
      "verify-ca, user: in",
      "verify-ca, another: in",
      `verify-ca, foreign: ${NEEDS}`,
      `verify-full, none: ${NEEDS}`,
      "verify-full, user: in",
      `verify-full, another: ${OTHER}`,
      `verify-full, foreign: ${NEEDS}`,
    ]);
  });
});

/** The same connection; what is sent goes out in pieces of a few bytes. */
function inPieces(socket: Socket): Duplex {
  return new Duplex({
    read() {
      socket.on("data", (chunk: Buffer) => this.push(chunk));
      this._read = () => undefined;
    },
    write(chunk: Buffer, _, callback) {
      const next = (position: number) => {
        if (position >= chunk.length) return callback();
        socket.write(chunk.subarray(position, position + 7), () =>
          setImmediate(next, position + 7),
        );
      };
      next(0);
    },
  });
}
