import { rmSync } from "node:fs";
import pg from "pg";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { AuthStage, entry, PASSWORDS } from "../support/auth-stage.ts";
import { hasOpenssl } from "../support/certificates.ts";
import { startup } from "../support/client-frames.ts";
import { psql, psqlVersion } from "../support/psql.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** Terminated authentication: who gets in, and as whom, by what the files say. */

let stage: AuthStage;
let straddle: Straddle;

/** As PgBouncer has it: passwords, which are good for both sides. */
const PLAIN = Object.entries(PASSWORDS)
  .map(([user, password]) => entry(user, password))
  .join("");

describe.skipIf(!hasOpenssl)("log-ins that end at Straddle", () => {
  beforeAll(async () => {
    stage = await AuthStage.start();
  }, 60_000);
  afterEach(() => stage?.stopStraddles());
  afterAll(() => stage?.stop());

  async function start(...args: Parameters<AuthStage["straddle"]>): Promise<void> {
    straddle = await stage.straddle(...args);
  }

  /** Who one is on the server, or the error with all that its reader sees. */
  async function logIn(
    user: string,
    password: string,
    more: pg.ClientConfig = {},
  ): Promise<string> {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: straddle.port,
      database: "postgres",
      ssl: false,
      user,
      password,
      ...more,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const sql = "SELECT session_user::text AS name, current_database()::text AS database";
      const { rows } = await client.query<{ name: string; database: string }>(sql);
      return `${rows[0]?.name} in ${rows[0]?.database}`;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) return String(error);
      const { code, message, detail = "", hint = "" } = error;
      return [code, message, detail, hint].join("|");
    } finally {
      await client.end();
    }
  }
  /** A list is looked at once a second. */
  const untilIn = (user: string, password: string) =>
    until(`${user} to be let in`, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return (await logIn(user, password)) === `${user} in postgres`;
    });
  const secretOf = (user: string) => PASSWORDS[user] ?? "";
  const WRONG = (user: string) => `28P01|password authentication failed for user "${user}"||`;
  const REFUSED = (role: string, why: string) =>
    `28000|straddle could not log in to the server as role "${role}"|${why}|These are the credentials of straddle, not the client's: see auth in its settings.`;

  for (const serverTls of [false, true]) {
    test(`with passwords, the server ${serverTls ? "" : "not "}on TLS: cleartext, md5, SCRAM`, async () => {
      await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`, { serverTls });
      for (const user of ["app_scram", "app_umlaut", "app_md5", "app_clear"]) {
        expect(await logIn(user, secretOf(user))).toBe(`${user} in postgres`);
        expect(await logIn(user, `${secretOf(user)}x`)).toBe(WRONG(user));
      }
      expect(await logIn("app_umlaut", "tell-nobody-IX-u\u0308")).toBe("app_umlaut in postgres");
      expect(await logIn("nobody", "x")).toBe(WRONG("nobody"));
    });

    test(`with pg_authid's verifiers, the server ${serverTls ? "" : "not "}on TLS`, async () => {
      const list = entry("app_scram", await stage.verifier("app_scram"));
      await start(`mode: scram, users_file: ${stage.file("users", list)}`, { serverTls });
      expect(await logIn("app_scram", secretOf("app_scram"))).toBe("app_scram in postgres");
      expect(await logIn("app_scram", "wrong")).toBe(WRONG("app_scram"));
    });
  }

  test("a verifier is not enough where the server has another one, or asks for a password", async () => {
    const foreign = await stage.verifier("app_umlaut");
    const list = ["app_scram", "app_md5", "app_clear", "app_trust"].map((user) =>
      entry(user, foreign),
    );
    await start(`mode: scram, users_file: ${stage.file("users", list.join(""))}`);
    const password = secretOf("app_umlaut");
    expect(await logIn("app_trust", password)).toBe("app_trust in postgres");
    expect(await logIn("app_scram", password)).toBe(
      REFUSED(
        "app_scram",
        "The server asks for a password, and straddle has a SCRAM verifier only, which is not the server's own.",
      ),
    );
    for (const [user, what] of [
      ["app_md5", "a password, by md5"],
      ["app_clear", "a password"],
    ] as const) {
      const why = `The server asks for ${what}, and straddle has a SCRAM verifier only.`;
      expect(await logIn(user, password)).toBe(REFUSED(user, why));
    }
  });

  test("one role for all: its password is read for each session", async () => {
    const users = stage.file("users", entry("ann", "ann's own") + entry("bob", "bob's own"));
    const file = stage.file("password", `${secretOf("app_scram")}\n`);
    await start(
      `mode: scram, users_file: ${users}, server: { user: app_scram, password_file: ${file} }`,
    );
    expect(await logIn("ann", "ann's own")).toBe("app_scram in postgres");
    expect(await logIn("bob", "bob's own")).toBe("app_scram in postgres");
    expect(await logIn("bob", "ann's own")).toBe(WRONG("bob"));
    // The database is by default that of the client's name, as it is without Straddle.
    expect(await logIn("ann", "ann's own", { database: "" })).toContain(
      '3D000|database "ann" does',
    );

    stage.file("password", "out of date");
    const says = 'The server says: password authentication failed for user "app_scram".';
    expect(await logIn("ann", "ann's own")).toBe(REFUSED("app_scram", says));
    stage.file("password", secretOf("app_scram"));
    expect(await logIn("ann", "ann's own")).toBe("app_scram in postgres");
    rmSync(file);
    const none = "The server asks for a password, and straddle has none for this role.";
    expect(await logIn("ann", "ann's own")).toBe(REFUSED("app_scram", none));
  });

  test("passwords for the server in a list of their own", async () => {
    const users = stage.file("users", entry("app_scram", "another") + entry("app_md5", "another"));
    const roles = stage.file("roles", entry("app_scram", secretOf("app_scram")));
    await start(`mode: scram, users_file: ${users}, server: { users_file: ${roles} }`);
    expect(await logIn("app_scram", "another")).toBe("app_scram in postgres");
    expect(await logIn("app_scram", secretOf("app_scram"))).toBe(WRONG("app_scram"));
    expect(await logIn("app_md5", "another")).toContain("password authentication failed");
    stage.file("roles", PLAIN);
    await untilIn("app_md5", "another");
  });

  test("VALID UNTIL is the server's to look at", async () => {
    await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`);
    const says = 'The server says: password authentication failed for user "app_expired".';
    expect(await logIn("app_expired", secretOf("app_expired"))).toBe(REFUSED("app_expired", says));
  });

  test("a user list is read again; a bad one is told of and the old one kept", async () => {
    stage.file("users", entry("app_trust", "one"));
    await start(`mode: scram, users_file: ${stage.file("users", entry("app_trust", "one"))}`);
    expect(await logIn("app_trust", "one")).toBe("app_trust in postgres");
    stage.file("users", `${entry("app_trust", "two")}"app_scram" "half`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await logIn("app_trust", "one")).toBe("app_trust in postgres");
    expect(await logIn("app_trust", "two")).toBe(WRONG("app_trust"));
    stage.file("users", entry("app_trust", "two"));
    await untilIn("app_trust", "two");
    expect(await logIn("app_trust", "one")).toBe(WRONG("app_trust"));
  });

  test("sessions end to end: parameters, notices, cancel, and the version's name", async () => {
    await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`);
    const client = new pg.Client({
      host: "127.0.0.1",
      port: straddle.port,
      user: "app_scram",
      password: secretOf("app_scram"),
      database: "postgres",
      application_name: "shop@1.4.0",
      options: "-c work_mem=7MB",
      ssl: false,
    });
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_setting('application_name') AS app, current_setting('work_mem') AS memory",
    );
    expect(rows).toEqual([{ app: "shop@1.4.0", memory: "7MB" }]);
    await client.end();
  });

  test("a cancel finds its session", async () => {
    await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`);
    const sql = postgres({
      host: "127.0.0.1",
      port: straddle.port,
      user: "app_scram",
      password: secretOf("app_scram"),
      database: "postgres",
    });
    const [one] = await sql`SELECT session_user::text AS name, ${7}::int AS value`;
    expect(one).toEqual({ name: "app_scram", value: 7 });
    const slow = sql`SELECT pg_sleep(30)`;
    const outcome = expect(slow.execute()).rejects.toMatchObject({ code: "57014" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    slow.cancel();
    await outcome;
    await sql.end();
  });

  test("replication connections too, and what they send ahead", async () => {
    await stage.sql("ALTER ROLE app_scram REPLICATION");
    await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`);
    const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
    await client.start(
      { user: "app_scram", database: "postgres", replication: "database" },
      secretOf("app_scram"),
    );
    await client.send(Buffer.from("Q\0\0\0\x14IDENTIFY_SYSTEM\0", "latin1"));
    await client.until("ReadyForQuery");
    client.abandon();
    expect(client.transcript.join("\n")).toContain("systemid");
  });

  test("stop: a client in the middle of its log-in is let go", async () => {
    await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`);
    const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
    await client.send(startup({ user: "app_scram", database: "postgres" }));
    await client.until("Authentication");
    await Promise.all([straddle.stop(), client.untilClosed()]);
    expect(client.transcript.at(-1)).toBe("closed");
  });

  test("startup_timeout: a client that does not answer is turned away", async () => {
    await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`, {
      yaml: "limits: { startup_timeout: 300ms }",
    });
    const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
    await client.send(startup({ user: "app_scram", database: "postgres" }));
    await client.untilClosed();
    expect(client.transcript.join("\n")).toMatch(/C57014\\0Mstraddle gave up waiting/);
  });

  describe.skipIf(psqlVersion === 0)("psql", () => {
    const at = (more: string, port = straddle.port) =>
      `host=localhost hostaddr=127.0.0.1 port=${port} dbname=postgres ${more}`;
    const SCRAM = () => ({ password: secretOf("app_scram") });

    test("over TLS on both legs its default works, and so does channel_binding=require", async () => {
      await start(`mode: scram, users_file: ${stage.file("users", PLAIN)}`, { serverTls: true });
      const ca = `sslrootcert=${stage.authority.ca.cert}`;
      for (const options of [
        "sslmode=require",
        "sslmode=require channel_binding=require",
        "sslmode=require channel_binding=disable",
        `sslmode=verify-full ${ca} channel_binding=require`,
        "sslmode=disable",
      ]) {
        const connection = at(`user=app_scram ${options}`);
        expect(`${options}: ${await psql(connection, SCRAM())}`).toBe(`${options}: app_scram`);
      }
      const wrong = at("user=app_scram sslmode=require channel_binding=require");
      for (const port of [straddle.port, stage.port]) {
        const connection = wrong.replace(`port=${straddle.port}`, `port=${port}`);
        expect(await psql(connection, { password: "wrong" })).toMatch(
          /FATAL: {2}password authentication failed for user "app_scram"/,
        );
      }
    });

    test("passed through with TLS on both legs its default fails with a hint, and can be put right", async () => {
      await start("mode: pass", { serverTls: true });
      const base = "user=app_scram sslmode=require";
      const refused = await psql(at(base), SCRAM());
      expect(refused).toMatch(/SCRAM channel binding negotiation error/);
      expect(refused).toMatch(/HINT:.*channel_binding=disable.*auth\.mode: scram/s);
      expect(await psql(at(`${base} channel_binding=disable`), SCRAM())).toBe("app_scram");
      const ssl = { ca: stage.authority.caPem, servername: "localhost" };
      expect(await logIn("app_scram", secretOf("app_scram"), { ssl })).toBe(
        "app_scram in postgres",
      );
    });

    test("by certificate, without a password", async () => {
      const { ca } = stage.authority;
      const trust = stage.authority.issue("app_trust");
      await start("mode: cert", {
        tls: `mode: require, ca: ${ca.cert}, client_cert: verify-full`,
      });
      const withCert = `sslmode=require sslcert=${trust.cert} sslkey=${trust.key}`;
      expect(await psql(at(`user=app_trust ${withCert}`))).toBe("app_trust");
      const seen = [
        await psql(at(`user=app_scram ${withCert}`)),
        await psql(at("user=app_trust sslmode=require")),
        await psql(at("user=app_trust sslmode=disable")),
        await psql(
          `host=${straddle.socket?.replace(/\/\.s\.PGSQL.*$/, "")} port=${straddle.port} user=app_trust dbname=postgres`,
        ),
      ];
      expect(seen.map((text) => /FATAL: +(.*)/.exec(text)?.[1])).toEqual([
        'certificate authentication failed for user "app_scram"',
        "connection requires a valid client certificate",
        expect.stringContaining("straddle lets in no connection"),
        "connection requires a valid client certificate",
      ]);
    });

    test("by certificate: a name that the server would cut is not that of the certificate", async () => {
      const { ca } = stage.authority;
      const long = "x".repeat(64);
      const pair = stage.authority.issue(long);
      await start("mode: cert", {
        tls: `mode: require, ca: ${ca.cert}, client_cert: verify-full`,
      });
      const printed = await psql(
        at(`user=${long} sslmode=require sslcert=${pair.cert} sslkey=${pair.key}`),
      );
      expect(printed).toContain(`certificate authentication failed for user "${long.slice(1)}"`);
    });

    test("by certificate, as a role with a password of Straddle's", async () => {
      const { ca } = stage.authority;
      const bob = stage.authority.issue("bob");
      const file = stage.file("password", secretOf("app_scram"));
      await start(`mode: cert, server: { user: app_scram, password_file: ${file} }`, {
        tls: `mode: require, ca: ${ca.cert}, client_cert: verify-full`,
        serverTls: true,
      });
      const printed = await psql(
        at(`user=bob sslmode=require sslcert=${bob.cert} sslkey=${bob.key}`),
      );
      expect(printed).toBe("app_scram");
    });
  });
});
