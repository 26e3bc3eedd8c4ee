import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import { AuthStage, entry, PASSWORDS } from "../support/auth-stage.ts";
import { hasOpenssl } from "../support/certificates.ts";
import { frame, int32, SSL_REQUEST } from "../support/client-frames.ts";
import { tlsSocket } from "../support/tls-client.ts";
import { WireClient } from "../support/wire-client.ts";

/** What Straddle believes of a server that it logs in to: next to nothing. */

let stage: AuthStage;
let straddle: Straddle;
const servers: Server[] = [];
const sockets = new Set<Socket>();

const USER = "app_scram";
const PASSWORD = PASSWORDS[USER] ?? "";

describe.skipIf(!hasOpenssl)("a server that is not to be believed", () => {
  beforeAll(async () => {
    stage = await AuthStage.start();
    const users = stage.file("users", entry(USER, PASSWORD));
    straddle = await stage.straddle(`mode: scram, users_file: ${users}`);
  }, 60_000);

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  afterAll(() => stage?.stop());

  /** From now on sessions go to another server than Straddle's own connection. */
  function redirect(port: number, tls = "mode: disable"): void {
    const { written } = straddle.state.config;
    const loaded = parseConfig(
      JSON.stringify({ ...written, server: { host: "localhost", port, tls: parsed(tls) } }),
      {},
    );
    if (loaded.kind === "error") throw new Error(loaded.message);
    straddle.state.configure(loaded.config);
  }
  const parsed = (yaml: string) =>
    Object.fromEntries(yaml.split(", ").map((pair) => pair.split(": ")));

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  }

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Answers the startup packet, and then each message, with the next of `answers`. */
  const play = (answers: readonly (Buffer | ((message: Buffer) => Buffer))[]) =>
    listen(
      createServer((socket) => {
        keep(socket);
        let count = 0;
        socket.on("data", (chunk: Buffer) => {
          const answer = answers[count++];
          if (answer !== undefined) socket.write(Buffer.isBuffer(answer) ? answer : answer(chunk));
        });
      }),
    );

  async function logIn(): Promise<string> {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: straddle.port,
      database: "postgres",
      user: USER,
      password: PASSWORD,
      ssl: false,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return "in";
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) return String(error);
      return `${error.code} ${error.message}: ${error.detail ?? ""}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  const REFUSED = `28000 straddle could not log in to the server as role "${USER}"`;
  const OK = frame("R", int32(0));
  const READY = Buffer.concat([OK, frame("K", int32(1), int32(2)), frame("Z", Buffer.from("I"))]);
  const SASL = frame("R", int32(10), "SCRAM-SHA-256", "");
  const nonceOf = (message: Buffer) => /,r=(.*)$/.exec(message.toString("latin1"))?.[1] ?? "";
  const next = (message: string) => frame("R", int32(11), Buffer.from(message));
  const first = (message: Buffer) => next(`r=${nonceOf(message)}x,s=QUFBQQ==,i=4096`);
  const SIGNATURE = Buffer.alloc(32).toString("base64");
  const fields = (...each: readonly string[]) => frame("E", ...each, Buffer.alloc(1));

  const cases: readonly {
    readonly name: string;
    readonly answers: Parameters<typeof play>[0];
    readonly sees: string;
  }[] = [
    { name: "it asks for nothing", answers: [READY], sees: "in" },
    {
      name: "it breaks the exchange off with its assent",
      answers: [SASL, first, READY],
      sees: `${REFUSED}: The server did not prove that it knows the password itself.`,
    },
    {
      name: "it assents at once after SASL",
      answers: [SASL, READY],
      sees: `${REFUSED}: The server did not prove that it knows the password itself.`,
    },
    {
      name: "its signature is wrong",
      answers: [
        SASL,
        first,
        Buffer.concat([frame("R", int32(12), Buffer.from(`v=${SIGNATURE}`)), READY]),
      ],
      sees: `${REFUSED}: The server did not prove that it knows the password itself.`,
    },
    {
      name: "it wants millions of rounds of hashing",
      answers: [SASL, (message) => next(`r=${nonceOf(message)}x,s=QUFBQQ==,i=2000000000`)],
      sees: `${REFUSED}: The server asks for 2000000000 rounds of hashing, and 1000000 are the most.`,
    },
    {
      name: "its nonce is its own",
      answers: [SASL, next("r=own,s=QUFBQQ==,i=4096")],
      sees: `${REFUSED}: The server's SCRAM nonce is not made from the client's.`,
    },
    {
      name: "its message is none",
      answers: [SASL, next("hello")],
      sees: `${REFUSED}: The server's first SCRAM message is malformed.`,
    },
    {
      name: "it goes on with what has not begun",
      answers: [next("r=a,s=QUFBQQ==,i=4096")],
      sees: `${REFUSED}: The server goes on with a SCRAM exchange that has not begun.`,
    },
    {
      name: "it has no mechanism that Straddle has",
      answers: [frame("R", int32(10), "OAUTHBEARER", "")],
      sees: `${REFUSED}: The server offers no SASL mechanism that straddle has.`,
    },
    {
      name: "it wants GSSAPI",
      answers: [frame("R", int32(7))],
      sees: `${REFUSED}: The server asks for authentication of type 7, which straddle has not.`,
    },
    {
      name: "its message has a length that can't be",
      answers: [Buffer.concat([Buffer.from("R"), int32(0x7fffffff)])],
      sees: `${REFUSED}: The server breaks PostgreSQL's protocol.`,
    },
    {
      name: "its message is cut",
      answers: [frame("R", Buffer.alloc(2))],
      sees: `${REFUSED}: The server breaks PostgreSQL's protocol.`,
    },
    {
      name: "it refuses the role",
      answers: [fields("SFATAL", "C28000", 'Mrole "x" is not permitted to log in')],
      sees: `${REFUSED}: The server says: role "x" is not permitted to log in.`,
    },
    {
      name: "it is full, which is no matter of credentials",
      answers: [fields("SFATAL", "C53300", "Msorry, too many clients already")],
      sees: "53300 sorry, too many clients already: ",
    },
  ];

  for (const { name, answers, sees } of cases) {
    test(name, async () => {
      redirect(await play(answers));
      expect(await logIn()).toBe(sees);
    });
  }

  const NOTICE = frame("N", "SNOTICE", "C00000", "Mhello", Buffer.alloc(1));

  test("all of its messages a byte at a time", async () => {
    const port = await listen(
      createServer((socket) => {
        keep(socket);
        socket.once("data", async () => {
          for (const byte of Buffer.concat([NOTICE, READY])) {
            socket.write(Buffer.from([byte]));
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        });
      }),
    );
    redirect(port);
    expect(await logIn()).toBe("in");
  });

  test("a client that sends on before the server is ready has no say in that log-in", async () => {
    const seen: Buffer[] = [];
    const port = await listen(
      createServer((socket) => {
        keep(socket);
        socket.on("data", (chunk: Buffer) => {
          seen.push(chunk);
          if (seen.length === 1) socket.write(frame("R", int32(3)));
        });
      }),
    );
    redirect(port);
    const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
    void client.start({ user: USER, database: "postgres" }, PASSWORD);
    while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await client.send(frame("p", "the client's own"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [, ...answers] = seen;
    expect(Buffer.concat(answers)).toEqual(frame("p", PASSWORD));
    client.abandon();
  });

  test("somebody in the middle, with a certificate that is good: channel binding tells", async () => {
    const { authority } = stage;
    const middle = authority.issue("localhost");
    const pairs = [
      { pair: stage.pair, sees: "in" },
      { pair: middle, sees: `${REFUSED}: The server says: SCRAM channel binding check failed.` },
    ];
    for (const { pair, sees } of pairs) {
      const secure = createTlsServer({
        cert: readFileSync(pair.cert),
        key: readFileSync(pair.key),
      });
      secure.on("secureConnection", async (client) => {
        keep(client);
        client.pause();
        const server = await tlsSocket(stage.port, {
          ca: authority.caPem,
          servername: "localhost",
        });
        keep(server);
        client.pipe(server).pipe(client);
      });
      const port = await listen(
        createServer((socket) => {
          keep(socket);
          socket.once("data", (request: Buffer) => {
            expect(request).toEqual(SSL_REQUEST);
            socket.write("S");
            secure.emit("connection", socket);
          });
        }),
      );
      redirect(port, `mode: verify-full, ca: ${authority.ca.cert}`);
      expect(await logIn()).toBe(sees);
    }
  });
});
