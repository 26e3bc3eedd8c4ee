import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { decodeFields } from "../../src/wire/fields.ts";
import { GSSENC_REQUEST, SSL_REQUEST, startup } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { nextChunk, plainSocket } from "../support/tls-client.ts";

/** A client's first packets, without TLS: what the server, which has none either, says to the same. */

let database: TestDatabase;
let straddle: Straddle;

beforeAll(async () => {
  database = await createDatabase();
  straddle = await startTestStraddle(database);
});

afterAll(async () => {
  await straddle?.stop();
  await database?.drop();
});

const STARTUP = startup({ user: "postgres", database: "postgres" });

const cases: {
  readonly name: string;
  /** Each is one write, which waits for an answer. */
  readonly writes: readonly Buffer[];
  readonly sees: string;
}[] = [
  {
    name: "SSLRequest, GSSENCRequest, startup",
    writes: [SSL_REQUEST, GSSENC_REQUEST, STARTUP],
    sees: "N N R",
  },
  {
    name: "GSSENCRequest, SSLRequest, startup",
    writes: [GSSENC_REQUEST, SSL_REQUEST, STARTUP],
    sees: "N N R",
  },
  {
    name: "SSLRequest twice",
    writes: [SSL_REQUEST, SSL_REQUEST],
    sees: "N E0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2",
  },
  {
    name: "GSSENCRequest twice",
    writes: [GSSENC_REQUEST, GSSENC_REQUEST],
    sees: "N E0A000 unsupported frontend protocol 1234.5680: server supports 3.0 to 3.2",
  },
  {
    name: "a startup that comes along with SSLRequest",
    writes: [Buffer.concat([SSL_REQUEST, STARTUP])],
    sees: "NE08P01 received unencrypted data after SSL request",
  },
  {
    name: "a startup that comes along with GSSENCRequest",
    writes: [Buffer.concat([GSSENC_REQUEST, STARTUP])],
    sees: "NE08P01 received unencrypted data after GSSAPI encryption request",
  },
  { name: "the beginning of a ClientHello", writes: [Buffer.from([0x16])], sees: "" },
  {
    name: "the beginning of a ClientHello, after SSLRequest",
    writes: [SSL_REQUEST, Buffer.from([0x16, 3, 1, 0])],
    sees: "N ",
  },
];

for (const { name, writes, sees } of cases) {
  test(name, async () => {
    const direct = await play(database.connection.port ?? 0, writes);
    expect({ direct, proxied: await play(straddle.port, writes) }).toEqual({
      direct: sees,
      proxied: sees,
    });
  });
}

/** The answers: a byte, a message's type, or an error's code and message. */
async function play(port: number, writes: readonly Buffer[]): Promise<string> {
  const socket = await plainSocket(port);
  const answers: string[] = [];
  for (const bytes of writes) {
    socket.write(bytes);
    answers.push(await answerOf(socket));
  }
  socket.destroy();
  return answers.join(" ");
}

async function answerOf(socket: Socket): Promise<string> {
  let received = await nextChunk(socket);
  let answer = "";
  if (received[0] === 0x4e) {
    answer = "N";
    received = received.subarray(1);
    // What follows may come in a packet of its own.
    if (received.length === 0) received = await Promise.race([nextChunk(socket), quiet()]);
  }
  if (received.length === 0) return answer;
  const type = received.toString("latin1", 0, 1);
  if (type !== "E") return answer + type;
  const fields = decodeFields(received, 0, received.length);
  return `${answer}E${fields.get("C")} ${fields.get("M")}`;
}

const quiet = () =>
  new Promise<Buffer>((resolve) => setTimeout(() => resolve(Buffer.alloc(0)), 200));
