import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initStore } from "../../../src/control/store.ts";
import { createDatabase, type TestDatabase } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { SHOP_PLAN, windowRunner } from "../../support/window-command.ts";

/** Windows are opened and closed, on a real store; instances are rows that the test writes itself. */

let database: TestDatabase;
let client: pg.Client;
let run: ReturnType<typeof windowRunner>;
let sessions: pg.Client[];

async function connect(application = "test"): Promise<pg.Client> {
  const session = new pg.Client({ ...database.connection, application_name: application });
  await session.connect();
  sessions.push(session);
  return session;
}

beforeEach(async () => {
  database = await createDatabase();
  sessions = [];
  client = await connect();
  await client.query("CREATE TABLE orders (id int, user_id int)");
  await initStore(client, "straddle", { sidecars: [], operators: [] });
  run = windowRunner(database);
  await run(...SHOP_PLAN);
});

afterEach(async () => {
  await Promise.all(sessions.map((session) => session.end()));
  await database.drop();
});

const FLIP = "ALTER TABLE orders RENAME user_id TO customer_id";

async function state(): Promise<string> {
  const { rows } = await client.query("SELECT state FROM straddle.windows WHERE id = 1");
  return rows[0]?.state;
}

async function notes(): Promise<string[]> {
  const { rows } = await client.query(
    "SELECT state_after, note FROM straddle.history WHERE window_id = 1 ORDER BY id",
  );
  return rows.map((row) => `${row.state_after}${row.note === "" ? "" : `: ${row.note}`}`);
}

/** A statement of a version, so long ago. */
async function used(app: string, version: string, secondsAgo: number): Promise<void> {
  await client.query(
    `INSERT INTO straddle.ledger (app, version, schema_name, table_name, column_name, first_seen, last_seen)
     VALUES ($1, $2, '', '', '', now(), now() - $3 * interval '1 s')`,
    [app, version, secondsAgo],
  );
}

/** An instance that is there, as far as the store can tell. */
async function instance(revision: number, problem = ""): Promise<pg.Client> {
  const session = await connect("straddle");
  const { rows } = await session.query(
    `INSERT INTO straddle.instances (version, host, process_id, lease_ms, revision, problem)
     VALUES ('0.1.0', 'pod-a', 7, 1, $1, $2) RETURNING id`,
    [revision, problem],
  );
  await session.query(
    "SELECT pg_advisory_lock(('straddle'::regnamespace::oid::bigint << 32) | $1)",
    [rows[0].id],
  );
  return session;
}

describe("open", () => {
  test("puts a window in force, once", async () => {
    expect(await run("open", "1", "--note", "go")).toEqual({
      status: 0,
      out: "window 1 (public.orders) is open: no instance of Straddle is there\n",
      err: "",
    });
    expect((await run("open", "public.orders")).status).toBe(0);
    expect(await notes()).toEqual(["planned", "open: go"]);
  });

  test("what its rename breaks has to be accepted, and that is on record", async () => {
    await client.query(`
      CREATE FUNCTION sum_of() RETURNS bigint LANGUAGE sql AS 'SELECT sum(user_id) FROM orders';
      CREATE VIEW shown AS SELECT user_id FROM orders`);
    const refused = await run("open", "1");
    expect(refused.status).toBe(1);
    expect(refused.out).toMatch(/^breaks {2}function sum_of\(\) says user_id \(line 1\)/);
    expect(refused.out).toContain("follows rule _RETURN on view shown uses user_id");
    expect(refused.err).toBe(
      "straddle: refused: window 1 (public.orders): in the database 1 object(s) break at the rename, and 0 may\n" +
        "straddle: instead: look after them, then straddle window open 1 --accept-blind-spots\n",
    );
    expect(await state()).toBe("planned");
    expect((await run("open", "1", "--accept-blind-spots")).status).toBe(0);
    expect(await notes()).toEqual(["planned", "open: blind spots accepted: function sum_of()"]);
  });

  test("waits until every instance has it in force", async () => {
    const alive = await instance(0);
    const opening = run("open", "1", "--timeout", "1min");
    await until("the move", async () => (await state()) === "open");
    await client.query("UPDATE straddle.instances SET revision = 99");
    expect((await opening).out).toContain("is open: in force on the one instance");

    await client.query("UPDATE straddle.instances SET revision = 0, problem = 'it is too old'");
    const late = await run("open", "1", "--timeout", "1ms");
    expect(late.status).toBe(1);
    expect(late.err).toContain(
      "not in force yet on instance 1 (pod-a, process 7), which says: it is too old",
    );
    expect((await run("show", "1")).out).toMatch(/pod-a, process 7, .* is there {2}it is too old/);

    await alive.end(); // Its lease of 1 ms is over.
    await until("its end", async () => {
      const { rows } = await client.query("SELECT FROM pg_locks WHERE locktype = 'advisory'");
      return rows.length === 0;
    });
    expect((await run("open", "1")).out).toContain("no instance of Straddle is there");
    expect((await run("show", "1")).out).toMatch(/pod-a, process 7, .* gone, seen/);
  });

  test("does not fit the catalog: refused", async () => {
    await client.query("ALTER TABLE orders ADD customer_id int");
    const { status, err } = await run("open", "1");
    expect(status).toBe(1);
    expect(err).toContain("both columns user_id and customer_id exist");
    expect(await state()).toBe("planned");
  });

  test("of a table that is renamed already is flipped", async () => {
    await client.query(FLIP);
    expect((await run("open", "1")).status).toBe(0);
    expect(await notes()).toEqual(["planned", "open", "flipped"]);
  });
});

