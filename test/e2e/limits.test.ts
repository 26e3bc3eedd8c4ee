import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { CountedLimit } from "../../src/session/limit-hits.ts";
import {
  bind,
  copyData,
  copyDone,
  describeStatement,
  execute,
  parse,
  query,
  SSL_REQUEST,
  startup,
  sync,
} from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { runDirect, wireClient } from "../support/twins.ts";
import { WireClient } from "../support/wire-client.ts";

/**
 * Each limit is met, and beside it what is still allowed; those of who may be there are in
 * `session-limits.test.ts`. `limits.buffer_size_max` has its own tests
 * in `streaming.test.ts`, and `limits.hold_timeout` in `test/session/flip-gate.test.ts`.
 */

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;
const RENAME = "ALTER TABLE orders RENAME user_id TO customer_id";

const V1 = { application_name: "shop@1.0.0" };

let database: TestDatabase;
let straddle: Straddle | undefined;
const clients: WireClient[] = [];

beforeAll(async () => {
  database = await createDatabase();
});

afterAll(() => database.drop());

beforeEach(() =>
  runDirect(
    database,
    `DROP TABLE IF EXISTS orders;
     CREATE TABLE orders (id int PRIMARY KEY, user_id int);
     INSERT INTO orders VALUES (1, 10), (2, 20)`,
  ),
);

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await straddle?.stop();
  straddle = undefined;
});

/** Straddle with these limits. It sees a rename by itself only long after the test. */
async function start(limits: string, yaml = WINDOW): Promise<Straddle> {
  const control = `control: { user: postgres, database: ${database.name}, poll_interval: 60s }`;
  straddle = await startTestStraddle(database, `${control}\nlimits: { ${limits} }\n${yaml}`);
  return straddle;
}

async function logIn(parameters: Readonly<Record<string, string>> = V1): Promise<WireClient> {
  const client = await wireClient(database, straddle?.port, parameters);
  clients.push(client);
  return client;
}

async function connectOnly(): Promise<WireClient> {
  const client = await WireClient.connect({ host: "127.0.0.1", port: straddle?.port ?? 0 });
  clients.push(client);
  return client;
}

/** The outcome of what is sent: SQLSTATEs, tags of commands and values of rows, in order. */
async function ask(client: WireClient, ...frames: readonly Buffer[]): Promise<readonly string[]> {
  const start = client.transcript.length;
  await client.send(...frames);
  await client.until("ReadyForQuery");
  return outcomes(client.transcript.slice(start));
}

function outcomes(transcript: readonly string[]): readonly string[] {
  return transcript.flatMap((line) => {
    const error = /^< ErrorResponse .*?\\0C(\w{5})\\0/.exec(line)?.[1];
    const command = /^< CommandComplete "(.*)\\0"$/.exec(line)?.[1];
    const status = /^< ReadyForQuery "(.)"$/.exec(line)?.[1];
    return [error ?? command ?? status].filter((each) => each !== undefined);
  });
}

const hits = (limit: CountedLimit) => straddle?.state.hits.of(limit);

const run = (sql: string, values: readonly string[] = []) => [
  parse("", sql),
  bind("", "", values),
  execute(""),
  sync(),
];

/** SQL of this many bytes. */
const padded = (sql: string, size: number) => `${sql} /*${"x".repeat(size - sql.length - 5)}*/`;

