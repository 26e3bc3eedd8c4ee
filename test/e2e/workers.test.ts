import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Authority, hasOpenssl } from "../support/certificates.ts";
import { packet } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import {
  failToStart,
  type StraddleProcess,
  startStraddleProcess,
  writeConfig,
} from "../support/straddle-process.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** More than one process: clients are spread, share what is shared, and outlive each other's workers. */

let database: TestDatabase;
let straddle: StraddleProcess;
const clients: pg.Client[] = [];

beforeAll(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  // The next test has all places to itself.
  if (isShared && !straddle.hasEnded()) {
    await until("no sessions", async () => (await total("straddle_sessions")) === 0);
  } else await straddle?.stop();
});

afterAll(async () => {
  await straddle?.stop();
  await database.drop();
});

/** Tests that leave it serving share one, also where a worker has been replaced; any other yaml ends it. */
const SHARED = "workers: 2\nlimits: { sessions_max: 40 }";
let isShared = false;

async function start(yaml: string): Promise<void> {
  const wasShared = isShared;
  isShared = yaml === SHARED;
  if (wasShared && isShared && !straddle.hasEnded()) return;
  if (wasShared) await straddle.stop();
  straddle = await startStraddleProcess(writeConfig(database, yaml));
}

async function connect(at: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({
    ...database.connection,
    host: "127.0.0.1",
    port: straddle.port,
    application_name: "shop@1.4.0",
    ...at,
  });
  client.on("error", () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

/** The workers' process ids, by number. */
function workers(): readonly number[] {
  const lines = straddle.log().matchAll(/worker (\d+) serves: process (\d+)/g);
  const last = new Map([...lines].map(([, number, id]) => [Number(number), Number(id)]));
  return [...last].sort(([left], [right]) => left - right).map(([, id]) => id);
}

async function samples(name: string): Promise<readonly string[]> {
  const { body } = await straddle.page("/metrics");
  return body.split("\n").filter((line) => line.startsWith(name));
}

/** Of a metric whose labels do not matter. */
async function total(name: string): Promise<number> {
  const lines = await samples(`${name}{`);
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function readiness(): Promise<string> {
  const { status, body } = await straddle.page("/readyz");
  const { state, detail = "" } = JSON.parse(body).checks.workers;
  return [status, state, detail].join(" ").trim();
}

async function answer(client: pg.Client): Promise<string> {
  const { rows } = await client.query("SELECT 'served' AS answer");
  return rows[0]?.answer;
}

test("40 sessions are spread evenly, and so are their successors", async () => {
  await start(SHARED);
  const first = await Promise.all(Array.from({ length: 40 }, () => connect()));
  expect(await samples("straddle_worker_sessions{")).toEqual([
    'straddle_worker_sessions{worker="1"} 20',
    'straddle_worker_sessions{worker="2"} 20',
  ]);
  // Those of one worker leave; who comes next goes where there is room.
  for (const client of first.slice(0, 20)) await client.end();
  await until("their end", async () => (await total("straddle_worker_sessions")) === 20);
  await Promise.all(Array.from({ length: 20 }, () => connect()));
  expect(await samples("straddle_worker_sessions{")).toEqual([
    'straddle_worker_sessions{worker="1"} 20',
    'straddle_worker_sessions{worker="2"} 20',
  ]);
  expect(await samples("straddle_sessions{")).toEqual([
    'straddle_sessions{app="shop",version="1.4.0"} 40',
  ]);
});

test("sessions_max holds for all workers together, and a place that is left is free", async () => {
  await start(SHARED);
  const all = await Promise.all(Array.from({ length: 40 }, () => connect()));
  await expect(connect()).rejects.toMatchObject({ code: "53300" });
  await all[0]?.end();
  await until("a place", async () => (await total("straddle_worker_sessions")) === 39);
  expect(await answer(await connect())).toBe("served");
  await expect(connect()).rejects.toMatchObject({ code: "53300" });
});

test("a cancel request ends its query, whichever worker it comes to", async () => {
  await start(SHARED);
  for (const others of [0, 1]) {
    const more = await Promise.all(Array.from({ length: others }, () => connect()));
    const sleeper = await connect();
    const pid = (await sleeper.query("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
    const sleeping = sleeper.query("SELECT pg_sleep(20)").catch((error: unknown) => error);
    const canceller = new pg.Client({ ...database.connection });
    await canceller.connect();
    await until("the sleep", async () => {
      const { rows } = await canceller.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = $1",
        [pid],
      );
      return rows.length === 1;
    });
    await canceller.end();
    const { processID, secretKey } = sleeper as unknown as { processID: number; secretKey: number };
    const key = Buffer.alloc(8);
    key.writeInt32BE(processID, 0);
    key.writeInt32BE(secretKey, 4);
    const request = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
    await request.send(packet(80877102, key));
    await request.untilClosed();
    expect(await sleeping).toMatchObject({ code: "57014" });
    for (const each of more) await each.end();
  }
});

test("a worker that is killed takes its own sessions only, and is replaced", async () => {
  await start(SHARED);
  const sessions = await Promise.all(Array.from({ length: 8 }, () => connect()));
  for (const session of sessions) await answer(session);
  const statements = await total("straddle_statements_total");
  const [victim = 0] = workers();
  process.kill(victim, "SIGKILL");
  await until("its end", () =>
    straddle.log().includes("worker 1 has ended (SIGKILL) and 4 session(s)"),
  );
  const outcomes = await Promise.all(sessions.map((each) => answer(each).catch(() => "lost")));
  expect(outcomes.filter((each) => each === "served")).toHaveLength(4);
  await until("a new worker", async () => (await readiness()) === "200 ok");
  expect(workers()).not.toContain(victim);
  for (let count = 0; count < 4; count++) expect(await answer(await connect())).toBe("served");
  expect(await total("straddle_statements_total")).toBe(statements + 4 + 4);
  expect(await samples("straddle_worker_restarts_total")).toEqual([
    "straddle_worker_restarts_total 1",
  ]);
  expect(await samples("straddle_worker_sessions{")).toEqual([
    'straddle_worker_sessions{worker="1"} 4',
    'straddle_worker_sessions{worker="2"} 4',
  ]);
});

test("SIGTERM lets transactions end in all workers", async () => {
  await start(SHARED);
  const [idle, busy] = [await connect(), await connect()];
  await busy.query("BEGIN");
  straddle.signal("SIGTERM");
  await until("the end of the idle one", () =>
    answer(idle).then(
      () => false,
      () => true,
    ),
  );
  const { rows } = await busy.query("SELECT 'still there' AS answer; COMMIT").then(
    // Trust boundary: pg gives a list for a string of several statements.
    (results) => (results as unknown as readonly pg.QueryResult[])[0] ?? { rows: [] },
  );
  expect(rows).toEqual([{ answer: "still there" }]);
  expect(await straddle.ended).toBe(0);
});

test("a worker that ends again and again makes Straddle not ready; clients go to the others", async () => {
  await start("workers: 2");
  expect(await readiness()).toBe("200 ok");
  for (let count = 0; count < 3; count++) {
    const [victim = 0] = workers();
    await until("the worker", () => workers()[0] !== undefined);
    process.kill(victim, "SIGKILL");
    await until("its successor", () => workers()[0] !== victim);
  }
  expect(await readiness()).toBe("503 failed worker 1 ends again and again soon after its start");
  expect(straddle.log()).toContain("worker 1 ends again and again soon after its start: not ready");
  expect(straddle.log()).toContain("a new one starts in 400 ms");
  expect(await answer(await connect())).toBe("served");
});

test("sessions_per_user_max holds for all workers together", async () => {
  await start("workers: 2\nlimits: { sessions_per_user_max: 3 }");
  for (let count = 0; count < 3; count++) await connect();
  await expect(connect()).rejects.toMatchObject({
    code: "53300",
    message: 'too many connections for role "postgres"',
  });
  expect(await samples('straddle_limit_level{limit="sessions_')).toEqual([
    'straddle_limit_level{limit="sessions_max"} 3',
    'straddle_limit_level{limit="sessions_per_user_max"} 3',
  ]);
  expect(await total("straddle_limit_hits_total")).toBe(1);
});

test("after POST /quitquitquit new connections are taken for as long as delay_min says", async () => {
  await start("workers: 2\nshutdown: { delay_min: 1s, delay_max: 3s }");
  const [first, second] = [await connect(), await connect()];
  for (const client of [first, second]) await client.query("BEGIN");
  const url = `http://127.0.0.1:${straddle.metricsPort}/quitquitquit`;
  expect((await fetch(url, { method: "POST" })).status).toBe(200);
  await until("the change", async () => (await straddle.page("/readyz")).status === 503);
  expect(await answer(await connect())).toBe("served");
  await until("the end of new connections", () =>
    connect().then(
      () => false,
      () => true,
    ),
  );
  expect(await answer(first)).toBe("served");
  // A signal after that is in haste.
  straddle.signal("SIGTERM");
  expect(await straddle.ended).toBe(0);
  await expect(answer(second)).rejects.toThrow();
});

test("a Unix socket serves, has its mode, and is replaced when its owner was killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "straddle-workers-"));
  const yaml = `workers: 2\nlisten: { port: 0, socket: ${folder}/.s.PGSQL.6432, socket_mode: "0770" }`;
  await start(yaml);
  const killed = straddle;
  const ids = workers();
  process.kill(killed.processId, "SIGKILL");
  await killed.stop();
  // Workers do not outlive their primary.
  await until("the end of the workers", () => ids.every((id) => !isAlive(id)));
  await start(yaml);
  const mode = (statSync(`${folder}/.s.PGSQL.6432`).mode & 0o777).toString(8);
  const both = [
    await connect({ host: folder, port: 6432 }),
    await connect({ host: folder, port: 6432 }),
  ];
  const answers = await Promise.all(both.map(answer));
  const [first = 0] = workers();
  process.kill(first, "SIGKILL");
  await until("its successor", () => workers()[0] !== first);
  answers.push(await answer(await connect({ host: folder, port: 6432 })));
  rmSync(folder, { recursive: true });
  expect({ mode, answers }).toEqual({ mode: "770", answers: ["served", "served", "served"] });
});

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

test("what is wrong with the set-up is one sentence, and exit status 2", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await until("the other server", () => other.listening);
  const address = other.address();
  const port = typeof address === "object" ? address?.port : 0;
  const nobody = "server: { host: 127.0.0.1, port: 1 }";
  const outcomes = await Promise.all(
    [
      `workers: 2\nlisten: { port: ${port} }`,
      `workers: 2\nmetrics: { port: ${port} }`,
      `workers: 2\n${nobody}`,
      "workers: many",
    ].map((yaml) => failToStart(writeConfig(database, yaml))),
  );
  other.close();
  const sentences = outcomes.map(({ status, words }) => {
    const own = words.split("\n").filter((line) => line.startsWith("straddle: "));
    return [status, ...own.map((line) => line.replace(/^.*?\.yaml: /, "straddle: "))];
  });
  expect(sentences).toEqual([
    [2, `straddle: listen.host and listen.port: 127.0.0.1:${port}: the port is in use already`],
    [2, `straddle: metrics.host and metrics.port: 127.0.0.1:${port}: the port is in use already`],
    [
      2,
      "straddle: the server 127.0.0.1:1 can't be reached as postgres: nothing accepts connections there",
    ],
    [2, 'straddle: workers: "many" is not a number from 1 to 64, nor auto'],
  ]);
});

test("a changed file is in force on all workers, and on those that come later", async () => {
  const owner = new pg.Client(database.connection);
  await owner.connect();
  await owner.query("CREATE TABLE orders (id int, customer_id int)");
  const window = `{ table: orders, rename: { user_id: customer_id }, old: "<2", new: ">=2" }`;
  const before = writeConfig(database, "workers: 2");
  const after = writeConfig(database, `workers: 3\nwindows: [${window}]`);
  straddle = await startStraddleProcess(before);
  const sessions = [await connect(), await connect()];
  const ask = (client: pg.Client) =>
    client.query("SELECT user_id FROM orders").then(
      () => "answered",
      ({ code }) => code,
    );
  const closed = await Promise.all(sessions.map(ask));
  copyFileSync(after, before);
  await until("the change", () => /settings read again: .*; 1 window/.test(straddle.log()));
  const open = await Promise.all(sessions.map(ask));
  const [first = 0] = workers();
  process.kill(first, "SIGKILL");
  await until("its successor", () => workers()[0] !== first);
  const later = await ask(await connect());
  const { in_force, waiting_for_restart } = JSON.parse((await straddle.page("/config")).body);
  writeFileSync(before, "workers: [");
  await until("the complaint", async () => {
    const { checks } = JSON.parse((await straddle.page("/readyz")).body);
    return checks.config.state === "warning";
  });
  const kept = await ask(await connect());
  await owner.query("DROP TABLE orders");
  await owner.end();
  expect({ closed, open, later, kept }).toEqual({
    closed: ["42703", "42703"],
    open: ["answered", "answered"],
    later: "answered",
    kept: "answered",
  });
  expect(in_force).toMatchObject({ workers: 2, windows: [{ table: "orders" }] });
  expect(waiting_for_restart).toEqual(["workers"]);
});

test.skipIf(!hasOpenssl)("a new certificate is taken by all workers", async () => {
  const authority = new Authority();
  const pair = authority.issue("first");
  const { cert, key } = pair;
  const tls = `{ mode: require, cert: ${cert}, key: ${key} }`;
  await start(`workers: 2\nlisten: { port: 0, tls: ${tls} }`);
  const names = async () => {
    const subjects = await Promise.all([1, 2].map(() => subjectShown()));
    return subjects.join(" ");
  };
  const before = await names();
  const second = authority.issue("second");
  copyFileSync(second.cert, cert);
  copyFileSync(second.key, key);
  await until("the new one", async () => (await names()) === "second second");
  authority.remove();
  expect(before).toBe("first first");
});

/** Whose certificate a session is shown, by the worker that it comes to. */
async function subjectShown(): Promise<string> {
  const client = await connect({ ssl: { rejectUnauthorized: false } });
  // Trust boundary: pg does not tell of its socket.
  const { connection } = client as unknown as { connection: { stream: TLSSocket } };
  return String(connection.stream.getPeerCertificate().subject.CN);
}
