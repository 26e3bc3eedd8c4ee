import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import {
  bind,
  copyDone,
  describeStatement,
  execute,
  flush,
  frame,
  int16,
  int32,
  parse,
  query,
  startup,
  sync,
  text,
} from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { until } from "../support/until.ts";

/**
 * Messages of hundreds of megabytes go through without being held. `STRADDLE_HUGE_MIB=900` makes them
 * nearly as large as PostgreSQL takes them, for which the server needs some gigabytes.
 */
const MEBIBYTE = 1024 * 1024;
const SIZE = Number(process.env["STRADDLE_HUGE_MIB"] ?? 160) * MEBIBYTE;
/** What the whole process may grow by meanwhile: Straddle, client and test together. */
const GROWTH_MAX = 96 * MEBIBYTE;
const WAIT_MS = Math.max(25_000, SIZE / 10_000);
const TEST_MS = 4 * WAIT_MS;

const CHUNK = Buffer.alloc(64 * 1024, "x");
const EXPECTED_MD5 = md5OfValue(SIZE);

function md5OfValue(size: number): string {
  const hash = createHash("md5");
  for (let left = size; left > 0; left -= CHUNK.length) hash.update(CHUNK.subarray(0, left));
  return hash.digest("hex");
}

/** Stands for this many bytes of "x", which are made while they are sent. */
interface Run {
  readonly size: number;
}
type Part = Buffer | Run;

/** A message with a run of bytes in it: type and length before, NULs and counts behind. */
function huge(type: string, before: Buffer, run: Run, after: Buffer): Part[] {
  const length = 4 + before.length + run.size + after.length;
  return [Buffer.concat([Buffer.from(type), int32(length), before]), run, after];
}

