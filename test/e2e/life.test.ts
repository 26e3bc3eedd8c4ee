import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import { bind, execute, parse, query, sync } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import type { WireClient } from "../support/wire-client.ts";

/** How sessions and the process begin, end, and get over what goes wrong beside them. */

const OFF = "guard: { mode: off, lock_timeout: { on_missing: off } }\n";
const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

let database: TestDatabase;
let straddle: Straddle | undefined;
/** A connection to the server, past Straddle. */
let direct: pg.Client;
const clients: WireClient[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int, user_id int)");
  direct = new pg.Client({ ...database.connection, database: "postgres" });
  await direct.connect();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await straddle?.stop();
  straddle = undefined;
});

afterAll(async () => {
  await direct.end();
  await database.drop();
});

async function start(yaml = ""): Promise<Straddle> {
  straddle = await startTestStraddle(database, yaml);
  return straddle;
}

let lastName = 0;

/** A session under a name of its own, by which `backends` finds its server session. */
async function logIn(): Promise<{ readonly client: WireClient; readonly name: string }> {
  lastName += 1;
  const name = `life-${lastName}@1.0.0`;
  const client = await wireClient(database, straddle?.port, { application_name: name });
  clients.push(client);
  return { client, name };
}

/** The process ids of server sessions of this name in the test's database. */
async function backends(name: string): Promise<readonly number[]> {
  const { rows } = await direct.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = $2",
    [database.name, name],
  );
  return rows.map(({ pid }) => pid);
}

/** Whether the session is in `pg_sleep`. */
async function isInQuery(name: string): Promise<boolean> {
  const { rowCount } = await direct.query(
    `SELECT FROM pg_stat_activity
      WHERE datname = $1 AND application_name = $2 AND state = 'active'
        AND wait_event = 'PgSleep'`,
    [database.name, name],
  );
  return rowCount === 1;
}

/** What the client was sent after its log-in, without rows. */
function received(client: WireClient): readonly string[] {
  const start = client.transcript.findIndex((line) => line.startsWith("< ReadyForQuery"));
  return client.transcript
    .slice(start + 1)
    .filter((line) => /^(< (CommandComplete|ReadyForQuery|ErrorResponse)|closed)/.test(line))
    .map(
      (line) =>
        /^< ErrorResponse "S(\w+)\\0.*?\\0C(\w{5})\\0/.exec(line)?.slice(1).join(" ") ?? line,
    );
}

const SHUT_DOWN = ["FATAL 57P01", "closed"];

