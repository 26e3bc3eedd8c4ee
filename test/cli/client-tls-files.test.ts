import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { Authority, hasOpenssl, type Pair } from "../support/certificates.ts";
import { query, startup } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { nextChunk, plainSocket, tlsSocket } from "../support/tls-client.ts";
import { until } from "../support/until.ts";

/** The files of `listen.tls`: at the start, and when they change. */

let database: TestDatabase;
let authority: Authority;
let before: Pair;
let after: Pair;
/** The files that Straddle reads. */
let cert: string;
let key: string;
let straddle: Straddle | undefined;

describe.skipIf(!hasOpenssl)("the files of listen.tls", () => {
  beforeAll(async () => {
    database = await createDatabase();
    authority = new Authority();
    before = authority.issue("before");
    after = authority.issue("after");
    cert = join(authority.folder, "tls.crt");
    key = join(authority.folder, "tls.key");
  });

  afterEach(async () => {
    await straddle?.stop();
    straddle = undefined;
  });

  afterAll(async () => {
    authority?.remove();
    await database?.drop();
  });

  async function start(tls: string): Promise<Straddle> {
    const listen = `listen: { port: 0, tls: { mode: allow, ${tls} } }`;
    straddle = await startTestStraddle(database, `${listen}\nmetrics: { port: 0 }`);
    return straddle;
  }

  function put(pair: Partial<Pair>): void {
    // As a whole, as a careful operator does.
    for (const [from, to] of [
      [pair.cert, cert],
      [pair.key, key],
    ] as const) {
      if (from === undefined) continue;
      copyFileSync(from, `${to}.new`);
      renameSync(`${to}.new`, to);
    }
  }

  const open = ({ port }: Straddle) =>
    tlsSocket(port, { ca: authority.caPem, servername: "localhost" });
  const nameOf = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN;
  async function nameNow(running: Straddle): Promise<unknown> {
    const socket = await open(running);
    const name = nameOf(socket);
    socket.destroy();
    return name;
  }
  async function check(running: Straddle): Promise<{ status: number; state: unknown }> {
    const response = await fetch(`http://127.0.0.1:${running.metricsPort}/readyz`);
    const body: unknown = await response.json();
    expect(body).toMatchObject({ checks: { client_tls: expect.anything() } });
    const text = JSON.stringify(body);
    const state = /"client_tls":(\{.*?\})/.exec(text)?.[1] ?? "";
    return { status: response.status, state: JSON.parse(state) };
  }

  test("a good change is in force for new connections, and the old ones go on", async () => {
    put(before);
    const running = await start(`cert: ${cert}, key: ${key}`);
    const old = await open(running);
    expect(nameOf(old)).toBe("before");
    put(after);
    await until("the new certificate", async () => (await nameNow(running)) === "after");
    expect(await check(running)).toEqual({ status: 200, state: { state: "ok" } });
    old.write(startup({ user: "postgres", database: database.name }));
    await nextChunk(old);
    old.write(query("SELECT 'still here'"));
    let seen = "";
    old.on("data", (chunk: Buffer) => {
      seen += chunk.toString("latin1");
    });
    await until("the answer", () => seen.includes("still here"));
    old.destroy();
  });

  const BAD: readonly {
    readonly what: string;
    readonly change: () => void;
    readonly says: RegExp;
  }[] = [
    {
      what: "a key of another certificate",
      change: () => put({ key: after.key }),
      says: /^listen\.tls\.key: .*tls\.key is not the key of .*tls\.crt$/,
    },
    {
      what: "no certificate",
      change: () => writeFileSync(cert, "not a certificate"),
      says: /^listen\.tls\.cert: .*tls\.crt is not a certificate in PEM/,
    },
    {
      what: "no key",
      change: () => writeFileSync(key, "not a key"),
      says: /^listen\.tls\.key: .*tls\.key is not a private key in PEM/,
    },
    {
      what: "a file that is gone",
      change: () => rmSync(key),
      says: /^listen\.tls\.key: .*tls\.key: there is no such file/,
    },
  ];

  for (const { what, change, says } of BAD) {
    test(`${what}: a warning, and what was there stays, until it is put right`, async () => {
      put(before);
      const running = await start(`cert: ${cert}, key: ${key}`);
      change();
      await until("the warning", async () => JSON.stringify(await check(running)).includes("warn"));
      const detail: unknown = expect.stringMatching(says);
      expect(await check(running)).toEqual({ status: 200, state: { state: "warning", detail } });
      expect(await nameNow(running)).toBe("before");
      put(after);
      await until("the new certificate", async () => (await nameNow(running)) === "after");
      expect((await check(running)).state).toEqual({ state: "ok" });
    });

    test(`${what}, at the start: it does not start`, async () => {
      put(before);
      change();
      await expect(start(`cert: ${cert}, key: ${key}`)).rejects.toThrow(says);
    });
  }

  test("an encrypted key, with the right password and without", async () => {
    const encrypted = authority.encrypt(before.key, "secret");
    const password = join(authority.folder, "password");
    writeFileSync(password, "secret\n");
    const tls = `cert: ${before.cert}, key: ${encrypted}`;
    const running = await start(`${tls}, key_password_file: ${password}`);
    expect(await nameNow(running)).toBe("before");
    await running.stop();
    writeFileSync(password, "wrong\n");
    const says = /listen\.tls\.key: .*, or its password is wrong: /;
    await expect(start(`${tls}, key_password_file: ${password}`)).rejects.toThrow(says);
    await expect(start(tls)).rejects.toThrow(says);
  });

  test("an authority without a certificate in it does not start", async () => {
    const tls = `cert: ${before.cert}, key: ${before.key}, ca: ${before.key}`;
    await expect(start(tls)).rejects.toThrow(/listen\.tls\.ca: .* is not a certificate in PEM/);
  });

  test("off: the files are not looked at", async () => {
    straddle = await startTestStraddle(
      database,
      "listen: { port: 0, tls: { mode: off, cert: /none, key: /none } }",
    );
    const socket = await plainSocket(straddle.port);
    socket.destroy();
  });
});
