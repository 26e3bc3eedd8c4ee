import dns from "node:dns";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { query } from "../support/client-frames.ts";
import { Relay } from "../support/relay.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/** Where the server is: its name's addresses, and whether it is still there. */

const NAME = "db.example";

let database: TestDatabase;
let port: number;
let straddle: Straddle | undefined;
let relay: Relay | undefined;
/** What the name stands for, and how often that was asked. */
let addresses: readonly string[];
let lookupCount: number;
const clients: WireClient[] = [];

beforeAll(async () => {
  database = await createDatabase();
  port = database.connection.port ?? 0;
  const { lookup } = dns;
  vi.spyOn(dns, "lookup").mockImplementation(((
    name: string,
    options: dns.LookupAllOptions,
    done: (error: Error | null, all: dns.LookupAddress[]) => void,
  ) => {
    if (name !== NAME) return lookup(name, options, done);
    lookupCount += 1;
    const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    setImmediate(() => done(null, all));
  }) as typeof dns.lookup);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await straddle?.stop();
  straddle = undefined;
  await relay?.stop();
  relay = undefined;
});

afterAll(async () => {
  vi.restoreAllMocks();
  await database.drop();
});

async function start(server = `{ host: ${NAME}, port: ${port} }`, more = ""): Promise<Straddle> {
  lookupCount = 0;
  straddle = await startTestStraddle(database, `server: ${server}\n${more}`);
  return straddle;
}

async function logIn(): Promise<WireClient> {
  const client = await wireClient(database, straddle?.port, {});
  clients.push(client);
  return client;
}

async function answers(client: WireClient): Promise<boolean> {
  await client.send(query("SELECT 1"));
  await client.until("ReadyForQuery", "ErrorResponse");
  return client.transcript.at(-1) === '< ReadyForQuery "I"';
}

test("the name is looked up again for each session: a failover reaches the next one", async () => {
  addresses = ["127.0.0.1"];
  await start();
  const before = await logIn();
  const count = lookupCount;
  expect(await answers(before)).toBe(true);

  // The name moves. What stands there is another way to the same server.
  relay = await Relay.start({ host: "127.0.0.1", port }, { host: "127.0.0.2", port });
  addresses = ["127.0.0.2"];
  const after = await logIn();
  expect(await answers(after)).toBe(true);
  expect(relay.connectionCount).toBe(1);
  expect(lookupCount).toBe(count + 1);
  // A session that is there stays where it is.
  expect(await answers(before)).toBe(true);
  await logIn();
  expect(lookupCount).toBe(count + 2);
});

test("a name with several addresses: all of them are tried", async () => {
  addresses = ["127.0.0.3", "127.0.0.4", "127.0.0.1"];
  await start();
  expect(await answers(await logIn())).toBe(true);
});

test("a name with several addresses where nobody is: what each of them said", async () => {
  addresses = ["127.0.0.1"];
  await start();
  addresses = ["127.0.0.3", "127.0.0.4"];
  const client = await logIn();
  await client.untilClosed();
  expect(client.transcript.at(-2)).toContain(
    `\\0C08006\\0Mstraddle could not connect to the server: connect ECONNREFUSED 127.0.0.3:${port}; connect ECONNREFUSED 127.0.0.4:${port}\\0`,
  );
});

test("by another family: IPv6 comes first and has nobody, IPv4 has", async () => {
  addresses = ["::1", "127.0.0.1"];
  await start();
  expect(await answers(await logIn())).toBe(true);
});

/** Whether the system will ask for a sign of life, by the connection's own port and the other one. */
function timer(ports: { readonly local: number; readonly remote: number }): string | undefined {
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, "0");
  const pattern = new RegExp(
    `^ *\\d+: \\w+:${hex(ports.local)} \\w+:${hex(ports.remote)} 01 \\S+ (\\w\\w):`,
    "m",
  );
  return pattern.exec(readFileSync("/proc/net/tcp", "utf8"))?.[1];
}

/** Both legs of the one session there is: the client's port, and Straddle's towards the server. */
async function legs(client: WireClient) {
  await client.send(query("SELECT 100000 + inet_client_port()"));
  await client.until("ReadyForQuery");
  const row = client.transcript.findLast((line) => line.startsWith("< DataRow")) ?? "";
  const serverLeg = Number(/(\d{6})"$/.exec(row)?.[1]) - 100_000;
  await new Promise((resolve) => setTimeout(resolve, 300)); // Until nothing waits for its ACK.
  return {
    client: timer({ local: straddle?.port ?? 0, remote: client.port }),
    server: timer({ local: serverLeg, remote: port }),
  };
}

describe.skipIf(process.platform !== "linux")("keepalive, as the system has it", () => {
  const [ON, OFF] = ["02", "00"];

  test("is on by default", async () => {
    await start(`{ host: 127.0.0.1, port: ${port} }`);
    expect(await legs(await logIn())).toEqual({ client: ON, server: ON });
  });

  test("0s turns it off", async () => {
    await start(
      `{ host: 127.0.0.1, port: ${port}, keepalive: 0s }`,
      "listen: { port: 0, keepalive: 0s }",
    );
    expect(await legs(await logIn())).toEqual({ client: OFF, server: OFF });
  });
});
