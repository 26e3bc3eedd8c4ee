import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import {
  ownFolder,
  type StraddleProcess,
  startStraddleProcess,
  writeConfig,
} from "../support/straddle-process.ts";
import { until } from "../support/until.ts";

/** One audit log of several workers: whole lines, each statement once, and no statement unrecorded. */

let database: TestDatabase;
let straddle: StraddleProcess;

beforeAll(async () => {
  database = await createDatabase();
});

afterEach(async () => {
  await straddle.stop();
});

afterAll(async () => {
  await database.drop();
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ ...database.connection, host: "127.0.0.1", port: straddle.port });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** Records of up to 200 KB, of four sessions at once; gives the texts that were sent. */
async function sayMuch(): Promise<readonly string[]> {
  const sent: string[] = [];
  const talk = async (session: number) => {
    const client = await connect();
    for (let count = 0; count < 20; count++) {
      const filler = String(session).repeat(count % 5 === 0 ? 200_000 : 100 * count);
      const text = `SELECT ${session * 100 + count} /* ${filler} */`;
      sent.push(text);
      await client.query(text);
    }
    await client.end();
  };
  await Promise.all([1, 2, 3, 4].map(talk));
  return sent;
}

/** Long runs of a character as their length, so that a difference can be read. */
function shortened(text: string): string {
  return text.replace(/(.)\1{9,}/g, (run, character: string) => `${character}*${run.length}`);
}

function texts(lines: string): readonly string[] {
  expect(lines.endsWith("\n")).toBe(true);
  const records = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return records.map(({ sql }) => shortened(sql)).sort();
}

for (const { to, audit } of [
  { to: "standard output, a pipe", audit: "{ to: stdout, parameters: full }" },
  { to: "a file", audit: "{ to: file, path: FILE, parameters: full }" },
]) {
  test(`lines of several workers do not mix: ${to}`, async () => {
    const file = join(ownFolder(), "audit.jsonl");
    const yaml = `workers: 3\naudit: ${audit.replace("FILE", file)}`;
    straddle = await startStraddleProcess(writeConfig(database, yaml));
    const sent = await sayMuch();
    await straddle.stop();
    const lines = to === "a file" ? readFileSync(file, "utf8") : straddle.output();
    expect(texts(lines)).toEqual(sent.map(shortened).sort());
  });
}

test("SIGHUP opens the file anew, for all workers", async () => {
  const file = join(ownFolder(), "rotated.jsonl");
  const yaml = `workers: 2\naudit: { to: file, path: ${file}, parameters: full }`;
  straddle = await startStraddleProcess(writeConfig(database, yaml));
  const clients = [await connect(), await connect()];
  for (const client of clients) await client.query("SELECT 1");
  await until("the records", () => readFileSync(file, "utf8").split("\n").length === 3);
  renameSync(file, `${file}.1`);
  straddle.signal("SIGHUP");
  await until("the new file", () => existsSync(file));
  for (const client of clients) await client.query("SELECT 2");
  await until("the records", () => readFileSync(file, "utf8").split("\n").length === 3);
  for (const client of clients) await client.end();
  expect(texts(readFileSync(`${file}.1`, "utf8"))).toEqual(["SELECT 1", "SELECT 1"]);
  expect(texts(readFileSync(file, "utf8"))).toEqual(["SELECT 2", "SELECT 2"]);
});

test("while the log can't be written no statement starts on any worker, and none is lost", async () => {
  const pipe = join(ownFolder(), "audit.pipe");
  execFileSync("mkfifo", [pipe]);
  // Opened for reading as well, so that opening it waits for nobody; and not read until later.
  const keeper = spawn("sh", ["-c", `exec 3<>${pipe}; exec sleep 60`], { stdio: "ignore" });
  const yaml = `workers: 2\naudit: { to: file, path: ${pipe}, parameters: full, buffer_size_max: 64KiB }`;
  straddle = await startStraddleProcess(writeConfig(database, yaml));
  const clients = [await connect(), await connect()];
  const filler = "x".repeat(8_000);
  let answered = 0;
  const ask = async (client: pg.Client) => {
    for (let count = 0; count < 60; count++) {
      await client.query(`SELECT 1 /* ${filler} */`);
      answered += 1;
    }
  };
  const asked = Promise.all(clients.map(ask));
  let before = -1;
  await until("a standstill", async () => {
    if (before === answered && answered > 0) return true;
    before = answered;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return false;
  });
  const held = answered;
  let read = "";
  const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "ignore"] });
  reader.stdout.on("data", (chunk: Buffer) => {
    read += chunk.toString();
  });
  await asked;
  for (const client of clients) await client.end();
  await until("the records", () => read.split("\n").length === 121);
  reader.kill();
  keeper.kill();
  // The pipe's own 64 KiB, the buffers' 64 KiB, and what was under way.
  expect(held * filler.length).toBeLessThan(300 * 1024);
  expect(texts(read)).toHaveLength(120);
});
