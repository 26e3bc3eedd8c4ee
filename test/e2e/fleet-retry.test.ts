import pg from "pg";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFailed,
  test,
} from "vitest";
import { createStore, ORDERS_WINDOW, rowsOf, runInstance } from "../support/fleet.ts";
import type { TestDatabase } from "../support/server.ts";
import type { StraddleProcess } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { connect, SCHEMA } from "./flip-load.ts";

/** A session's RENAME that does not get its turn is tried again, where `guard.retry` says so. */

const RENAMES = {
  user_id: "ALTER TABLE orders RENAME user_id TO customer_id",
  customer_id: "ALTER TABLE orders RENAME customer_id TO user_id",
} as const;
const TOUCH = "UPDATE orders SET total = total WHERE user_id = 7 AND id = 17 RETURNING user_id";

let database: TestDatabase;
let instances: StraddleProcess[];
let renaming: pg.Client;
let other: pg.Client;
let blocker: pg.Client;
let notices: string[];
let begun: unknown;

beforeAll(async () => {
  database = await createStore(SCHEMA);
  await runDirect(database, ORDERS_WINDOW);
  const yaml = `
limits: { hold_timeout: 3s }
guard: { rules: { lock-queue: off }, retry: { attempts: 5, backoff: 1s, backoff_max: 1s } }`;
  instances = [await runInstance(database, { yaml }), await runInstance(database, { yaml })];
});

afterAll(async () => {
  for (const instance of instances) await instance.stop();
  await database.drop();
});

beforeEach(async () => {
  onTestFailed(() => console.error(instances.map((each) => each.log()).join("\n")));
  const sessionOn = (index: number) =>
    connect({
      ...database.connection,
      port: instances[index]?.port ?? 0,
      application_name: "shop@1.4.0",
    });
  renaming = await sessionOn(0);
  other = await sessionOn(1);
  blocker = await connect(database.connection);
  await renaming.query("SET lock_timeout = '300ms'");
  notices = [];
  renaming.on("notice", ({ message }) => notices.push(message ?? ""));
  await until("the last flip's end", async () => !(await states()).includes("holding"));
  begun = await lastEpoch();
});

afterEach(async () => {
  for (const client of [renaming, other, blocker]) await client.end();
  await runDirect(database, "DELETE FROM straddle.instances WHERE host = 'guest'");
});

const lastEpoch = async () =>
  (await rowsOf(database, "SELECT coalesce(max(epoch), 0) AS n FROM straddle.flips"))[0]?.["n"];

/** Of the flips that a test has led to. */
async function states(): Promise<unknown[]> {
  const rows = await rowsOf(
    database,
    `SELECT state FROM straddle.flips WHERE epoch > ${begun ?? 0} ORDER BY epoch`,
  );
  return rows.map(({ state }) => state);
}

async function renameSql(): Promise<string> {
  const rows = await rowsOf(
    database,
    "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname ~ '_id$'",
  );
  return rows[0]?.["attname"] === "user_id" ? RENAMES.user_id : RENAMES.customer_id;
}

const sqlstateOf = (answer: Promise<unknown>) =>
  answer.then(
    () => "",
    (error: unknown) => (error instanceof pg.DatabaseError ? error.code : String(error)),
  );

const NOTICE = (attempt: number) =>
  expect.stringMatching(
    new RegExp(`^attempt ${attempt} of 5 in \\d\\.\\ds: the rename did not get its turn$`),
  );

/** By the extended protocol, for which pg sees no reason in a text without values. */
function extended(text: string): pg.QueryConfig {
  const config = { text, queryMode: "extended" };
  return config;
}

const ways = {
  simple: (sql: string) => renaming.query(sql),
  extended: (sql: string) => renaming.query(extended(sql)),
  named: (sql: string) => renaming.query({ name: sql, text: sql }),
} as const;

for (const [way, send] of Object.entries(ways)) {
  describe(way, () => {
    test("a transaction in the way: nobody is kept back in the pause, and it is done once that ends", async () => {
      await blocker.query("BEGIN; SELECT FROM orders LIMIT 1");
      let touched: Promise<pg.QueryResult> | undefined;
      renaming.once("notice", async () => {
        touched = other.query(TOUCH);
        await touched;
        await blocker.query("ROLLBACK");
      });
      const { command } = await send(await renameSql());
      expect(command).toBe("ALTER");
      expect((await touched)?.rows).toEqual([{ user_id: 7 }]);
      expect(notices[0]).toEqual(NOTICE(2));
      await until("flips", async () => (await states()).at(-1) === "flipped");
      expect((await states()).slice(0, -1)).toEqual(notices.map(() => "aborted"));
      expect((await other.query(TOUCH)).rows).toEqual([{ user_id: 7 }]);
    });

    test("an instance that does not agree: it is done once that has gone", async () => {
      const guest = await connect(database.connection);
      await guest.query("SELECT straddle.join_fleet(0, '0', 'guest', 0, 600000)");
      renaming.once("notice", async () => {
        await runDirect(database, "DELETE FROM straddle.instances WHERE host = 'guest'");
        await guest.end();
      });
      const { command } = await send(await renameSql());
      expect(command).toBe("ALTER");
      expect(notices[0]).toEqual(NOTICE(2));
      await until("flips", async () => (await states()).at(-1) === "flipped");
    });
  });
}

test("as often as it says, and then the client reads why", async () => {
  await blocker.query("BEGIN; SELECT FROM orders LIMIT 1");
  expect(await sqlstateOf(renaming.query(await renameSql()))).toBe("55P03");
  expect(notices).toEqual([2, 3, 4, 5].map(NOTICE));
  await until(
    "flips",
    async () => (await states()).join(" ") === "aborted aborted aborted aborted aborted",
  );
  expect((await other.query(TOUCH)).rows).toEqual([{ user_id: 7 }]);
});

test("in a transaction block, or with something beside it: once", async () => {
  await blocker.query("BEGIN; SELECT FROM orders LIMIT 1");
  const sql = await renameSql();
  await renaming.query("BEGIN");
  expect(await sqlstateOf(renaming.query(sql))).toBe("55P03");
  await renaming.query("ROLLBACK");
  expect(await sqlstateOf(renaming.query(`SELECT 1; ${sql}`))).toBe("55P03");
  expect(notices).toEqual([]);
});

test("who does not own the table reads what the server says without Straddle", async () => {
  const role = `stranger_${process.pid}`;
  await runDirect(database, `CREATE ROLE ${role} LOGIN`);
  const port = instances[0]?.port ?? 0;
  const stranger = await connect({ ...database.connection, port, user: role });
  await stranger.query("SET lock_timeout = '1s'");
  const said = await stranger.query(await renameSql()).catch((error: unknown) => error);
  expect(said).toMatchObject({ code: "42501", message: "must be owner of table orders" });
  await stranger.end();
  await runDirect(database, `DROP ROLE ${role}`);
});
