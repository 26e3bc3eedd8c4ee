import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { query } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { runStraddle, type StraddleProcess, settingsFor } from "../support/straddle-process.ts";
import { wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import type { WireClient } from "../support/wire-client.ts";

/** `straddle run` as a process: what signals and POST /quitquitquit do to it. */

let database: TestDatabase;
let straddle: StraddleProcess | undefined;
const clients: WireClient[] = [];

beforeAll(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await straddle?.stop("SIGKILL");
  straddle = undefined;
});

afterAll(async () => {
  await database.drop();
});

async function run(yaml: string): Promise<StraddleProcess> {
  const running = await runStraddle(database, yaml);
  straddle = running;
  return running;
}

async function logIn(port: number): Promise<WireClient> {
  const client = await wireClient(database, port, { application_name: "shop@1.0.0" });
  clients.push(client);
  return client;
}

async function ask(client: WireClient, sql: string): Promise<void> {
  await client.send(query(sql));
  await client.until("ReadyForQuery");
}

function lastError(client: WireClient): string | undefined {
  const line = client.transcript.findLast((each) => each.startsWith("< ErrorResponse"));
  return /\\0C(\w{5})\\0/.exec(line ?? "")?.[1];
}

function post(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

const readiness = async (running: StraddleProcess) => (await running.page("/readyz")).status;

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal}: sessions end at their transaction boundaries, and nobody left is the end`, async () => {
    const running = await run("shutdown: { delay_max: 1min }");
    const [idle, busy] = [await logIn(running.port), await logIn(running.port)];
    await ask(busy, "BEGIN");
    running.signal(signal);
    await idle.untilClosed();
    expect(lastError(idle)).toBe("57P01");
    await ask(busy, "SELECT 1");
    expect(running.hasEnded()).toBe(false);
    await ask(busy, "COMMIT");
    await busy.untilClosed();
    expect(lastError(busy)).toBe("57P01");
    expect(await running.ended).toBe(0);
  });
}

test("delay_max: what is left then is ended, and the process with it", async () => {
  const running = await run("shutdown: { delay_max: 500ms }");
  const open = await logIn(running.port);
  await ask(open, "BEGIN");
  running.signal("SIGTERM");
  await open.untilClosed();
  expect(lastError(open)).toBe("57P01");
  expect(await running.ended).toBe(0);
});

test("delay_min: not ready at once, but everybody is served until then", async () => {
  const running = await run("shutdown: { delay_min: 1500ms, delay_max: 1min }");
  const before = await logIn(running.port);
  expect(await readiness(running)).toBe(200);
  running.signal("SIGTERM");
  await until("red", async () => (await readiness(running)) === 503);
  await ask(before, "SELECT 1");
  const during = await logIn(running.port);
  await ask(during, "SELECT 1");
  expect([before, during].map(lastError)).toEqual([undefined, undefined]);
  for (const client of [before, during]) await client.untilClosed();
  expect([before, during].map(lastError)).toEqual(["57P01", "57P01"]);
  expect(await running.ended).toBe(0);
});

test("a second signal: the end at once, from within a transaction and within delay_min", async () => {
  for (const shutdown of ["{ delay_max: 1min }", "{ delay_min: 1min, delay_max: 1min }"]) {
    const running = await run(`shutdown: ${shutdown}`);
    const open = await logIn(running.port);
    await ask(open, "BEGIN");
    running.signal("SIGTERM");
    await until("the first", () => running.log().includes("stopping"));
    expect(running.hasEnded()).toBe(false);
    running.signal("SIGINT");
    await open.untilClosed();
    expect(lastError(open)).toBe("57P01");
    expect(await running.ended).toBe(0);
  }
});

test("POST /quitquitquit: does what SIGTERM does, however often it is sent", async () => {
  const running = await run("shutdown: { delay_max: 1min }");
  const open = await logIn(running.port);
  await ask(open, "BEGIN");
  const url = `http://127.0.0.1:${running.metricsPort}/quitquitquit`;
  expect((await fetch(url)).status).toBe(405);
  expect(await post(url, { origin: "http://a.page" })).toBe(403);
  await ask(open, "SELECT 1");
  expect(await readiness(running)).toBe(200);

  expect(await post(url)).toBe(200);
  await until("red", async () => (await readiness(running)) === 503);
  expect(await post(url)).toBe(200);
  await ask(open, "SELECT 1");
  await ask(open, "COMMIT");
  await open.untilClosed();
  expect(lastError(open)).toBe("57P01");
  expect(await running.ended).toBe(0);
});

test("SIGHUP: settings are read again and the audit log is opened anew, without a dropped session", async () => {
  const audit = join(mkdtempSync(join(tmpdir(), "straddle-test-")), "audit.jsonl");
  const settings = (more: string) =>
    settingsFor(database, `audit: { to: file, path: ${audit} }\n${more}`);
  const running = await run(`audit: { to: file, path: ${audit} }`);
  const client = await logIn(running.port);
  const inForce = async () => JSON.parse((await running.page("/config")).body);

  // The same contents: nothing but the signal can have told of them.
  running.signal("SIGHUP");
  await until("the log's word", () => /read again: nothing has changed/.test(running.log()));

  renameSync(audit, `${audit}.1`);
  writeFileSync(running.configFile, settings("limits: { pipeline_max: 77 }"));
  running.signal("SIGHUP");
  await until("the change", () => /read again: limits.pipeline_max changed/.test(running.log()));
  expect(await inForce()).toMatchObject({ in_force: { limits: { pipeline_max: 77 } } });
  await ask(client, "SELECT 'after'");
  await until("a new audit log", () => {
    try {
      renameSync(audit, audit);
      return true;
    } catch {
      return false;
    }
  });

  writeFileSync(running.configFile, settings("limits: { pipeline_max: none }"));
  running.signal("SIGHUP");
  await until("the problem", () =>
    /limits.pipeline_max.*the settings before stay/.test(running.log()),
  );
  expect(await inForce()).toMatchObject({ in_force: { limits: { pipeline_max: 77 } } });
  await sleep(50);
  await ask(client, "SELECT 1");
  expect(lastError(client)).toBeUndefined();
  const direct = new pg.Client({
    host: "127.0.0.1",
    port: running.port,
    user: "postgres",
    database: database.name,
  });
  await direct.connect();
  await direct.end();
});
