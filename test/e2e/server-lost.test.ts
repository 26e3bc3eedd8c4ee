import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  type EmbeddedServer,
  startEmbeddedPostgres,
} from "../../src/cli/embedded/embedded-postgres.ts";
import type { Straddle } from "../../src/cli/run.ts";
import { bind, execute, flush, parse, query, sync, terminate } from "../support/client-frames.ts";
import { Relay } from "../support/relay.ts";
import { startServer, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import type { WireClient } from "../support/wire-client.ts";

/** The server is restarted, crashes or can't be reached any more while sessions are in the middle of things. */

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

let server: EmbeddedServer;
/** Of a server that was started anew on the same data. */
let second: EmbeddedServer | undefined;
let database: TestDatabase;
let relay: Relay | undefined;
let straddle: Straddle | undefined;
const clients: WireClient[] = [];

beforeAll(async () => {
  server = await startServer();
  const { host, port } = server;
  database = {
    name: "postgres",
    url: `postgres://postgres@${host}:${port}/postgres`,
    connection: { host, port, user: "postgres", database: "postgres" },
    drop: () => Promise.resolve(),
  };
  await sql("CREATE TABLE orders (id int, user_id int)");
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await straddle?.stop();
  straddle = undefined;
  await relay?.stop();
  relay = undefined;
});

afterAll(async () => {
  await second?.stop();
  await server.stop();
});

async function start(port = server.port): Promise<Straddle> {
  const way = `server: { host: 127.0.0.1, port: ${port} }`;
  straddle = await startTestStraddle(database, `${way}\nmetrics: { port: 0 }\n${WINDOW}`);
  return straddle;
}

async function sql(text: string): Promise<void> {
  const client = new pg.Client(database.connection);
  await client.connect();
  await client.query(text);
  await client.end();
}

async function logIn(port: number | undefined): Promise<WireClient> {
  const client = await wireClient(database, port, { application_name: "shop@1.0.0" });
  clients.push(client);
  return client;
}

/** How many sessions are in `pg_sleep`. */
async function sleeping(count: number): Promise<void> {
  const client = new pg.Client(database.connection);
  await client.connect();
  await until("the queries", async () => {
    const { rowCount } = await client.query(
      "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    return rowCount === count;
  });
  await client.end();
}

async function ends(): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${straddle?.metricsPort}/metrics`);
  const found = (await response.text()).matchAll(
    /^straddle_session_ends_total\{.*version="1.0.0",end="(\w+)"\} (\d+)$/gm,
  );
  const counts = [...found].map(([, end, count]) => [end ?? "", Number(count)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** What came after the log-in, in brief. */
function received(client: WireClient): readonly string[] {
  const from = client.transcript.findIndex((line) => line.startsWith("< ReadyForQuery"));
  return client.transcript.slice(from + 1).flatMap((line) => {
    if (line === "closed") return [line];
    if (line.startsWith("unread") || /^rest/.test(line)) return ["a part of a message"];
    const said = /^< (?:Error|Notice)Response "S(\w+)\\0.*?\\0C(\w{5})\\0M(.*?)\\0/.exec(line);
    return said === null ? [] : [said.slice(1).join(" ")];
  });
}

const detail = (client: WireClient) =>
  /^< ErrorResponse .*?\\0D(.*?)\\0/.exec(
    client.transcript.findLast((line) => line.startsWith("< ErrorResponse")) ?? "",
  )?.[1];

/** What a session is at, with what is sent for it and what answers when it is. */
const DOING: readonly {
  readonly what: string;
  readonly frames: readonly Buffer[];
  readonly until?: string;
}[] = [
  { what: "idle", frames: [] },
  { what: "in a transaction", frames: [query("BEGIN")], until: "ReadyForQuery" },
  { what: "in a query", frames: [query("SELECT pg_sleep(60)")] },
  { what: "in COPY", frames: [query("COPY orders FROM STDIN")], until: "CopyInResponse" },
  {
    what: "in a batch",
    frames: [parse("", "SELECT 1"), bind("", ""), execute(""), flush()],
    until: "CommandComplete",
  },
];

/** One session for each of these; in `pg_sleep` there is one for each way. */
async function busySessions(port: number | undefined): Promise<readonly WireClient[]> {
  const all: WireClient[] = [];
  for (const { frames, until: answer } of DOING) {
    const client = await logIn(port);
    all.push(client);
    if (frames.length > 0) await client.send(...frames);
    if (answer !== undefined) await client.until(answer);
  }
  return all;
}

function postmaster(): number {
  return Number(readFileSync(join(server.dataFolder, "postmaster.pid"), "utf8").split("\n")[0]);
}

async function restarted(): Promise<void> {
  const { dataFolder, port } = server;
  await second?.stop();
  const gone = async () => {
    try {
      readFileSync(join(dataFolder, "postmaster.pid"));
      return false;
    } catch {
      return true;
    }
  };
  await until("the end of the server", gone);
  second = await startEmbeddedPostgres({ dataFolder, port, settings: { fsync: "off" } });
}

const STOPS: readonly {
  readonly name: string;
  readonly stop: () => Promise<void>;
  readonly said: string;
}[] = [
  {
    name: "a fast restart",
    stop: async () => {
      process.kill(postmaster(), "SIGINT");
      await restarted();
    },
    said: "FATAL 57P01 terminating connection due to administrator command",
  },
  {
    name: "an immediate restart",
    stop: async () => {
      process.kill(postmaster(), "SIGQUIT");
      await restarted();
    },
    said: "WARNING 57P01 terminating connection due to immediate shutdown command",
  },
  {
    name: "a crash of another session",
    stop: async () => {
      const victim = await logIn(server.port);
      process.kill(victim.pid, "SIGKILL");
      await victim.untilClosed();
    },
    said: "WARNING 57P02 terminating connection because of crash of another server process",
  },
];

for (const { name, stop, said } of STOPS) {
  test(`${name}: the client reads what it would read of the server, and is counted`, async () => {
    const { port } = await start();
    const direct = await busySessions(server.port);
    const through = await busySessions(port);
    await sleeping(2);
    await stop();
    for (const client of [...direct, ...through]) await client.untilClosed();
    expect(through.map(received)).toEqual(direct.map(received));
    for (const each of through) expect(received(each)).toEqual([said, "closed"]);
    expect(await ends()).toEqual({ server: DOING.length });

    // Whoever comes back is served again.
    const again = async () => {
      const client = await logIn(port);
      await client.send(query("SELECT user_id FROM orders"));
      await client.until("ReadyForQuery", "ErrorResponse");
      return received(client).length === 0;
    };
    await until("the server", again);
  });
}

const LOST = "FATAL 08006 the server closed the connection unexpectedly";

test("a killed server session: its client hears of it, though the server has said nothing", async () => {
  const { port } = await start();
  const direct = await logIn(server.port);
  const through = await logIn(port);
  process.kill(direct.pid, "SIGKILL");
  await direct.untilClosed();
  expect(received(direct)).toEqual(["closed"]);
  await until("the server's recovery", () =>
    sql("SELECT 1").then(
      () => true,
      () => false,
    ),
  );
  clients.pop();

  const other = await logIn(port);
  process.kill(other.pid, "SIGKILL");
  await other.untilClosed();
  expect(received(other)).toEqual([LOST, "closed"]);
  await through.untilClosed();
  // The server tells the other one that it is in recovery, unless it is too busy for that and kills it.
  expect([{ server: 1, server_lost: 1 }, { server_lost: 2 }]).toContainEqual(await ends());
  await until("the server's recovery", () =>
    sql("SELECT 1").then(
      () => true,
      () => false,
    ),
  );
});

for (const how of ["end", "reset"] as const) {
  test(`the way to the server is cut (${how}): 08006, and whether something was under way`, async () => {
    relay = await Relay.start({ host: server.host, port: server.port });
    const { port } = await start(relay.port);
    const through = await busySessions(port);
    await sleeping(1);
    relay.cut(how);
    for (const client of through) await client.untilClosed();
    expect(through.map(received)).toEqual(DOING.map(() => [LOST, "closed"]));
    const unknown = "What became of the transaction that was under way is not known.";
    expect(through.map(detail)).toEqual(
      DOING.map(({ what }) => (what === "idle" ? undefined : unknown)),
    );
    expect(await ends()).toEqual({ server_lost: DOING.length });
    // The server does not notice for as long as it sleeps.
    await sql(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    // The next one takes a way of its own.
    const after = await logIn(port);
    await after.send(query("SELECT 1"));
    await after.until("ReadyForQuery");
    expect(received(after)).toEqual([]);
  });
}

test("the way is cut inside of a row: nothing is put where it would be read as a part of it", async () => {
  relay = await Relay.start({ host: server.host, port: server.port });
  const { port } = await start(relay.port);
  const client = await logIn(port);
  relay.sizeMax = 200_000;
  await client.send(query("SELECT repeat('x', 1000000)"));
  await client.untilClosed();
  expect(client.transcript.some((line) => line.startsWith("< ErrorResponse"))).toBe(false);
  expect(client.transcript.at(-1)).toBe("closed");
  expect(await ends()).toEqual({ server_lost: 1 });
});

test("the way is cut before the server has said a word", async () => {
  relay = await Relay.start({ host: server.host, port: server.port });
  const { port } = await start(relay.port);
  relay.sizeMax = 0;
  const client = await logIn(port);
  await client.untilClosed();
  expect(client.transcript.at(-2)).toMatch(/^< ErrorResponse "SFATAL\\0VFATAL\\0C08006\\0/);
  expect(detail(client)).toBeUndefined();
});

test("a client that says that it leaves is not told that the server is lost", async () => {
  const { port } = await start();
  const through = await logIn(port);
  await through.send(terminate());
  await through.untilClosed();
  const synced = await logIn(port);
  await synced.send(parse("", "SELECT 1"), bind("", ""), execute(""), sync(), terminate());
  await synced.untilClosed();
  expect([received(through), received(synced)]).toEqual([["closed"], ["closed"]]);
});
