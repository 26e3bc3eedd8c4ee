import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import {
  type EmbeddedServer,
  startEmbeddedPostgres,
} from "../../src/cli/embedded/embedded-postgres.ts";

/** Users whose names say how they have to prove who they are; everybody else is trusted. */
export const AUTH_USERS = ["user_md5", "user_scram", "user_password"] as const;
export const AUTH_PASSWORD = "not a secret";

const HBA = `
host all user_md5 127.0.0.1/32 md5
host all user_scram 127.0.0.1/32 scram-sha-256
host all user_password 127.0.0.1/32 password
host all user_expired 127.0.0.1/32 scram-sha-256
`;

/** A server for tests: fast rather than safe, with the users of `AUTH_USERS`. */
export async function startServer(
  options: { readonly binaries?: string; readonly settings?: Record<string, string> } = {},
): Promise<EmbeddedServer> {
  const server = await startEmbeddedPostgres({
    dataFolder: "temporary",
    ...(options.binaries === undefined ? {} : { binaries: options.binaries }),
    settings: {
      fsync: "off",
      // Twins have to plan alike: rows without an order come in the plan's.
      autovacuum: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      max_connections: "300",
      shared_buffers: "64MB",
      ...options.settings,
    },
  });
  const hba = join(server.dataFolder, "pg_hba.conf");
  const rules = readFileSync(hba, "utf8");
  writeFileSync(hba, HBA);
  appendFileSync(hba, rules);
  const client = new pg.Client({ host: server.host, port: server.port, user: server.user });
  await client.connect();
  for (const user of AUTH_USERS) {
    const encryption = user === "user_md5" ? "md5" : "scram-sha-256";
    await client.query(`SET password_encryption = '${encryption}'`);
    await client.query(`CREATE ROLE ${user} LOGIN PASSWORD '${AUTH_PASSWORD}'`);
  }
  await client.query(
    `CREATE ROLE user_expired LOGIN PASSWORD '${AUTH_PASSWORD}' VALID UNTIL '2000-01-01'`,
  );
  await client.query("SELECT pg_reload_conf()");
  await client.end();
  return server;
}

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** How to connect to it directly. */
  readonly connection: pg.ClientConfig;
  drop(): Promise<void>;
}

/**
 * Stands in texts for the name of the database that they are sent to. All databases of tests have names of its
 * length, so that positions in the texts stay the same.
 */
export const THIS_DATABASE = "this_own_database";

let lastDatabase = 0;

/** A new database on the run's shared server: empty, or as the template is, to which nobody is connected. */
export async function createDatabase(template = "template1"): Promise<TestDatabase> {
  const { host, port } = inject("server");
  lastDatabase += 1;
  const process7 = String(process.pid).padStart(7, "0");
  const name = `test_${process7}_${String(lastDatabase).padStart(4, "0")}`;
  const admin = async (sql: string) => {
    const client = new pg.Client({ host, port, user: "postgres", database: "postgres" });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await admin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    name,
    url: `postgres://postgres@${host}:${port}/${name}`,
    connection: { host, port, user: "postgres", database: name },
    drop: () => admin(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}
