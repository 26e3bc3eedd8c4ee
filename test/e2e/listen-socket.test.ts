import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";

/** The Unix socket that clients are accepted on: what is in its way, who may use it, where it is. */

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createDatabase();
  folder = mkdtempSync(join(tmpdir(), "straddle-socket-"));
});

afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const FILE = ".s.PGSQL.6432";

/** Starts on the socket, asks through it, stops; the error where it can't be had. */
async function serveOn(socket: string): Promise<string> {
  try {
    const straddle = await startTestStraddle(database, `listen: { port: 0, socket: ${socket} }`);
    try {
      return await answer(folder);
    } finally {
      await straddle.stop();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function answer(host: string, port = 6432): Promise<string> {
  const client = new pg.Client({ ...database.connection, host, port });
  await client.connect();
  const { rows } = await client.query("SELECT 'served' AS answer");
  await client.end();
  return rows[0]?.answer;
}

/** What `kill -9` leaves behind. */
async function leaveStale(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("on"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("a socket's file may have any name, and so may the server's", async () => {
  const inner = join(folder, "inner.sock");
  const first = await startTestStraddle(database, `listen: { port: 0, socket: ${inner} }`);
  const second = await startTestStraddle(
    database,
    `server: { socket: ${inner} }\nlisten: { port: 0, socket: ${folder}/ }`,
  );
  const answered = await answer(folder, second.port);
  const files = [first.socket, second.socket];
  await second.stop();
  await first.stop();
  expect({ answered, files }).toEqual({
    answered: "served",
    files: [inner, join(folder, `.s.PGSQL.${second.port}`)],
  });
});

test("a folder that does not exist is named", async () => {
  expect(await serveOn(`${folder}/nowhere/f.sock`)).toBe(
    `listen.socket: ${folder}/nowhere/f.sock can't be made: there is no folder ${folder}/nowhere`,
  );
});

test("a server's socket that isn't there is named", async () => {
  const started = startTestStraddle(database, `server: { socket: ${folder}/none.sock }`);
  await expect(started).rejects.toThrow(
    `the server ${folder}/none.sock can't be reached as postgres: there is no such file or socket`,
  );
});

test("a socket that a killed process left behind is replaced", async () => {
  const path = join(folder, FILE);
  await leaveStale(path);
  const wasThere = existsSync(path);
  expect([wasThere, await serveOn(path), existsSync(path)]).toEqual([true, "served", false]);
});

test("a socket that another process listens on is left alone, and named", async () => {
  const path = join(folder, FILE);
  const other = createServer((socket) => socket.end()).listen(path);
  await once(other, "listening");
  const message = await serveOn(path);
  const isThere = existsSync(path);
  await new Promise((resolve) => other.close(resolve));
  expect([message, isThere]).toEqual([
    `listen.socket: another process listens on ${path}: end it, or give another file`,
    true,
  ]);
});

test("a file that is no socket is left alone", async () => {
  const path = join(folder, FILE);
  writeFileSync(path, "kept");
  const message = await serveOn(path);
  const isThere = existsSync(path);
  rmSync(path);
  expect([message, isThere]).toEqual([
    `listen.socket: ${path} is there already, and is no socket`,
    true,
  ]);
});

for (const { setting, mode } of [
  { setting: "", mode: "777" },
  { setting: ', socket_mode: "0770"', mode: "770" },
]) {
  test(`the socket's permissions are ${mode} with {${setting}}`, async () => {
    const path = join(folder, FILE);
    const straddle = await startTestStraddle(
      database,
      `listen: { port: 0, socket: ${path}${setting} }`,
    );
    const found = (statSync(path).mode & 0o777).toString(8);
    await straddle.stop();
    expect(found).toBe(mode);
  });
}
