import { rmSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withConnection } from "../../src/cli/control-connection.ts";
import type { Straddle } from "../../src/cli/run.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/load.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { type Pair, ServerCertificates } from "../support/server-certificates.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { TlsServer } from "../support/tls-server.ts";

/** Every mode towards every kind of server, for a session's connection and for Straddle's own. */

const IS_ENCRYPTED = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

const certificates = new ServerCertificates();
let server: TlsServer;
/** One without TLS. */
let plain: TestDatabase;
let straddle: Straddle;
let ca: string;
let pairs: Readonly<Record<string, Pair>>;

beforeAll(async () => {
  const authority = certificates.authority("authority");
  const stranger = certificates.authority("stranger");
  ca = authority.cert;
  const common = { issuer: authority, alternativeNames: "DNS:localhost,IP:127.0.0.1" };
  const good = certificates.certificate({ ...common, name: "good", commonName: "good" });
  pairs = {
    good,
    "wrong host": certificates.certificate({
      name: "elsewhere",
      issuer: authority,
      commonName: "wrong host",
      alternativeNames: "DNS:elsewhere.internal",
    }),
    "unknown authority": certificates.certificate({
      ...common,
      issuer: stranger,
      name: "unknown",
      commonName: "unknown authority",
    }),
    expired: certificates.certificate({
      ...common,
      name: "expired",
      commonName: "expired",
      validity: -1,
    }),
  };
  server = await TlsServer.start({
    pair: good,
    commonName: "good",
    clientCa: authority.cert,
    rules: "hostssl all encrypted 127.0.0.1/32 trust\nhost all encrypted 127.0.0.1/32 reject",
    sql: "CREATE ROLE encrypted LOGIN",
  });
  plain = await createDatabase();
  straddle = await startTestStraddle(server.database);
});

afterAll(async () => {
  await straddle?.stop();
  await server?.stop();
  await plain?.drop();
  rmSync(certificates.folder, { recursive: true });
});

/** Settings for a server, as far as TLS is concerned. */
function settings(database: TestDatabase, host: string, tls: string): Config {
  const { port } = database.connection;
  const loaded = parseConfig(
    `server: { host: ${host}, port: ${port}, tls: { ${tls} } }
control: { user: postgres, database: ${database.name} }`,
    {},
  );
  if (loaded.kind === "error") throw new Error(loaded.message);
  return loaded.config;
}

interface Row {
  readonly ssl: boolean;
  readonly version: string | null;
}

const shown = ({ rows: [row] }: pg.QueryResult<Row>): string => {
  if (row === undefined) return "nothing";
  return row.ssl ? `encrypted by ${row.version}` : "plain";
};

/** What a client gets to know through Straddle. */
async function session(database: TestDatabase, user = "postgres"): Promise<string> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: straddle.port,
    user,
    database: database.name,
    ssl: false,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return shown(await client.query<Row>(IS_ENCRYPTED));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return `${error.severity} ${error.code} ${error.message}`;
  } finally {
    await client.end();
  }
}

/** The same for Straddle's own connection. */
async function own(config: Config): Promise<string> {
  try {
    return await withConnection(config, async (client) =>
      shown(await client.query<Row>(IS_ENCRYPTED)),
    );
  } catch (error) {
    return String(error);
  }
}

const ENCRYPTED = /^encrypted by TLSv1\.3$/;
const PLAIN = /^plain$/;
const NO_TLS =
  /(FATAL 08006 straddle could not connect to the server|SetupError: .*): the server has no TLS, which server\.tls\.mode \(\S+\) requires$/;
const FAILED =
  /(FATAL 08006 straddle could not connect to the server|SetupError: .*): TLS with the server failed: /;
const failed = (reason: string) => new RegExp(`${FAILED.source}${reason}`);
const UNKNOWN = failed("(unable to verify the first certificate|self-signed|unable to get)");
const EXPIRED = failed("certificate has expired$");
const WRONG_HOST = failed("Host: localhost\\. is not in the cert's altnames: DNS:elsewhere");

const KINDS = ["good", "wrong host", "unknown authority", "expired", "none"] as const;