/** A client that holds nothing: it hashes what it reads, and keeps messages that are small. */
class Streamer {
  readonly socket: Socket;
  readonly small: string[] = [];
  readonly md5 = createHash("md5");
  /** Of the value of the last DataRow that was large. */
  hugeSize = 0;
  readyCount = 0;
  isClosed = false;
  #header: Buffer = Buffer.alloc(0);
  #left = 0;
  #isHuge = false;
  #body: Buffer[] = [];
  #valueSkip = 0;

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
    });
  }

  async send(...parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      if (Buffer.isBuffer(part)) {
        await this.#write(part);
        continue;
      }
      for (let left = part.size; left > 0 && !this.isClosed; left -= CHUNK.length) {
        await this.#write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
      }
    }
  }

  /** Sends, and waits for that many ReadyForQuery; gives what came. */
  async ask(...parts: readonly Part[]): Promise<string[]> {
    this.small.length = 0;
    const wanted = this.readyCount + 1;
    await this.send(...parts);
    await until("ReadyForQuery", () => this.readyCount >= wanted || this.isClosed, WAIT_MS);
    return [...this.small];
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.isClosed || this.socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.socket.off("drain", done);
        this.socket.off("close", done);
        resolve();
      };
      this.socket.on("drain", done);
      this.socket.on("close", done);
    });
  }

  #take(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#left === 0 && this.#header.length < 5) {
        const end = position + 5 - this.#header.length;
        this.#header = Buffer.concat([this.#header, chunk.subarray(position, end)]);
        position = Math.min(end, chunk.length);
        if (this.#header.length < 5) return;
        this.#left = this.#header.readInt32BE(1) - 4;
        this.#isHuge = this.#left > MEBIBYTE;
        this.#valueSkip = 6; // The count of columns, and the size of the first one.
        if (this.#isHuge) this.hugeSize = this.#left - 6;
      }
      const part = chunk.subarray(position, position + this.#left);
      position += part.length;
      this.#left -= part.length;
      if (this.#isHuge) {
        const skipped = Math.min(this.#valueSkip, part.length);
        this.#valueSkip -= skipped;
        this.md5.update(part.subarray(skipped));
      } else {
        this.#body.push(part);
      }
      if (this.#left === 0) this.#ended();
    }
  }

  #ended(): void {
    const type = this.#header.toString("latin1", 0, 1);
    const body = Buffer.concat(this.#body).toString("latin1");
    this.#header = Buffer.alloc(0);
    this.#body = [];
    if (type === "Z") this.readyCount += 1;
    const sqlstate = type === "E" ? /\0C(\w{5})\0/.exec(body)?.[1] : undefined;
    const row = type === "D" && !this.#isHuge ? body.slice(6) : undefined;
    const shown = sqlstate ?? row ?? (type === "C" || type === "Z" ? body : undefined);
    if (shown !== undefined) this.small.push(shown.replaceAll("\0", ""));
  }
}

let database: TestDatabase;
let other: pg.Client;
let passing: Straddle;
let rejecting: Straddle;
const streamers: Streamer[] = [];

const WINDOW = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
`;

beforeAll(async () => {
  database = await createDatabase();
  other = new pg.Client(database.connection);
  await other.connect();
  passing = await startTestStraddle(database, `${WINDOW}limits: { oversize: pass }`);
  rejecting = await startTestStraddle(database, WINDOW);
});

afterEach(() => {
  for (const streamer of streamers.splice(0)) streamer.socket.destroy();
});

afterAll(async () => {
  await passing?.stop();
  await rejecting?.stop();
  await other?.end();
  await database?.drop();
});

async function open({ port }: { readonly port?: number | undefined }): Promise<Streamer> {
  const streamer = new Streamer(port ?? 0);
  streamers.push(streamer);
  const name = "shop@1.0.0";
  await streamer.ask(
    startup({ user: "postgres", database: database.name, application_name: name }),
  );
  return streamer;
}

/** The most that the process's memory grew by while `work` went on. */
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

const RUN = { size: SIZE };
const END = Buffer.concat([Buffer.from("')\0")]);
const hugeQuery = (run: Run = RUN) => huge("Q", Buffer.from("SELECT length('"), run, END);
const hugeParse = (name: string) =>
  huge(
    "P",
    Buffer.concat([text(name), Buffer.from("SELECT length('")]),
    RUN,
    Buffer.concat([END, int16(0)]),
  );
const use = (name: string) => [bind("", name), execute(""), sync()];
/** A Bind whose one parameter is the run. */
const hugeBind = () =>
  huge("B", Buffer.concat([text(""), text(""), int16(0), int16(1), int32(SIZE)]), RUN, int16(0));

const flat = async (work: () => Promise<void>) =>
  expect(await growth(work)).toBeLessThan(GROWTH_MAX);

test(
  "oversize pass: a Query and a Parse are streamed",
  async () => {
    const client = await open(passing);
    await flat(async () => {
      expect(await client.ask(...hugeQuery())).toEqual([String(SIZE), "SELECT 1", "I"]);
    });
    expect(await client.ask(query("SELECT 7"))).toEqual(["7", "SELECT 1", "I"]);
    await flat(async () => {
      const frames = [...hugeParse("kept"), describeStatement("kept"), ...use("kept")];
      expect(await client.ask(...frames)).toEqual([String(SIZE), "SELECT 1", "I"]);
    });
    expect(await client.ask(...use("kept"))).toEqual([String(SIZE), "SELECT 1", "I"]);
  },
  TEST_MS,
);

test(
  "oversize reject: a Query and a Parse are not held, and the transaction's status is right",
  async () => {
    const client = await open(rejecting);
    await flat(async () => {
      expect(await client.ask(...hugeQuery())).toEqual(["54000", "I"]);
      expect(await client.ask(query("BEGIN; SELECT 7"))).toEqual(["BEGIN", "7", "SELECT 1", "T"]);
      expect(await client.ask(...hugeQuery())).toEqual(["54000", "E"]);
      expect(await client.ask(query("ROLLBACK"))).toEqual(["ROLLBACK", "I"]);
      expect(await client.ask(...hugeParse("s"), ...use("s"))).toEqual(["54000", "I"]);
      // It was never prepared.
      expect(await client.ask(...use("s"))).toEqual(["26000", "I"]);
      // Told at a Flush, and what follows is skipped, another huge one too.
      const parts = [parse("", "SELECT 1"), ...use("").slice(0, 2), ...hugeParse("s"), flush()];
      await client.send(...parts);
      const frames = [...hugeParse("t"), ...use("t")];
      expect(await client.ask(...frames)).toContain("I");
      expect(await client.ask(query("SELECT 7"))).toEqual(["7", "SELECT 1", "I"]);
    });
  },
  TEST_MS,
);

test(
  "a parameter, and the argument of a FunctionCall",
  async () => {
    const client = await open(rejecting);
    await flat(async () => {
      const frames = [parse("", "SELECT md5($1::text)"), ...hugeBind(), execute(""), sync()];
      expect(await client.ask(...frames)).toEqual([EXPECTED_MD5, "SELECT 1", "I"]);
    });
    await flat(async () => {
      const before = Buffer.concat([int32(2311), int16(0), int16(1), int32(SIZE)]);
      expect(await client.ask(...huge("F", before, RUN, int16(0)))).toEqual(["I"]);
    });
    expect(await client.ask(query("SELECT 7"))).toEqual(["7", "SELECT 1", "I"]);
  },
  TEST_MS,
);

test(
  "a value in a row",
  async () => {
    const client = await open(rejecting);
    await flat(async () => {
      await client.ask(query(`SELECT repeat('x', ${SIZE})`));
    });
    expect(client.hugeSize).toBe(SIZE);
    expect(client.md5.digest("hex")).toBe(EXPECTED_MD5);
    expect(await client.ask(query("SELECT 7"))).toEqual(["7", "SELECT 1", "I"]);
  },
  TEST_MS,
);

test(
  "COPY whose data is wrong, while the client sends on and on",
  async () => {
    const client = await open(rejecting);
    const line = frame("d", Buffer.from("1\tx\n"));
    const block = huge("d", Buffer.alloc(0), { size: 8 * MEBIBYTE }, Buffer.alloc(0));
    for (const start of [[query("COPY item FROM STDIN")], [...copyBatch()]]) {
      const isExtended = start.length > 1;
      await client.ask(query("DROP TABLE IF EXISTS item; CREATE TABLE item (id int, name text)"));
      await flat(async () => {
        client.small.length = 0;
        const readyCount = client.readyCount;
        await client.send(...start, line, frame("d", Buffer.from("wrong\tx\n")));
        for (let sent = 0; sent < 2 * SIZE; sent += 8 * MEBIBYTE) await client.send(...block);
        await client.send(copyDone(), ...(isExtended ? [sync()] : []));
        await until("its end", () => client.readyCount > readyCount, WAIT_MS);
      });
      expect(client.small).toEqual(["22P02", "I"]);
      const count = await client.ask(query("SELECT count(*) FROM item"));
      expect(count).toEqual(["0", "SELECT 1", "I"]);
    }
  },
  TEST_MS,
);

const copyBatch = () => [parse("", "COPY item FROM STDIN"), bind("", ""), execute("")];

test("an error of Straddle's own is never written into the middle of a row", async () => {
  const client = connect({ host: "127.0.0.1", port: rejecting.port, noDelay: true });
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  client.on("error", () => undefined);
  const received = () => Buffer.concat(chunks).toString("latin1");
  client.write(startup({ user: "postgres", database: database.name }));
  await until("the log-in", () => received().endsWith("Z\0\0\0\x05I"));
  client.pause();
  client.write(query(`SELECT repeat('x', ${32 * MEBIBYTE})`));
  await until("the server waits for its client", async () => {
    const { rows } = await other.query(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite' AND datname = current_database()",
    );
    return rows.length > 0;
  });
  // A name of a portal that is larger than what Straddle reads of a large message.
  const ended = new Promise((resolve) => client.once("close", resolve));
  client.write(frame("B", "p".repeat(5_000), "", Buffer.alloc(2 * MEBIBYTE)));
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.resume();
  await ended;
  const row = received();
  const start = row.indexOf("xxxxxxxx");
  expect(start).toBeGreaterThan(0);
  expect(row.length - start).toBeLessThan(32 * MEBIBYTE);
  expect(row.slice(start)).toMatch(/^x+$/);
});

const HEADERS: readonly (readonly [type: string, length: number])[] = [
  ["Q", 0x3fffffff],
  ["P", 0x3fffffff],
  ["B", 0x3fffffff],
  ["F", 0x3fffffff],
  ["d", 0x3fffffff],
  ["Q", 0x7fffffff],
  ["Q", -1],
  ["E", 10_001],
  ["D", 10_001],
  ["S", 10_001],
  ["f", 10_001],
  ["p", 8],
  ["p", 0x3ffffffe],
  ["p", 0x7fffffff],
  ["y", 8],
];

for (const [type, length] of HEADERS) {
  test(`a header of type ${type} and length ${length}, and nothing behind it: as the server ends it`, async () => {
    const outcome = async (port: number | undefined) => {
      const client = await open({ port });
      client.small.length = 0;
      await client.send(Buffer.concat([Buffer.from(type), int32(length)]));
      await until("its end", () => client.isClosed, WAIT_MS);
      return [...client.small];
    };
    expect(await outcome(rejecting.port)).toEqual(await outcome(database.connection.port));
  });
}
