import { connect, type Socket } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { packet, query, startup } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** Limits of who may be there and for how long, with the metric of each. The others are in `limits.test.ts`. */

let database: TestDatabase;
let straddle: Straddle | undefined;
let direct: pg.Client;
const clients: WireClient[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(database, "CREATE TABLE orders (id int, user_id int)");
  direct = new pg.Client({ ...database.connection, database: "postgres" });
  await direct.connect();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  for (const socket of sockets.splice(0)) socket.destroy();
  await straddle?.stop();
  straddle = undefined;
});

afterAll(async () => {
  await direct.end();
  await database.drop();
});

async function start(limits: string, more = ""): Promise<Straddle> {
  straddle = await startTestStraddle(
    database,
    `limits: { ${limits} }\nmetrics: { port: 0 }\n${more}`,
  );
  return straddle;
}

async function logIn(user = "postgres", port = straddle?.port): Promise<WireClient> {
  const client = await wireClient(database, port, { application_name: "shop@1.0.0", user });
  clients.push(client);
  return client;
}

async function silent(): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: straddle?.port ?? 0 });
  socket.on("error", () => undefined);
  sockets.push(socket);
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

async function ask(client: WireClient, sql: string): Promise<void> {
  await client.send(query(sql));
  await client.until("ReadyForQuery", "ErrorResponse");
}

/** SQLSTATE and message. */
function lastError(client: WireClient): string | undefined {
  const line = client.transcript.findLast((each) => each.startsWith("< ErrorResponse"));
  return /\\0C(\w{5})\\0M(.*?)\\0/
    .exec(line ?? "")
    ?.slice(1)
    .join(" ");
}

