import { spawn, spawnSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import { Authority, hasOpenssl, type Pair } from "../support/certificates.ts";
import { frame, int32 } from "../support/client-frames.ts";
import { AUTH_PASSWORD, createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";

/** TLS as drivers use it, and what becomes of SCRAM's channel binding. */

const psqlVersion = Number(
  /(\d+)/.exec(spawnSync("psql", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1] ?? 0,
);

let database: TestDatabase;
let authority: Authority;
let client: Pair;
let straddle: Straddle;

describe.skipIf(!hasOpenssl)("TLS towards drivers", () => {
  beforeAll(async () => {
    database = await createDatabase();
    authority = new Authority();
    const server = authority.issue("localhost");
    client = authority.issue("postgres");
    straddle = await startTestStraddle(
      database,
      `listen: { port: 0, tls: { mode: require, cert: ${server.cert}, key: ${server.key}, ca: ${authority.ca.cert}, client_cert: optional } }`,
    );
  });

  afterAll(async () => {
    await straddle?.stop();
    authority?.remove();
    await database?.drop();
  });

  const ssl = () => ({ ca: authority.caPem, servername: "localhost" });

  for (const user of ["postgres", "user_scram", "user_md5"]) {
    test(`pg: ${user}`, async () => {
      const port = straddle.port;
      const password = AUTH_PASSWORD;
      const own = new pg.Client({ ...database.connection, port, user, password, ssl: ssl() });
      await own.connect();
      const { rows } = await own.query("SELECT current_user::text AS name");
      await own.end();
      expect(rows).toEqual([{ name: user }]);
    });
  }

  test("pg: without TLS it is told to use it", async () => {
    const plain = new pg.Client({ ...database.connection, port: straddle.port });
    await expect(plain.connect()).rejects.toMatchObject({
      code: "28000",
      hint: "Connect with TLS: sslmode=require or higher.",
    });
  });

  test("pg: many at once, each with rows of its own", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => index);
    const sums = await Promise.all(
      ids.map(async (id) => {
        const own = new pg.Client({ ...database.connection, port: straddle.port, ssl: ssl() });
        await own.connect();
        const text = "SELECT $1::int AS id, repeat('x', 1000) AS x FROM generate_series(1, 500)";
        const { rows } = await own.query(text, [id]);
        await own.end();
        return rows.filter((row) => row.id === id).length;
      }),
    );
    expect(sums).toEqual(ids.map(() => 500));
  });

  test("postgres: SCRAM, parameters, a pipeline", async () => {
    const sql = postgres({
      host: "127.0.0.1",
      port: straddle.port,
      database: database.name,
      user: "user_scram",
      password: AUTH_PASSWORD,
      ssl: ssl(),
      max: 1,
    });
    const answers = await Promise.all([1, 2, 3].map((id) => sql`SELECT ${id}::int AS id`));
    await sql.end();
    expect(answers.map(([row]) => row?.["id"])).toEqual([1, 2, 3]);
  });

  const psql = (connection: string, port = straddle.port) =>
    runPsql(`host=localhost hostaddr=127.0.0.1 port=${port} dbname=${database.name} ${connection}`);

  describe.skipIf(psqlVersion === 0)("psql", () => {
    /** CA, CERT and KEY stand for files. */
    const SCRAM = `sslmode=require user=user_scram password='${AUTH_PASSWORD}'`;
    const MODES: readonly (readonly [string, RegExp])[] = [
      ["sslmode=require", /^postgres\n$/],
      ["sslmode=prefer", /^postgres\n$/],
      ["sslmode=allow", /^postgres\n$/],
      ["sslmode=disable", /FATAL:.*no encryption\nHINT:/],
      ["sslmode=verify-full sslrootcert=CA", /^postgres\n$/],
      ["sslmode=verify-full sslrootcert=CERT", /certificate verify failed/],
      ["sslmode=require sslcert=CERT sslkey=KEY", /^postgres\n$/],
      [SCRAM, /^user_scram\n$/],
      [`${SCRAM} channel_binding=require`, /channel binding/],
    ];
    for (const [options, sees] of MODES) {
      test(options, async () => {
        const files: Readonly<Record<string, string>> = { CA: authority.ca.cert, ...upper(client) };
        const given = options.replace(/\b(CA|CERT|KEY)\b/g, (name) => files[name] ?? "");
        expect(await psql(`user=postgres ${given}`)).toMatch(sees);
      });
    }

    test.skipIf(psqlVersion < 17)("sslnegotiation=direct", async () => {
      const printed = await psql("user=postgres sslmode=require sslnegotiation=direct");
      expect(printed).toBe("postgres\n");
    });
  });

  describe("a server that offers channel binding, as one does on TLS", () => {
    let fake: Server;
    /** What clients answered the list with. */
    const answers: string[] = [];
    let port: number;

    beforeAll(async () => {
      fake = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => {
          socket.write(frame("R", int32(10), "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", ""));
          socket.once("data", (answer: Buffer) => {
            answers.push(answer.toString("latin1").replace(/^p[^S]*|,r=.*$/gs, ""));
            socket.end(BINDING_REFUSED);
          });
        });
      });
      await new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve));
      const address = fake.address();
      port = typeof address === "object" && address !== null ? address.port : 0;
      const { key, cert } = authority.issue("localhost");
      const tls = `{ mode: allow, cert: ${cert}, key: ${key} }`;
      const yaml = `server: { host: 127.0.0.1, port: ${port} }\nlisten: { port: 0, tls: ${tls} }`;
      const loaded = parseConfig(yaml, {});
      if (loaded.kind === "error") throw new Error(loaded.message);
      straddle.state.configure(loaded.config);
    });

    afterAll(() => {
      fake?.close();
    });

    test("a client over TLS is not offered it, and reads why it fails", async () => {
      const own = new pg.Client({
        ...database.connection,
        port: straddle.port,
        password: "secret",
        ssl: ssl(),
        enableChannelBinding: true,
      });
      await expect(own.connect()).rejects.toMatchObject({
        code: "28000",
        hint: expect.stringContaining("channel_binding=disable"),
      });
      expect(answers.splice(0)).toEqual([expect.stringMatching(/^SCRAM-SHA-256\0.{4}y,,n=/s)]);
    });

    test.skipIf(psqlVersion === 0)("psql over TLS says y, and n if it has to", async () => {
      const base = "user=postgres password=secret sslmode=require";
      expect(await psql(base)).toMatch(/HINT:.*set channel_binding=disable on the client/);
      await psql(`${base} channel_binding=disable`);
      expect(answers.splice(0)).toEqual([
        expect.stringMatching(/^SCRAM-SHA-256\0.{4}y,,n=/s),
        expect.stringMatching(/^SCRAM-SHA-256\0.{4}n,,n=/s),
      ]);
    });

    test.skipIf(psqlVersion === 0)("psql in plain gives up where it is offered it", async () => {
      const base = "user=postgres password=secret sslmode=disable";
      expect(await psql(base, port)).toMatch(/SCRAM-SHA-256-PLUS.* over a non-SSL connection/);
    });
  });
});

const BINDING_REFUSED = frame(
  "E",
  "SFATAL",
  "VFATAL",
  "C28000",
  "MSCRAM channel binding negotiation error",
  "Rread_client_first_message",
  Buffer.alloc(1),
);

const upper = ({ cert, key }: Pair) => ({ CERT: cert, KEY: key });

/** Who one is logged in as, or what psql complains about. */
async function runPsql(connection: string): Promise<string> {
  const args = ["-X", "-A", "-t", "-c", "SELECT current_user", connection];
  // Files of the account that runs the tests must not matter.
  const env = { ...process.env, HOME: "/nonexistent", LC_ALL: "C" };
  const child = spawn("psql", args, { env });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  await new Promise((resolve) => child.once("close", resolve));
  return printed;
}