test("a server that can't be reached: 08006 for a new session, until it can be", async () => {
  const running = await start(OFF);
  const good = running.state.config;
  // Port 1 is nobody's.
  const loaded = parseConfig(`server: { host: 127.0.0.1, port: 1 }\n${OFF}`, {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  const before = await logIn();
  running.state.configure(loaded.config);
  const { client } = await logIn();
  await client.untilClosed();
  expect(client.transcript.at(-2)).toMatch(
    /^< ErrorResponse "SFATAL\\0VFATAL\\0C08006\\0Mstraddle could not connect to the server: .*ECONNREFUSED/,
  );
  // A session that is there goes on.
  await before.client.send(query("SELECT"));
  await before.client.until("ReadyForQuery");
  expect(received(before.client)).toEqual([
    '< CommandComplete "SELECT 1\\0"',
    '< ReadyForQuery "I"',
  ]);
  running.state.configure(good);
  const after = await logIn();
  await after.client.send(query("SELECT"));
  await after.client.until("ReadyForQuery");
  expect(received(after.client)).toHaveLength(2);
});

const ENDED: readonly {
  readonly what: string;
  readonly frames: readonly Buffer[];
  readonly isBusy: boolean;
}[] = [
  { what: "idle", frames: [], isBusy: false },
  { what: "in a query", frames: [query("SELECT pg_sleep(10)")], isBusy: true },
  {
    what: "in a batch",
    frames: [parse("", "SELECT pg_sleep(10)"), bind("", ""), execute(""), sync()],
    isBusy: true,
  },
];

for (const { what, frames, isBusy } of ENDED) {
  test(`a server session that is ended, ${what}: the server's own words come through`, async () => {
    await start(WINDOW);
    const { client, name } = await logIn();
    if (isBusy) {
      await client.send(...frames);
      await until("the query", () => isInQuery(name));
    }
    const [pid] = await backends(name);
    await direct.query("SELECT pg_terminate_backend($1)", [pid]);
    await client.untilClosed();
    expect(received(client)).toEqual(["FATAL 57P01", "closed"]);
    expect(client.transcript.at(-2)).toContain(
      "Mterminating connection due to administrator command\\0",
    );
  });
}

test("stop: idle sessions are ended at once, and nobody is let in any more", async () => {
  const running = await start(WINDOW);
  const idle = await logIn();
  const busy = await logIn();
  await busy.client.send(query("BEGIN"));
  await busy.client.until("ReadyForQuery");
  const stopped = running.stop();
  await idle.client.untilClosed();
  expect(received(idle.client)).toEqual(SHUT_DOWN);
  expect(idle.client.transcript.at(-2)).toContain("straddle is shutting down");
  await expect(logIn()).rejects.toThrow("ECONNREFUSED");

  await busy.client.send(query("SELECT"));
  await busy.client.until("ReadyForQuery");
  await busy.client.send(query("COMMIT"));
  await busy.client.untilClosed();
  await stopped;
  straddle = undefined;
  expect(received(busy.client)).toEqual([
    '< CommandComplete "BEGIN\\0"',
    '< ReadyForQuery "T"',
    '< CommandComplete "SELECT 1\\0"',
    '< ReadyForQuery "T"',
    '< CommandComplete "COMMIT\\0"',
    '< ReadyForQuery "I"',
    ...SHUT_DOWN,
  ]);
});

test("stop: a statement that runs is let finish", async () => {
  const running = await start(WINDOW);
  const { client, name } = await logIn();
  await client.send(query("SELECT pg_sleep(0.3)"));
  await until("the query", () => isInQuery(name));
  await running.stop();
  straddle = undefined;
  await client.untilClosed();
  expect(received(client)).toEqual([
    '< CommandComplete "SELECT 1\\0"',
    '< ReadyForQuery "I"',
    ...SHUT_DOWN,
  ]);
  expect(await backends(name)).toEqual([]);
});

test("stop: a batch without its Sync is let finish", async () => {
  const running = await start(WINDOW);
  const { client } = await logIn();
  await client.send(parse("", "SELECT"), bind("", ""), execute(""));
  // Something that is answered, so that all of it has arrived.
  const other = await logIn();
  await other.client.send(query("SELECT"));
  await other.client.until("ReadyForQuery");
  const stopped = running.stop();
  await other.client.untilClosed();
  await client.send(sync());
  await client.untilClosed();
  await stopped;
  straddle = undefined;
  expect(received(client)).toEqual([
    '< CommandComplete "SELECT 1\\0"',
    '< ReadyForQuery "I"',
    ...SHUT_DOWN,
  ]);
});

test("stop: what does not end by itself is ended after 10 s", async () => {
  const running = await start(WINDOW);
  const [open, sleeping] = [await logIn(), await logIn()];
  await open.client.send(query("BEGIN"));
  await open.client.until("ReadyForQuery");
  await sleeping.client.send(query("SELECT pg_sleep(60)"));
  await until("the query", () => isInQuery(sleeping.name));
  const startMs = performance.now();
  await running.stop();
  straddle = undefined;
  expect(performance.now() - startMs).toBeLessThan(15_000);
  for (const { client, name } of [open, sleeping]) {
    await client.untilClosed();
    expect(client.transcript.at(-2)).toContain("C57P01\\0");
    await until("the end of the server session", async () => {
      for (const pid of await backends(name)) {
        await direct.query("SELECT pg_cancel_backend($1)", [pid]);
      }
      return (await backends(name)).length === 0;
    });
  }
});

/** What a client was doing when it vanished; each ends by itself on the server within a second. */
const VANISHED: readonly { readonly what: string; readonly sql: readonly string[] }[] = [
  { what: "idle", sql: [] },
  { what: "in a transaction that holds a lock", sql: ["BEGIN; LOCK TABLE orders"] },
  { what: "in a query", sql: ["SELECT pg_sleep(0.5)"] },
];

for (const { what, sql } of VANISHED) {
  test(`a client that vanishes, ${what}: no server session is left behind`, async () => {
    await start(WINDOW);
    const { client, name } = await logIn();
    for (const each of sql) {
      await client.send(query(each));
      if (each.startsWith("SELECT")) await until("the query", () => isInQuery(name));
      else await client.until("ReadyForQuery");
    }
    expect(await backends(name)).toHaveLength(1);
    client.abandon();
    await until(
      "the end of the server session",
      async () => (await backends(name)).length === 0,
      3_000,
    );
  });
}

test("a client that vanishes in rows that nobody reads any more is not read for", async () => {
  await start(WINDOW);
  const { client, name } = await logIn();
  await client.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)"));
  await client.until("RowDescription");
  client.abandon();
  await until(
    "the end of the server session",
    async () => (await backends(name)).length === 0,
    3_000,
  );
});

test("readiness goes with the control connection; sessions do not", async () => {
  const control = `control: { user: postgres, database: ${database.name}, poll_interval: 50ms }`;
  const running = await start(`${control}\nmetrics: { port: 0 }\n${WINDOW}`);
  const readiness = async () => {
    const response = await fetch(`http://127.0.0.1:${running.metricsPort}/readyz`);
    return { status: response.status, body: await response.text() };
  };
  const { client } = await logIn();
  expect((await readiness()).status).toBe(200);

  await direct.query(`ALTER DATABASE ${database.name} WITH ALLOW_CONNECTIONS false`);
  try {
    for (const pid of await backends("straddle")) {
      await direct.query("SELECT pg_terminate_backend($1)", [pid]);
    }
    // A reading that was under way when its connection ended says so first; the next one says why.
    await until("red, and why", async () => {
      const { status, body } = await readiness();
      return status === 503 && body.includes("not currently accepting connections");
    });
    await client.send(query("SELECT user_id FROM orders"));
    await client.until("ReadyForQuery");
    expect(received(client)).toEqual(['< CommandComplete "SELECT 0\\0"', '< ReadyForQuery "I"']);
  } finally {
    await direct.query(`ALTER DATABASE ${database.name} WITH ALLOW_CONNECTIONS true`);
  }
  await until("green", async () => (await readiness()).status === 200);
});

test("readiness: red while straddle stops", async () => {
  const running = await start(`metrics: { port: 0 }\n${WINDOW}`);
  const url = `http://127.0.0.1:${running.metricsPort}/readyz`;
  const { client } = await logIn();
  await client.send(query("BEGIN"));
  await client.until("ReadyForQuery");
  const stopped = running.stop();
  expect((await fetch(url)).status).toBe(503);
  await client.send(query("COMMIT"));
  await stopped;
  straddle = undefined;
});
