import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Straddle } from "../../src/cli/run.ts";
import { Authority, type Pair } from "./certificates.ts";
import { startTestStraddle } from "./straddle.ts";
import { TlsServer } from "./tls-server.ts";

/** Roles by how the server has them prove who they are, over TLS and in plain. */
const RULES = `
host all app_scram 127.0.0.1/32 scram-sha-256
host all app_umlaut 127.0.0.1/32 scram-sha-256
host all nobody 127.0.0.1/32 scram-sha-256
host all app_expired 127.0.0.1/32 scram-sha-256
host all app_md5 127.0.0.1/32 md5
host all app_clear 127.0.0.1/32 password
hostssl all app_cert 127.0.0.1/32 cert
`;

export const PASSWORDS: Readonly<Record<string, string>> = {
  app_scram: "tell-nobody-scram",
  app_umlaut: "tell-nobody-\u2168-\u00fc",
  app_md5: "tell-nobody-md5",
  app_clear: 'tell-nobody-"clear',
  app_expired: "tell-nobody-expired",
};

/** A PostgreSQL that has TLS and asks for passwords, and files for a Straddle in front of it. */
export class AuthStage {
  readonly authority: Authority;
  readonly #folder = mkdtempSync(join(tmpdir(), "straddle-auth-"));
  readonly #straddles: Straddle[] = [];
  readonly #server: TlsServer;
  readonly pair: Pair;

  static async start(): Promise<AuthStage> {
    const authority = new Authority();
    const pair = authority.issue("localhost");
    const roles = Object.entries(PASSWORDS).map(([role, password]) => {
      const encryption = role === "app_md5" ? "md5" : "scram-sha-256";
      const until = role === "app_expired" ? "VALID UNTIL '2000-01-01'" : "";
      return `SET password_encryption = '${encryption}'; CREATE ROLE ${role} LOGIN PASSWORD '${password}' ${until};`;
    });
    const server = await TlsServer.start({
      pair,
      commonName: "localhost",
      clientCa: authority.ca.cert,
      rules: RULES,
      sql: `${roles.join("\n")} CREATE ROLE app_trust LOGIN; CREATE ROLE app_cert LOGIN`,
    });
    return new AuthStage(authority, pair, server);
  }

  private constructor(authority: Authority, pair: Pair, server: TlsServer) {
    this.authority = authority;
    this.pair = pair;
    this.#server = server;
  }

  get port(): number {
    return this.#server.port;
  }

  get database() {
    return this.#server.database;
  }

  /** A file with these contents, under the same path each time. */
  file(name: string, contents: string): string {
    const path = this.path(name);
    writeFileSync(path, contents);
    return path;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** What pg_authid has for a role. */
  async verifier(role: string): Promise<string> {
    const client = new pg.Client({ ...this.database.connection, ssl: false });
    await client.connect();
    const sql = "SELECT rolpassword AS secret FROM pg_authid WHERE rolname = $1";
    const { rows } = await client.query<{ secret: string }>(sql, [role]);
    await client.end();
    return rows[0]?.secret ?? "";
  }

  sql(text: string): Promise<void> {
    return this.#server.sql(text);
  }

  /** Straddle with these settings under `auth`. Clients may use TLS, the server has it or not. */
  async straddle(
    auth: string,
    options: { readonly serverTls?: boolean; readonly tls?: string; readonly yaml?: string } = {},
  ): Promise<Straddle> {
    const { serverTls = false, tls = "mode: allow", yaml = "" } = options;
    const files = `cert: ${this.pair.cert}, key: ${this.pair.key}`;
    const towards = serverTls
      ? `mode: verify-full, ca: ${this.authority.ca.cert}`
      : "mode: disable";
    const straddle = await startTestStraddle(
      this.database,
      `listen: { port: 0, socket: ${this.#folder}, tls: { ${files}, ${tls} } }
server: { host: localhost, port: ${this.port}, tls: { ${towards} } }
auth: { ${auth} }
${yaml}`,
    );
    this.#straddles.push(straddle);
    return straddle;
  }

  async stopStraddles(): Promise<void> {
    for (const each of this.#straddles.splice(0)) await each.stop();
  }

  async stop(): Promise<void> {
    await this.stopStraddles();
    await this.#server.stop();
    this.authority.remove();
    rmSync(this.#folder, { recursive: true });
  }
}

/** A line of a user list. */
export function entry(user: string, secret: string): string {
  return `"${user}" "${secret.replaceAll('"', '""')}"\n`;
}