describe("close", () => {
  test("of a plan needs nothing", async () => {
    expect((await run("close", "1")).out).toBe("window 1 (public.orders) is closed\n");
    expect((await run("close", "1")).out).toBe("window 1 (public.orders) is closed already\n");
    expect((await run("open", "1")).err).toContain("window 1 (public.orders) is closed\n");
    expect(await notes()).toEqual(["planned", "closed"]);
  });

  test("before the rename is refused, unless the rename is given up", async () => {
    await run("open", "1");
    const refused = await run("close", "1");
    expect(refused.status).toBe(1);
    expect(refused.err).toContain("has not been renamed yet");
    expect(refused.err).toContain("straddle window close 1 --withdraw");
    await connect("shop@2.0.0");
    const still = await run("close", "1", "--withdraw");
    expect(still.err).toContain("still serves shop@2.0.0");
    await sessions.pop()?.end();
    await connect("shop@1.0.0");
    await until(
      "the end of the session",
      async () => (await run("close", "1", "--withdraw")).status === 0,
    );
    expect((await notes()).slice(-2)).toEqual(["closing: withdrawn", "closed: withdrawn"]);
  });

  test("is refused while a version of the old range is live, or was seen not long ago", async () => {
    await run("open", "1");
    await client.query(FLIP);
    await connect("shop@1.4.0");
    await connect("shop@2.0.0");
    await connect("psql");
    await used("batch", "1.2.0", 60);
    await used("batch", "1.1.0", 2_000);
    const refused = await run("close", "1");
    expect(refused.status).toBe(1);
    expect(refused.out).toMatch(/^shop@1\.4\.0 {3}1 session\(s\) now/);
    expect(refused.out).toMatch(
      /^batch@1\.2\.0 {2}0 session\(s\) now {2}last statement (60|6\d) s ago/m,
    );
    expect(refused.out).not.toMatch(/2\.0\.0|1\.1\.0|psql/);
    const told = JSON.parse((await run("close", "1", "--json")).out);
    expect(told.versions).toMatchObject([
      { app: "shop", version: "1.4.0", sessions: 1, addresses: ["127.0.0.1"] },
      { app: "batch", version: "1.2.0", sessions: 0 },
    ]);
    expect((await run("close", "1", "--quiet-for", "1h")).out).toContain("batch@1.1.0");
    const quiet = ["close", "1", "--quiet-for", "10s"];
    expect((await run(...quiet)).err).toContain("still serves shop@1.4.0\n");
    expect(await state()).toBe("open");
    const closed = await run(...quiet, "--ignore", "shop");
    expect(closed.out).toBe(
      "window 1 (public.orders) is closed: no version <2.0.0 has a session, or was seen in the last 10 s\n",
    );
    expect((await notes()).at(-1)).toBe("closed: left out of account: shop");
  });

  test("waits for them to go, and is taken back when they don't", async () => {
    await run("open", "1");
    await client.query(FLIP);
    const straggler = await connect("shop@1.4.0");
    expect((await run("close", "1", "--timeout", "1ms")).err).toContain(
      "still serves shop@1.4.0 after 1 ms",
    );
    expect(await state()).toBe("flipped");
    const closing = run("close", "1", "--timeout", "1min");
    await until("the move", async () => (await state()) === "closing");
    const flip = await run("close", "1", "--withdraw");
    expect(flip.err).toContain("has been renamed");
    await straggler.end();
    expect((await closing).status).toBe(0);
    expect(await notes()).toEqual(["planned", "open", "closing", "flipped", "closing", "closed"]);
  });

  test("of two operators, the one that comes second reads why", async () => {
    await run("open", "1");
    await client.query(FLIP);
    await connect("shop@1.4.0");
    const closing = run("close", "1", "--timeout", "1min");
    await until("the move", async () => (await state()) === "closing");
    expect((await run("open", "1")).status).toBe(0);
    await sessions.pop()?.end();
    const lost = await closing;
    expect(lost.status).toBe(1);
    expect(lost.err).toContain("was made flipped by somebody else meanwhile");
  });
});
