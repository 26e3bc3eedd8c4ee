import { connect, type Socket } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { copyData, copyDone, query, startup } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { until } from "../support/until.ts";

const MEBIBYTE = 1024 * 1024;
const ROW_SIZE = 100_000;
const ROW_COUNT = 3_000;
/** What the whole process may grow by while it moves 300 MB, Straddle, client and test together. */
const GROWTH_MAX = 96 * MEBIBYTE;

let database: TestDatabase;
let straddle: Straddle;
let other: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  straddle = await startTestStraddle(database);
  other = new pg.Client(database.connection);
  await other.connect();
  await other.query("CREATE TABLE item (id int, name text)");
});

afterAll(async () => {
  await straddle?.stop();
  await other?.end();
  await database?.drop();
});

/** A client that counts what it reads and keeps none of it. */
class Counter {
  readonly socket: Socket;
  byteCount = 0;
  isDone = false;
  #last: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.byteCount += chunk.length;
      this.#last = Buffer.concat([this.#last, chunk]).subarray(-6);
      this.isDone = this.#last.toString("latin1") === "Z\0\0\0\x05I";
    });
  }

  /** Sends, and waits for ReadyForQuery. */
  async ask(...frames: readonly Buffer[]): Promise<void> {
    this.isDone = false;
    this.socket.write(Buffer.concat(frames));
    await until("ReadyForQuery", () => this.isDone, 25_000);
  }
}

async function open(): Promise<Counter> {
  const counter = new Counter(straddle.port);
  await counter.ask(
    startup({ user: "postgres", database: database.name, application_name: "counter" }),
  );
  return counter;
}

/** The most that the process's memory outside of and on the heap grew by while `work` went on. */
async function growth(work: () => Promise<void>): Promise<number> {
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, used());
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

const LARGE_RESULT = query(`SELECT repeat('x', ${ROW_SIZE}) FROM generate_series(1, ${ROW_COUNT})`);

const isBackendWaiting = async (event: string) => {
  const { rows } = await other.query(
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'counter' AND wait_event = $1",
    [event],
  );
  return rows.length > 0;
};

test("300 MB of rows leave memory flat", async () => {
  const client = await open();
  const grown = await growth(() => client.ask(LARGE_RESULT));
  client.socket.destroy();
  expect(client.byteCount).toBeGreaterThan(ROW_SIZE * ROW_COUNT);
  expect(grown).toBeLessThan(GROWTH_MAX);
});

test("a client that stops reading stops the server, and memory stays flat", async () => {
  const client = await open();
  const grown = await growth(async () => {
    client.socket.pause();
    const answered = client.ask(LARGE_RESULT);
    await until("the server waits for its client", () => isBackendWaiting("ClientWrite"));
    const { byteCount } = client;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.byteCount).toBe(byteCount);
    expect(await isBackendWaiting("ClientWrite")).toBe(true);
    client.socket.resume();
    await answered;
  });
  client.socket.destroy();
  expect(client.byteCount).toBeGreaterThan(ROW_SIZE * ROW_COUNT);
  expect(grown).toBeLessThan(GROWTH_MAX);
});

test("a server that stops reading stops the client, and memory stays flat", async () => {
  const client = await open();
  await other.query("BEGIN; LOCK TABLE item");
  const line = copyData(`1\t${"x".repeat(ROW_SIZE)}\n`);
  const lineCount = 2_000;
  let sentCount = 0;
  const grown = await growth(async () => {
    const answered = client.ask(query("COPY item FROM STDIN"));
    const sendUntilFull = () => {
      while (sentCount < lineCount) {
        sentCount += 1;
        if (!client.socket.write(line)) return;
      }
    };
    sendUntilFull();
    client.socket.on("drain", sendUntilFull);
    let before = -1;
    await until("the client has to wait", async () => {
      const isStalled = before === sentCount && (await isBackendWaiting("relation"));
      before = sentCount;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return isStalled;
    });
    expect(sentCount).toBeLessThan(lineCount / 4);
    await other.query("COMMIT");
    await until("all is sent", () => sentCount === lineCount, 25_000);
    client.socket.write(copyDone());
    await answered;
  });
  const { rows } = await other.query("SELECT count(*)::int AS count FROM item");
  client.socket.destroy();
  expect(rows).toEqual([{ count: lineCount }]);
  expect(grown).toBeLessThan(GROWTH_MAX);
});

test("a client that only writes, against a server that can only write, goes on when it reads", async () => {
  const client = await open();
  const count = 2_000;
  client.socket.pause();
  const questions = Array.from({ length: count }, () => query("SELECT repeat('x', 20000)"));
  const answered = client.ask(...questions, query("SELECT 1"));
  await until("the server waits for its client", () => isBackendWaiting("ClientWrite"));
  client.socket.resume();
  await answered;
  await until("every answer", () => client.byteCount > count * 20_000, 25_000);
  client.socket.destroy();
});