async function metrics(): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${straddle?.metricsPort}/metrics`);
  const lines = (await response.text()).split("\n").filter((line) => /^straddle_\S+ /.test(line));
  return new Map(lines.map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]));
}

const hits = async (limit: string) =>
  (await metrics()).get(`straddle_limit_hits_total{limit="${limit}"}`);
const level = async (limit: string) =>
  (await metrics()).get(`straddle_limit_level{limit="${limit}"}`);

test("every limit is counted from the start, at 0, and its most is told where it has one", async () => {
  await start("sessions_per_user_max: 7");
  const all = [...(await metrics())].filter(([name]) => name.startsWith("straddle_limit_"));
  const named = (metric: string) =>
    all.filter(([name]) => name.startsWith(`${metric}{`)).map(([name]) => /"(.*)"/.exec(name)?.[1]);
  const values = all.filter(([name]) => name.startsWith("straddle_limit_hits_total"));
  expect(values.map(([, value]) => value)).toEqual(values.map(() => 0));
  expect(named("straddle_limit_hits_total").sort()).toEqual([
    "analysis_timeout",
    "buffer_size_max",
    "cache_size_max",
    "greetings_max",
    "hold_timeout",
    "idle_timeout",
    "pipeline_max",
    "prepared_size_max",
    "replay_size_max",
    "sessions_max",
    "sessions_per_user_max",
    "stalled_timeout",
    "startup_timeout",
    "statement_size_max",
  ]);
  const levels = [
    "buffer_size_max",
    "cache_size_max",
    "greetings_max",
    "pipeline_max",
    "prepared_size_max",
    "sessions_max",
    "sessions_per_user_max",
  ];
  expect(named("straddle_limit_level").sort()).toEqual(levels);
  expect(named("straddle_limit_max").sort()).toEqual(levels);
  expect(new Map(all).get('straddle_limit_max{limit="sessions_per_user_max"}')).toBe(7);
});

test("sessions_max: its hits and its level", async () => {
  await start("sessions_max: 2");
  await logIn();
  await logIn();
  expect([await level("sessions_max"), await hits("sessions_max")]).toEqual([2, 0]);
  const third = await logIn();
  expect(lastError(third)).toBe("53300 sorry, too many clients already");
  expect([await level("sessions_max"), await hits("sessions_max")]).toEqual([2, 1]);
});

test("sessions_per_user_max: as a role's CONNECTION LIMIT, in the server's words", async () => {
  await runDirect(database, "CREATE ROLE limited LOGIN CONNECTION LIMIT 1");
  try {
    const { port } = database.connection;
    const held = await logIn("limited", port);
    const refused = await logIn("limited", port);
    await refused.untilClosed();
    held.abandon();
    await until("the end of it", async () => {
      const { rowCount } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE usename = 'limited'",
      );
      return rowCount === 0;
    });
    await runDirect(database, "ALTER ROLE limited CONNECTION LIMIT -1");

    await start("sessions_per_user_max: 1");
    const first = await logIn("limited");
    const second = await logIn("limited");
    await second.untilClosed();
    expect(lastError(second)).toBe(lastError(refused));
    expect(lastError(second)).toBe('53300 too many connections for role \\"limited\\"');
    // Another user has places of its own.
    const other = await logIn();
    await ask(other, "SELECT");
    expect(lastError(other)).toBeUndefined();
    expect(await hits("sessions_per_user_max")).toBe(1);
    expect(await level("sessions_per_user_max")).toBe(1);

    first.abandon();
    await until("a place", async () => (await level("sessions_max")) === 1);
    expect(lastError(await logIn("limited"))).toBeUndefined();
    straddle?.state.configure({
      ...straddle.state.config,
      limits: { ...straddle.state.config.limits, sessionsPerUserMax: 2 },
    });
    expect(lastError(await logIn("limited"))).toBeUndefined();
  } finally {
    for (const client of clients.splice(0)) client.abandon();
    await straddle?.stop();
    straddle = undefined;
    await runDirect(database, "DROP ROLE limited");
  }
});

test("greetings_max: whoever is quick gets in, however many others take their time", async () => {
  await start("greetings_max: 5");
  const logged = await logIn();
  const slow: Socket[] = [];
  for (let count = 0; count < 5; count++) slow.push(await silent());
  await until("all of them", async () => (await level("greetings_max")) === 5);
  expect(await hits("greetings_max")).toBe(0);
  const half = await silent();
  half.write(startup({ user: "postgres" }).subarray(0, 9));
  await until("the first to be closed", () => slow.filter((each) => each.destroyed).length === 1);
  expect(slow[0]?.destroyed).toBe(true);
  expect(await hits("greetings_max")).toBe(1);

  const client = await logIn();
  await ask(client, "SELECT");
  expect(lastError(client)).toBeUndefined();

  // And so does a request to cancel.
  await logged.send(query("SELECT pg_sleep(20)"));
  await until("the query", async () => {
    const { rowCount } = await direct.query(
      "SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'",
      [database.name],
    );
    return rowCount === 1;
  });
  for (let count = 0; count < 8; count++) await silent();
  const cancel = await WireClient.connect({ host: "127.0.0.1", port: straddle?.port ?? 0 });
  clients.push(cancel);
  await cancel.send(packet(80877102, logged.key));
  await logged.until("ErrorResponse");
  expect(lastError(logged)).toMatch(/^57014 /);
  // The request has pushed one out, and is gone.
  expect(await level("greetings_max")).toBe(4);
});

test("startup_timeout: is counted, of who says nothing as of who does not log in", async () => {
  await start("startup_timeout: 200ms");
  const quiet = await silent();
  const mute = await WireClient.connect({ host: "127.0.0.1", port: straddle?.port ?? 0 });
  clients.push(mute);
  await mute.send(startup({ user: "user_scram", database: database.name }));
  await mute.untilClosed();
  await until("the end of the silent one", () => quiet.destroyed);
  expect(lastError(mute)).toMatch(/^57014 /);
  expect(await hits("startup_timeout")).toBe(2);
  const ends = 'straddle_session_ends_total{app="",version="",end="startup_timeout"}';
  expect((await metrics()).get(ends)).toBe(1);
});

test("idle_timeout: as the server's idle_session_timeout, but for transactions and what runs", async () => {
  const { port } = database.connection;
  const itself = await logIn("postgres", port);
  await ask(itself, "SET idle_session_timeout = '50ms'");
  await itself.untilClosed();

  await start("idle_timeout: 300ms");
  const idle = await logIn();
  const startedAt = performance.now();
  const [open, busy] = [await logIn(), await logIn()];
  await ask(open, "BEGIN");
  await busy.send(query("SELECT pg_sleep(1)"));
  await idle.untilClosed();
  expect(performance.now() - startedAt).toBeGreaterThan(290);
  expect(lastError(idle)).toBe(lastError(itself));
  expect(lastError(idle)).toBe("57P05 terminating connection due to idle-session timeout");
  await busy.until("ReadyForQuery");
  await ask(open, "COMMIT");
  expect([open, busy].map(lastError)).toEqual([undefined, undefined]);
  for (const client of [open, busy]) {
    await client.untilClosed();
    expect(lastError(client)).toMatch(/^57P05 /);
  }
  expect(await hits("idle_timeout")).toBe(3);
  const ends = 'straddle_session_ends_total{app="shop",version="1.0.0",end="idle_timeout"}';
  expect((await metrics()).get(ends)).toBe(3);
});

test("stalled_timeout: who does not read its result is let go, and its server session with it", async () => {
  await start("stalled_timeout: 400ms");
  const socket = await silent();
  socket.write(startup({ user: "postgres", database: database.name, application_name: "reader" }));
  socket.write(query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)"));
  socket.pause();
  const backends = async () =>
    (await direct.query("SELECT FROM pg_stat_activity WHERE application_name = 'reader'")).rowCount;
  await until("the query", async () => (await backends()) === 1);
  await until("the end of it", async () => (await backends()) === 0);
  expect(await hits("stalled_timeout")).toBe(1);
  expect(await hits("buffer_size_max")).toBeGreaterThan(0);
});
