import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { check } from "../../src/cli/check.ts";
import type { Straddle } from "../../src/cli/run.ts";
import { AuthStage, entry, PASSWORDS } from "../support/auth-stage.ts";
import { hasOpenssl } from "../support/certificates.ts";
import { until } from "../support/until.ts";

/** All that Straddle says, while log-ins work and fail, has no secret in it. */

/** Of clients and of roles, right and wrong. */
const WORDS = {
  client: "secret-of-the-client",
  tried: "secret-that-was-tried",
  stale: "secret-that-is-stale",
  broken: "secret-on-a-broken-line",
  role: PASSWORDS["app_clear"] ?? "",
};

let stage: AuthStage;
let straddle: Straddle;
let printed = "";
let audit: string;

describe.skipIf(!hasOpenssl)("secrets", () => {
  beforeAll(async () => {
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, "write").mockImplementation((chunk) => {
        printed += String(chunk);
        return true;
      });
    }
    stage = await AuthStage.start();
    audit = stage.file("audit", "");
    stage.file("password", WORDS.role);
    stage.file("users", entry("ann", WORDS.client));
    straddle = await stage.straddle(settings(), {
      yaml: `audit: { to: file, path: ${audit}, parameters: full }\nmetrics: { port: 0 }`,
    });
  }, 60_000);

  afterAll(async () => {
    await stage?.stop();
    vi.restoreAllMocks();
  });

  const settings = () => {
    const [users, password] = [stage.path("users"), stage.path("password")];
    return `mode: scram, users_file: ${users}, server: { user: app_clear, password_file: ${password} }`;
  };

  /** What a client sees, whatever comes of it. */
  async function logIn(password: string): Promise<string> {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: straddle.port,
      user: "ann",
      database: "postgres",
      password,
      ssl: false,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("SELECT 1");
      return "in";
    } catch (error) {
      return error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : String(error);
    } finally {
      await client.end();
    }
  }

  async function page(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${straddle.metricsPort}${path}`);
    return answer.text();
  }

  test("none in the log, in errors, in the audit log, on a page, or in what check finds", async () => {
    const seen = [await logIn(WORDS.client), await logIn(WORDS.tried)];
    stage.file("password", WORDS.stale);
    seen.push(await logIn(WORDS.client));
    stage.file("users", `${entry("ann", WORDS.client)}"bob" "${WORDS.broken}\n`);
    await until("the complaint", () => printed.includes("the user list before stays"));
    for (const path of ["/config", "/metrics", "/readyz"]) seen.push(await page(path));
    const found = await check(straddle.state.config).catch((error: unknown) => String(error));
    seen.push(JSON.stringify(found), process.title, process.argv.join(" "));
    await straddle.stop();
    seen.push(printed, readFileSync(audit, "utf8"));

    // It all happened.
    const all = seen.join("\n");
    expect(seen[0]).toBe("in");
    expect(all).toContain('password authentication failed for user "ann"');
    expect(all).toContain(
      'The server says: password authentication failed for user \\"app_clear\\"',
    );
    expect(all).toContain('straddle_authentication_failures_total{side="client"} 1');
    expect(all).toContain('straddle_authentication_failures_total{side="server"} 1');
    expect(all).toContain('"user":"ann"');
    expect(all).toMatch(/"auth":\{"state":"warning"|auth.*line 2 is not of the form/);

    const hashes = [await stage.verifier("app_clear")].flatMap((verifier) =>
      verifier.split(/[$:]/),
    );
    const secrets = [...Object.values(WORDS), ...hashes.filter((part) => part.length > 20)];
    expect(secrets.length).toBeGreaterThan(6);
    for (const secret of secrets) expect(all.includes(secret) ? secret : "").toBe("");
  });
});
