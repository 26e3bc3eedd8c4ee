import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { runStraddle, type StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** Straddle as a process that is killed, or whose disk is full. */

let database: TestDatabase;
let folder: string;
let straddle: StraddleProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "straddle-crash-"));
  database = await createDatabase();
});

afterAll(async () => {
  await straddle?.stop();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function connect({ port }: StraddleProcess): Promise<pg.Client> {
  const client = new pg.Client({ ...database.connection, port, application_name: "bank@1.0.0" });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

const ACCOUNT_COUNT = 10;
const BALANCE = 1_000;
const WINDOW = `
windows:
  - { table: public.account, rename: { sum: balance }, old: "<2.0.0", new: ">=2.0.0" }
`;

/** Moves money until the connection breaks; each transfer that was acknowledged is in `done`. */
async function transfer(client: pg.Client, worker: number, done: string[]): Promise<void> {
  try {
    for (let count = 0; ; count++) {
      const id = `${worker}-${count}`;
      const from = (worker + count) % ACCOUNT_COUNT;
      const to = (from + 1 + (count % (ACCOUNT_COUNT - 1))) % ACCOUNT_COUNT;
      // In one order, so that no two of them wait for each other.
      const [first, second] = from < to ? [-1, 1] : [1, -1];
      const [low, high] = from < to ? [from, to] : [to, from];
      await client.query("BEGIN");
      await client.query("UPDATE account SET sum = sum + $1 WHERE id = $2", [first, low]);
      await client.query("INSERT INTO transfer VALUES ($1)", [id]);
      await client.query("UPDATE account SET sum = sum + $1 WHERE id = $2", [second, high]);
      await client.query("COMMIT");
      done.push(id);
    }
  } catch {
    // The connection is gone, as it was meant to be.
  }
}

test("killed with -9 under transfers: all that were acknowledged are there, and none is half done", async () => {
  await runDirect(
    database,
    `CREATE TABLE account (id int PRIMARY KEY, sum int NOT NULL);
     CREATE TABLE transfer (id text PRIMARY KEY);
     INSERT INTO account SELECT n, ${BALANCE} FROM generate_series(0, ${ACCOUNT_COUNT - 1}) n`,
  );
  const direct = new pg.Client(database.connection);
  await direct.connect();
  const acknowledged = new Set<string>();
  for (let kill = 0; kill < 2; kill++) {
    const running = await runStraddle(database, WINDOW);
    straddle = running;
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(running)));
    const done: string[] = [];
    const working = clients.map((client, index) => transfer(client, kill * 100 + index, done));
    await until("transfers are under way", () => done.length > 100);
    await running.stop("SIGKILL");
    straddle = undefined;
    await Promise.all(working);
    for (const id of done) acknowledged.add(id);
    // What was under way is undone or done when its server session has ended.
    await until("the server sessions are gone", async () => {
      const { rows } = await direct.query(
        "SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'bank%'",
        [database.name],
      );
      return rows.length === 0;
    });
    const { rows: sums } = await direct.query(
      "SELECT sum(sum)::int AS total, (SELECT count(*)::int FROM transfer) AS count FROM account",
    );
    expect(sums[0].total).toBe(ACCOUNT_COUNT * BALANCE);
    const { rows } = await direct.query<{ id: string }>("SELECT id FROM transfer");
    const stored = new Set(rows.map(({ id }) => id));
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
    // Each of the eight may have had one whose acknowledgement did not arrive.
    expect(stored.size - acknowledged.size).toBeLessThanOrEqual(8 * (kill + 1));
  }
  await direct.end();
});

/** A line that found no room to its end stands, whole, at the beginning of the next file. */
function wholeLines(file: string): string {
  const text = readFileSync(file, "utf8");
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

for (const mode of ["wait", "drop"] as const) {
  test(`${mode}: an audit file that may not grow any more, and another one that may`, async () => {
    const path = join(folder, `${mode}.jsonl`);
    const moved: string[] = [];
    const running = await runStraddle(
      database,
      `audit: { to: file, path: ${path}, when_full: ${mode}, buffer_size_max: 16KiB }`,
      // Of the file's size, in blocks of 512 or 1024 bytes.
      { shell: (command) => `ulimit -f 64; ${command}` },
    );
    straddle = running;
    const client = await connect(running);
    let askedCount = 0;
    let answeredCount = 0;
    const asking = (async () => {
      while (answeredCount < 3_000) {
        askedCount += 1;
        await client.query(`SELECT ${askedCount} AS number, repeat('x', 10)`);
        answeredCount += 1;
      }
    })();
    await until("the log tells of it", () => running.log().includes("EFBIG"));
    if (mode === "wait") {
      await until("a statement waits", async () => {
        return (await running.metric("straddle_audit_waiting")) === 1;
      });
      const before = answeredCount;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(answeredCount).toBe(before);
      expect(before).toBeLessThan(3_000);
    } else {
      await until("statements are missing in the log", async () => {
        return (await running.metric("straddle_audit_dropped_total")) > 0;
      });
    }
    let isDone = false;
    void asking.then(() => {
      isDone = true;
    });
    const rotate = async () => {
      const to = `${path}.${moved.length}`;
      renameSync(path, to);
      moved.push(to);
      running.signal("SIGHUP");
      await until("the file is there again", () => existsSync(path));
    };
    // The next file is full after a while as well.
    while (!isDone) {
      await rotate();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // Room for what is left when it stops.
    await rotate();
    await asking;
    await client.end();
    await running.stop();
    straddle = undefined;
    const whole = [...moved, path].map(wholeLines).join("");
    const records = whole
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const dropped = records.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
    const kept = records.filter(({ sql }) => typeof sql === "string").length;
    expect(kept + dropped).toBe(3_000);
    if (mode === "wait") expect(dropped).toBe(0);
    else expect(dropped).toBeGreaterThan(0);
  }, 60_000);
}
