import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import {
  type EmbeddedServer,
  FolderInUse,
  startEmbeddedPostgres,
} from "../../../src/cli/embedded/embedded-postgres.ts";
import { AUTH_PASSWORD, AUTH_USERS, createDatabase } from "../../support/server.ts";

const SETTINGS = { fsync: "off", shared_buffers: "16MB", max_connections: "10" };
const folders: string[] = [];

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "straddle-test-"));
  chmodSync(folder, 0o711); // For the account that a server runs as where this is root.
  folders.push(folder);
  return join(folder, "data");
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function ask(server: pg.ClientConfig, sql: string): Promise<unknown> {
  const client = new pg.Client({ user: "postgres", database: "postgres", ...server });
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: "array" });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

test("data stays from one run to the next, in a folder that is named", async () => {
  const folder = dataFolder();
  const first = await startEmbeddedPostgres({ dataFolder: folder, settings: SETTINGS });
  await ask({ host: first.host, port: first.port }, "CREATE TABLE kept AS SELECT 42 AS answer");
  await first.stop();
  const second = await startEmbeddedPostgres({ dataFolder: folder, settings: SETTINGS });
  const answer = await ask({ host: second.socketFolder, port: second.port }, "TABLE kept");
  await second.stop();
  expect(answer).toBe(42);
});

test("a temporary server leaves nothing behind", async () => {
  const server = await startEmbeddedPostgres({ dataFolder: "temporary", settings: SETTINGS });
  expect(existsSync(server.dataFolder)).toBe(true);
  await server.stop();
  expect(existsSync(server.dataFolder)).toBe(false);
  await expect(ask({ host: server.host, port: server.port }, "SELECT 1")).rejects.toThrow();
});

test("a second server on the same data is refused in one sentence", async () => {
  const folder = dataFolder();
  const first: EmbeddedServer = await startEmbeddedPostgres({
    dataFolder: folder,
    settings: SETTINGS,
  });
  const second = startEmbeddedPostgres({ dataFolder: folder, settings: SETTINGS });
  await expect(second).rejects.toBeInstanceOf(FolderInUse);
  await expect(second).rejects.toThrow(/^another PostgreSQL \(process \d+\) runs on .*data/);
  await first.stop();
});

test("the data of another major version are refused and not touched", async () => {
  const folder = dataFolder();
  const server = await startEmbeddedPostgres({ dataFolder: folder, settings: SETTINGS });
  await server.stop();
  writeFileSync(join(folder, "PG_VERSION"), "9\n");
  const start = startEmbeddedPostgres({ dataFolder: folder, settings: SETTINGS });
  await expect(start).rejects.toThrow(/was made by PostgreSQL 9, and this is 18/);
});

test("the server listens on loopback only", async () => {
  const server = await startEmbeddedPostgres({ dataFolder: "temporary", settings: SETTINGS });
  const listen = await ask({ host: server.host, port: server.port }, "SHOW listen_addresses");
  await server.stop();
  expect(listen).toBe("127.0.0.1");
  const isOpen = await new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port: server.port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  expect(isOpen).toBe(false);
});

for (const user of AUTH_USERS) {
  test(`${user} needs a password on the tests' shared server`, async () => {
    const database = await createDatabase();
    const asked = { ...database.connection, user };
    expect(await ask({ ...asked, password: AUTH_PASSWORD }, "SELECT current_user")).toBe(user);
    await expect(ask({ ...asked, password: "wrong" }, "SELECT 1")).rejects.toThrow(/password/);
    await database.drop();
  });
}
