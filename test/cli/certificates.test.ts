import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CertificateWatch } from "../../src/cli/certificate-watch.ts";
import { expiryProblems } from "../../src/cli/certificates.ts";
import { check } from "../../src/cli/check.ts";
import type { Straddle } from "../../src/cli/run.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { hasOpenssl } from "../support/certificates.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { type Pair, ServerCertificates } from "../support/server-certificates.ts";
import { startTestStraddle } from "../support/straddle.ts";

/** How long certificates last, as `check`, the log and /readyz tell of it. */

describe.skipIf(!hasOpenssl)("certificates", () => {
  let database: TestDatabase;
  let certificates: ServerCertificates;
  /** Lasts for two days. */
  let authority: Pair;
  let expired: Pair;
  let short: Pair;
  let long: Pair;
  let straddle: Straddle | undefined;

  beforeAll(async () => {
    database = await createDatabase();
    certificates = new ServerCertificates();
    authority = certificates.authority("authority");
    const issue = (name: string, validity: number) =>
      certificates.certificate({ name, issuer: authority, commonName: name, validity });
    expired = issue("expired", -1);
    short = issue("short", 13);
    long = issue("long", 16);
  });

  afterEach(async () => {
    await straddle?.stop();
    straddle = undefined;
  });

  afterAll(async () => {
    rmSync(certificates.folder, { recursive: true, force: true });
    await database.drop();
  });

  function configWith(yaml: string): Config {
    const { host, port } = database.connection;
    const server = /^server:/m.test(yaml) ? "" : `server: { host: ${host}, port: ${port} }\n`;
    const control = `control: { user: postgres, database: ${database.name} }\n`;
    const loaded = parseConfig(`${server}${control}${yaml}`, {});
    if (loaded.kind === "error") throw new Error(loaded.message);
    return loaded.config;
  }

  const listenTls = ({ cert, key }: Pair, more = "") =>
    `listen: { port: 0, tls: { mode: allow, cert: ${cert}, key: ${key}${more} } }`;
  const serverTls = (more: string) => `server: { host: db, tls: { mode: require, ${more} } }`;

  function bundle(name: string, ...pairs: readonly Pair[]): string {
    const file = join(certificates.folder, name);
    writeFileSync(file, pairs.map(({ cert }) => readFileSync(cert, "utf8")).join(""));
    return file;
  }

  test("what has expired, what soon will, and what will not", () => {
    const problems = (yaml: string, atMs = Date.now()) =>
      expiryProblems(configWith(yaml), atMs).map(({ key, text }) => `${key} ${text}`);
    expect(problems(listenTls(long))).toEqual([]);
    expect(problems(listenTls(short))).toEqual([
      expect.stringMatching(/^listen.tls.cert \S+\/short.crt expires on \d{4}-\d\d-\d\d$/),
    ]);
    expect(problems(listenTls(expired))).toEqual([
      expect.stringMatching(/^listen.tls.cert \S+\/expired.crt expired on \d{4}-\d\d-\d\d$/),
    ]);
    expect(problems(listenTls(long), Date.now() + 3 * 86_400_000)).toHaveLength(1);
    // Not in use.
    expect(problems(`listen: { tls: { mode: off, cert: ${short.cert} } }`)).toEqual([]);
    expect(problems(listenTls({ ...long, cert: "/nowhere.crt" }))).toEqual([]);
  });

  test("of a chain every certificate is needed, of several authorities one", () => {
    const chain = bundle("chain.crt", long, short);
    const keys = (yaml: string) =>
      expiryProblems(configWith(yaml), Date.now()).map(({ key }) => key);
    expect(keys(listenTls({ cert: chain, key: long.key }))).toEqual(["listen.tls.cert"]);
    expect(keys(listenTls(long, `, ca: ${chain}`))).toEqual([]);
    expect(keys(listenTls(long, `, ca: ${short.cert}`))).toEqual(["listen.tls.ca"]);
    expect(keys(serverTls(`ca: ${chain}`))).toEqual([]);
    expect(keys(serverTls(`ca: ${short.cert}, cert: ${short.cert}, key: ${short.key}`))).toEqual([
      "server.tls.cert",
      "server.tls.ca",
    ]);
  });

  test("straddle check tells of it, and of files that don't fit", async () => {
    const tls = async (yaml: string) =>
      (await check(configWith(yaml)))
        .filter(({ subject }) => subject.includes("tls"))
        .map(({ level, subject, text }) => `${level} ${subject}: ${text}`);
    const good = "ok listen.tls: the files can be read, and the key fits";
    expect(await tls(listenTls(long))).toEqual([good]);
    expect(await tls(listenTls(short))).toEqual([
      good,
      expect.stringMatching(/^warning listen.tls.cert: \S+ expires on /),
    ]);
    expect(await tls(listenTls(expired))).toEqual([
      good,
      expect.stringMatching(/^warning listen.tls.cert: \S+ expired on /),
    ]);
    expect(await tls(listenTls({ cert: long.cert, key: short.key }))).toEqual([
      `error listen.tls.key: ${short.key} is not the key of ${long.cert}`,
    ]);
    expect(await tls(listenTls({ cert: "/nowhere.crt", key: long.key }))).toEqual([
      "error listen.tls.cert: /nowhere.crt: there is no such file or socket",
    ]);
    expect(await tls("")).toEqual([]);
  });

  test("/readyz tells of it, and clients are served", async () => {
    straddle = await startTestStraddle(database, `${listenTls(short)}\nmetrics: { port: 0 }`);
    const response = await fetch(`http://127.0.0.1:${straddle.metricsPort}/readyz`);
    expect(response.status).toBe(200);
    const { checks }: { checks: Record<string, unknown> } = JSON.parse(await response.text());
    expect(checks["certificates"]).toMatchObject({
      state: "warning",
      detail: expect.stringContaining("short.crt expires on"),
    });
  });

  test("a certificate that is replaced is noticed", async () => {
    const file = bundle("replaced.crt", short);
    const problems: string[] = [];
    const replaced = new Promise<void>((resolve) => {
      const watch = new CertificateWatch({
        config: configWith(listenTls({ cert: file, key: short.key })),
        pollIntervalMs: 5,
        onChange: (problem) => {
          problems.push(problem);
          if (problem !== "") return;
          watch.stop();
          resolve();
        },
      });
    });
    expect(problems).toEqual([expect.stringContaining("replaced.crt expires on")]);
    bundle("replaced.crt", long);
    await replaced;
    expect(problems.slice(1)).toEqual([""]);
  });
});