test("sessions_max: one more gets 53300, until another has left", async () => {
  await start("sessions_max: 2");
  const first = await logIn();
  const second = await logIn();
  const third = await logIn();
  await third.untilClosed();
  expect(outcomes(third.transcript)).toEqual(["53300"]);
  expect(third.transcript.at(-2)).toMatch(/^< ErrorResponse "SFATAL\\0/);
  expect(await ask(second, query("SELECT"))).toEqual(["SELECT 1", "I"]);

  first.abandon();
  await sleep(50);
  const fourth = await logIn();
  expect(await ask(fourth, query("SELECT"))).toEqual(["SELECT 1", "I"]);
});

const UPDATE = "UPDATE orders SET user_id = 11 WHERE id = 1";
const PROTOCOLS = { simple: (sql: string) => [query(sql)], extended: (sql: string) => run(sql) };
/** What of a message is not its text: type, length, NULs and the number of parameter types. */
const FRAME_SIZES = { simple: 6, extended: 9 };
const OFF = "guard: { mode: off, lock_timeout: { on_missing: off } }\n";

for (const protocol of ["simple", "extended"] as const) {
  const frames = PROTOCOLS[protocol];
  const frameSize = FRAME_SIZES[protocol];

  test(`statement_size_max, ${protocol}: a larger one fails, and the transaction with it`, async () => {
    await start("statement_size_max: 1KiB");
    const client = await logIn();
    expect(await ask(client, ...frames(padded(UPDATE, 1_024 - frameSize)))).toEqual([
      "UPDATE 1",
      "I",
    ]);
    expect(hits("statement_size_max")).toBe(0);
    expect(await ask(client, ...frames(padded(UPDATE, 1_200)))).toEqual(["54000", "I"]);
    expect(hits("statement_size_max")).toBe(1);
    expect(await ask(client, ...frames("BEGIN"))).toEqual(["BEGIN", "T"]);
    const deletion = "DELETE FROM orders";
    expect(await ask(client, ...frames(deletion))).toEqual(["DELETE 2", "T"]);
    expect(await ask(client, ...frames(padded(UPDATE, 100_000)))).toEqual(["54000", "E"]);
    expect(await ask(client, ...frames("SELECT"))).toEqual(["25P02", "E"]);
    client.abandon();
    const other = await logIn();
    expect(await ask(other, ...frames("SELECT FROM orders"))).toEqual(["SELECT 2", "I"]);
  });

  test(`statement_size_max, ${protocol}: values are not counted as text`, async () => {
    await start("statement_size_max: 1KiB");
    const client = await logIn();
    const value = "x".repeat(100_000);
    const sql = "SELECT FROM orders WHERE user_id = length($1)";
    expect(await ask(client, ...run(sql, [value]))).toEqual(["SELECT 0", "I"]);
  });

  test(`statement_size_max, ${protocol}: with oversize pass the server decides`, async () => {
    await start("statement_size_max: 1KiB, oversize: pass");
    const client = await logIn();
    expect(await ask(client, ...frames(padded(UPDATE, 100_000)))).toEqual(["UPDATE 1", "I"]);
    await runDirect(database, RENAME);
    expect(await ask(client, ...frames(padded(UPDATE, 100_000)))).toEqual(["42703", "I"]);
    expect(await ask(client, ...frames(UPDATE))).toEqual(["UPDATE 1", "I"]);
  });

  test(`statement_size_max, ${protocol}: what nothing could matter to passes`, async () => {
    const withoutComments =
      'version: { from: [{ startup: application_name, pattern: "^(?<app>[^@/ ]+)[@/](?<version>\\\\S+)$" }] }\n';
    await start("statement_size_max: 1KiB", `${OFF}${WINDOW}${withoutComments}`);
    const untagged = await logIn({});
    expect(await ask(untagged, ...frames(padded(UPDATE, 100_000)))).toEqual(["UPDATE 1", "I"]);
    const tagged = await logIn();
    expect(await ask(tagged, ...frames(padded(UPDATE, 100_000)))).toEqual(["54000", "I"]);
  });

  test(`statement_size_max, ${protocol}: it could bring its version in a comment`, async () => {
    await start("statement_size_max: 1KiB", `${OFF}${WINDOW}`);
    const untagged = await logIn({});
    expect(await ask(untagged, ...frames(padded(UPDATE, 100_000)))).toEqual(["54000", "I"]);
  });

  test(`statement_size_max, ${protocol}: the guard alone is reason enough`, async () => {
    await start("statement_size_max: 1KiB", "");
    const client = await logIn({});
    const alter = padded("ALTER TABLE orders ADD COLUMN note text", 2_000);
    expect(await ask(client, ...frames(alter))).toEqual(["54000", "I"]);
  });
}

test("prepared_size_max: statements over it work, and fail rather than be wrong after a rename", async () => {
  await start("prepared_size_max: 4KiB");
  const client = await logIn();
  const update = "UPDATE orders SET user_id = user_id + 1 WHERE id = $1::int";
  const select = "SELECT user_id FROM orders WHERE id = $1::int";
  await ask(client, parse("kept", update), sync());
  expect(hits("prepared_size_max")).toBe(0);
  await ask(client, parse("over", padded(update, 5_000)), sync());
  await ask(client, parse("over_select", padded(select, 5_000)), sync());
  expect(hits("prepared_size_max")).toBe(2);
  const use = (name: string) => ask(client, bind("", name, ["1"]), execute(""), sync());
  const before = [await use("kept"), await use("over"), await use("over_select")];
  expect(before).toEqual([
    ["UPDATE 1", "I"],
    ["UPDATE 1", "I"],
    ["SELECT 1", "I"],
  ]);

  await runDirect(database, RENAME);
  expect(await use("kept")).toEqual(["UPDATE 1", "I"]);
  const [sqlstate, status] = await use("over");
  expect(sqlstate).toMatch(/^(42703|40001)$/);
  expect(status).toBe("I");
  // Reads do not depend on the name of the moment.
  expect(await use("over_select")).toEqual(["SELECT 1", "I"]);
  expect(client.transcript.filter((line) => line.startsWith("< DataRow")).at(-1)).toMatch(/13"$/);
  // The client prepares it again, which is all that it takes.
  await ask(client, parse("again", padded(update, 1_000)), sync());
  expect(await use("again")).toEqual(["UPDATE 1", "I"]);
});

test("pipeline_max: a batch of many more messages than that goes through", async () => {
  await start("pipeline_max: 4");
  const client = await logIn();
  const sql = "UPDATE orders SET user_id = user_id + 1 WHERE id = $1::int";
  const frames = Array.from({ length: 300 }, () => [
    parse("", sql),
    describeStatement(""),
    bind("", "", ["1"]),
    execute(""),
  ]).flat();
  const expected = Array.from({ length: 300 }, () => "UPDATE 1");
  expect(await ask(client, ...frames, sync())).toEqual([...expected, "I"]);
  expect(hits("pipeline_max")).toBeGreaterThan(0);

  const from = client.transcript.length;
  await client.send(...Array.from({ length: 50 }, () => query("SELECT")));
  for (let count = 0; count < 50; count++) await client.until("ReadyForQuery");
  expect(outcomes(client.transcript.slice(from))).toHaveLength(100);
  expect(await ask(client, query("SELECT FROM orders WHERE user_id = 310"))).toEqual([
    "SELECT 1",
    "I",
  ]);
});

test("pipeline_max: Syncs within COPY, which are not answered, do not keep its end back", async () => {
  await start("pipeline_max: 3");
  const client = await logIn();
  await client.send(query("COPY orders FROM STDIN"), sync(), sync());
  await client.until("CopyInResponse");
  await client.send(copyData("3\t30\n"), copyDone());
  await client.until("CommandComplete");
  await client.until("ReadyForQuery");
  // More of them than are counted: nobody could tell what is answered.
  await client.send(query("COPY orders FROM STDIN"), ...Array.from({ length: 4 }, sync));
  await client.untilClosed();
  expect(client.transcript.at(-2)).toContain("C08P01\\0Mmore Syncs within COPY than");
});

test("pipeline_max: an error in such a batch skips the rest of it, no more", async () => {
  await start("pipeline_max: 4");
  const client = await logIn();
  const step = (sql: string) => [parse("", sql), bind("", ""), execute("")];
  const frames = [
    ...Array.from({ length: 20 }, () => step(UPDATE)).flat(),
    ...step("SELECT nothing FROM orders"),
    ...Array.from({ length: 100 }, () => step(UPDATE)).flat(),
  ];
  const updates = Array.from({ length: 20 }, () => "UPDATE 1");
  expect(await ask(client, ...frames, sync())).toEqual([...updates, "42703", "I"]);
  expect(await ask(client, ...run("SELECT FROM orders WHERE user_id = 11"))).toEqual([
    "SELECT 0",
    "I",
  ]);
});

for (const protocol of ["simple", "extended"] as const) {
  const frames = PROTOCOLS[protocol];

  test(`replay_size_max, ${protocol}: a larger batch has to be tried again by the client`, async () => {
    await start("replay_size_max: 1KiB");
    const client = await logIn();
    await runDirect(database, RENAME);
    const large = padded(UPDATE, 2_000);
    expect(await ask(client, ...frames(large))).toEqual(["40001", "I"]);
    expect(hits("replay_size_max")).toBe(1);
    expect(await ask(client, ...frames(large))).toEqual(["UPDATE 1", "I"]);
  });

  test(`replay_size_max, ${protocol}: a smaller one is sent again`, async () => {
    await start("replay_size_max: 1KiB");
    const client = await logIn();
    await runDirect(database, RENAME);
    expect(await ask(client, ...frames(padded(UPDATE, 900)))).toEqual(["UPDATE 1", "I"]);
    expect(hits("replay_size_max")).toBe(0);
  });
}

test("startup_timeout: who does not log in is let go, who has is not", async () => {
  await start("startup_timeout: 250ms");
  const loggedIn = await logIn();
  const silent = await connectOnly();
  const half = await connectOnly();
  await half.send(startup({ user: "postgres" }).subarray(0, 9));
  const asking = await connectOnly();
  await asking.request(SSL_REQUEST);
  const mute = await connectOnly();
  await mute.send(startup({ user: "user_scram", database: database.name }));
  const startedAt = performance.now();
  for (const each of [silent, half, asking, mute]) await each.untilClosed();
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(silent.transcript).toEqual(["closed"]);
  expect(outcomes(mute.transcript)).toEqual(["57014"]);
  expect(await ask(loggedIn, query("SELECT"))).toEqual(["SELECT 1", "I"]);
});

for (const size of ["1B", "2KiB"]) {
  test(`cache_size_max: ${size} makes nothing wrong`, async () => {
    await start(`cache_size_max: ${size}`);
    const client = await logIn();
    const newer = await logIn({ application_name: "shop@2.0.0" });
    for (const sql of ["SELECT", RENAME, "ALTER TABLE orders RENAME customer_id TO user_id"]) {
      await runDirect(database, sql);
      for (let count = 0; count < 10; count++) {
        const where = `WHERE id = 1 AND ${count} = ${count}`;
        const old = `UPDATE orders SET user_id = user_id + 1 ${where}`;
        expect(await ask(client, query(old))).toEqual(["UPDATE 1", "I"]);
        expect(await ask(client, ...run(old))).toEqual(["UPDATE 1", "I"]);
        const select = `SELECT customer_id FROM orders ${where}`;
        expect(await ask(newer, query(select))).toEqual(["SELECT 1", "I"]);
      }
    }
    expect(await ask(newer, query("SELECT FROM orders WHERE customer_id = 70"))).toEqual([
      "SELECT 1",
      "I",
    ]);
  });
}

test("cache_size_max: more texts than fit cost no more than that, and are counted", async () => {
  const { decider } = (await start("cache_size_max: 256KiB")).state;
  const client = await logIn();
  // As ORMs write them: the list has another length each time, and no text comes again.
  for (let count = 1; count <= 100; count++) {
    const list = Array.from({ length: count }, (_, index) => `$${index + 1}`).join(", ");
    const values = Array.from({ length: count }, () => "10");
    const sql = `SELECT id FROM orders WHERE user_id IN (${list})`;
    expect(await ask(client, ...run(sql, values))).toEqual(["SELECT 1", "I"]);
    expect(decider.cacheState.size).toBeLessThanOrEqual(256 * 1024);
  }
  expect(decider.cacheState.evictedCount).toBeGreaterThan(50);
});

/** A port of which the kernel takes no more connections: nobody accepts those that it has taken. */
async function startDeafPort() {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const server = require("node:net").createServer();
     server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
     });`,
    { eval: true },
  );
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  await sleep(50);
  const fillers = Array.from({ length: 8 }, () => connect({ host: "127.0.0.1", port }));
  for (const filler of fillers) filler.on("error", () => undefined);
  await sleep(100);
  return {
    port,
    async stop() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

test("server.connect_timeout: a server that does not take the connection ends the session", async () => {
  const { host, port } = database.connection;
  const settings = (serverPort: number) =>
    `server: { host: ${host}, port: ${serverPort}, connect_timeout: 250ms }\n${OFF}`;
  const running = await start("startup_timeout: 5s", settings(port ?? 0));
  expect(await ask(await logIn(), query("SELECT"))).toEqual(["SELECT 1", "I"]);

  const deaf = await startDeafPort();
  const loaded = parseConfig(settings(deaf.port), {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  running.state.configure(loaded.config);
  const startedAt = performance.now();
  const client = await logIn();
  await client.untilClosed();
  await deaf.stop();
  expect(outcomes(client.transcript)).toEqual(["08006"]);
  expect(client.transcript.at(-2)).toMatch(/^< ErrorResponse "SFATAL\\0.*did not answer in time/);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