const modes: readonly {
  readonly tls: string;
  readonly outcomes: Readonly<Record<(typeof KINDS)[number], RegExp>>;
}[] = [
  {
    tls: "mode: disable",
    outcomes: {
      good: PLAIN,
      "wrong host": PLAIN,
      "unknown authority": PLAIN,
      expired: PLAIN,
      none: PLAIN,
    },
  },
  {
    tls: "mode: prefer",
    outcomes: {
      good: ENCRYPTED,
      "wrong host": ENCRYPTED,
      "unknown authority": ENCRYPTED,
      expired: ENCRYPTED,
      none: PLAIN,
    },
  },
  {
    tls: "mode: prefer, ca: CA",
    outcomes: {
      good: ENCRYPTED,
      "wrong host": ENCRYPTED,
      "unknown authority": PLAIN,
      expired: PLAIN,
      none: PLAIN,
    },
  },
  {
    tls: "mode: require",
    outcomes: {
      good: ENCRYPTED,
      "wrong host": ENCRYPTED,
      "unknown authority": ENCRYPTED,
      expired: ENCRYPTED,
      none: NO_TLS,
    },
  },
  ...["mode: require, ca: CA", "mode: verify-ca, ca: CA"].map((tls) => ({
    tls,
    outcomes: {
      good: ENCRYPTED,
      "wrong host": ENCRYPTED,
      "unknown authority": UNKNOWN,
      expired: EXPIRED,
      none: NO_TLS,
    },
  })),
  ...["", ", negotiation: direct"].map((negotiation) => ({
    tls: `mode: verify-full, ca: CA${negotiation}`,
    outcomes: {
      good: ENCRYPTED,
      "wrong host": WRONG_HOST,
      "unknown authority": UNKNOWN,
      expired: EXPIRED,
      none: negotiation === "" ? NO_TLS : FAILED,
    },
  })),
  {
    tls: "mode: require, negotiation: direct",
    outcomes: {
      good: ENCRYPTED,
      "wrong host": ENCRYPTED,
      "unknown authority": ENCRYPTED,
      expired: ENCRYPTED,
      none: FAILED,
    },
  },
  {
    tls: "mode: verify-full",
    outcomes: {
      good: UNKNOWN,
      "wrong host": UNKNOWN,
      "unknown authority": UNKNOWN,
      expired: failed("(unable to verify|unable to get|certificate has expired)"),
      none: NO_TLS,
    },
  },
];

for (const kind of KINDS) {
  test(`every mode, towards a server with the certificate: ${kind}`, async () => {
    const pair = pairs[kind];
    if (pair !== undefined) await server.show(pair, kind);
    const database = pair === undefined ? plain : server.database;
    for (const { tls, outcomes } of modes) {
      const config = settings(database, "localhost", tls.replace("CA", ca));
      straddle.state.configure(config);
      expect(await session(database), `a session, ${tls}`).toMatch(outcomes[kind]);
      expect(await own(config), `Straddle's own, ${tls}`).toMatch(outcomes[kind]);
    }
  });
}

const names = [
  { host: "localhost", more: "", outcome: ENCRYPTED },
  { host: "127.0.0.1", more: "", outcome: ENCRYPTED },
  { host: "localhost", more: ", server_name: 127.0.0.1", outcome: ENCRYPTED },
  { host: "127.0.0.1", more: ", server_name: localhost", outcome: ENCRYPTED },
  {
    host: "localhost",
    more: ", server_name: db.internal",
    outcome: failed("Host: db\\.internal\\. is not in the cert's altnames"),
  },
  {
    host: "127.0.0.1",
    more: ", server_name: 127.0.0.2",
    outcome: failed("IP: 127\\.0\\.0\\.2 is not in the cert's list"),
  },
];

for (const { host, more, outcome } of names) {
  test(`verify-full, host ${host}${more}`, async () => {
    await server.show(pairs["good"] ?? { cert: "", key: "" }, "good");
    const config = settings(server.database, host, `mode: verify-full, ca: ${ca}${more}`);
    straddle.state.configure(config);
    expect(await session(server.database)).toMatch(outcome);
    expect(await own(config)).toMatch(outcome);
  });
}

test("a user whom the server takes by TLS only", async () => {
  straddle.state.configure(settings(server.database, "localhost", "mode: disable"));
  expect(await session(server.database, "encrypted")).toMatch(/^FATAL 28000 pg_hba\.conf rejects/);
  straddle.state.configure(settings(server.database, "localhost", "mode: require"));
  expect(await session(server.database, "encrypted")).toMatch(ENCRYPTED);
});

test("a start that can't have TLS says so", async () => {
  const yaml = (database: TestDatabase) =>
    `server: { host: localhost, port: ${database.connection.port}, tls: { mode: require } }`;
  await expect(startTestStraddle(plain, yaml(plain))).rejects.toThrow(
    /^the server localhost:\d+ can't be reached as postgres: the server has no TLS, which server\.tls\.mode \(require\) requires$/,
  );
  const running = await startTestStraddle(server.database, yaml(server.database));
  await running.stop();
});
