import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { initStore } from "../../../src/control/store.ts";
import { createDatabase, type TestDatabase } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { SHOP_PLAN, windowRunner } from "../../support/window-command.ts";

/** `straddle window flip` and `unflip` on a real store; instances are rows that the test writes itself. */

let database: TestDatabase;
let sessions: pg.Client[];
let client: pg.Client;
let run: ReturnType<typeof windowRunner>;

async function connect(user = "postgres"): Promise<pg.Client> {
  const session = new pg.Client({ ...database.connection, user });
  await session.connect();
  sessions.push(session);
  return session;
}

beforeEach(async () => {
  database = await createDatabase();
  sessions = [];
  client = await connect();
  await client.query("CREATE TABLE orders (id int, user_id int, state int)");
  await initStore(client, "straddle", { sidecars: [], operators: [] });
  run = windowRunner(database, {
    limits: { hold_timeout: "500ms" },
    control: { flip_margin: "100ms" },
  });
});

afterEach(async () => {
  await Promise.all(sessions.map((session) => session.end()));
  await database.drop();
});

/** The table and its columns: `orders: id, user_id, state`. */
async function names(): Promise<string> {
  const { rows } = await client.query(
    `SELECT relname || ': ' || string_agg(attname, ', ' ORDER BY attnum) AS names
     FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' GROUP BY relname`,
  );
  return rows.map((row) => row.names).join("; ");
}

async function states(): Promise<string> {
  const { rows } = await client.query("SELECT state_after FROM straddle.history ORDER BY id");
  return rows.map((row) => row.state_after).join(" ");
}

test("renames columns and their table, and back, with both moves on record", async () => {
  await run(...SHOP_PLAN, "--rename", "state=status", "--rename-table", "purchases");
  expect((await run("flip", "1")).err).toContain("window 1 (public.orders) is only planned");
  await run("open", "1");
  const flipped = await run("flip", "1", "--note", "at noon");
  expect(flipped.err).toBe("");
  expect(flipped.out).toMatch(
    /^window 1 \(public\.orders\) is flipped: ALTER TABLE public\.orders RENAME COLUMN .*; ALTER TABLE public\.orders RENAME TO purchases \(held for \d+ ms\)\n$/,
  );
  expect(await names()).toBe("purchases: id, customer_id, status");
  const again = await run("flip", "1", "--json");
  expect(again.status).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ outcome: "done", window: { state: "flipped" } });
  expect(JSON.parse((await run("unflip", "1", "--json")).out)).toMatchObject({
    outcome: "done",
    window: { state: "open" },
    attempts: 1,
  });
  expect(await names()).toBe("orders: id, user_id, state");
  expect(await states()).toBe("planned open holding flipped holding open");
  expect((await run("show", "1")).out).toMatch(
    /epoch 1 .* flipped, held for \d+ ms, by straddle window .*at noon/,
  );
});

const OTHER_KINDS = {
  view: "CREATE VIEW sales AS SELECT * FROM orders",
  "materialized view": "CREATE MATERIALIZED VIEW sales AS SELECT * FROM orders",
  "foreign table": `CREATE FOREIGN DATA WRAPPER none; CREATE SERVER none FOREIGN DATA WRAPPER none;
    CREATE FOREIGN TABLE sales (id int, user_id int, state int) SERVER none`,
} as const;

for (const [kind, sql] of Object.entries(OTHER_KINDS)) {
  test(`renames a ${kind}, and back, and waits for who uses it`, async () => {
    await client.query(sql);
    const plan = ["--rename", "user_id=customer_id", "--rename-table", "receipts"];
    await run("plan", "--table", "public.sales", ...plan, "--old", "<2.0.0", "--new", ">=2.0.0");
    await run("open", "1", "--accept-blind-spots");
    const columns = async (name: string) =>
      (
        await client.query(
          "SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2",
          [name, name === "sales" ? "user_id" : "customer_id"],
        )
      ).rowCount;
    const other = await connect();
    await other.query("BEGIN");
    await other.query(
      kind === "foreign table" ? "COMMENT ON COLUMN sales.id IS 'x'" : "SELECT FROM sales",
    );
    const refused = await run("flip", "1", "--timeout", "1ms");
    expect(refused.err).toMatch(/canceling statement due to (lock|statement) timeout/);
    expect(await columns("sales")).toBe(1);
    await other.query("COMMIT");
    expect(await run("flip", "1")).toMatchObject({ status: 0, err: "" });
    expect(await columns("receipts")).toBe(1);
    expect(await run("unflip", "1")).toMatchObject({ status: 0, err: "" });
    expect(await columns("sales")).toBe(1);
  });
}

test("finishes what somebody has renamed in part", async () => {
  await run(...SHOP_PLAN, "--rename", "state=status");
  await run("open", "1");
  await client.query("ALTER TABLE orders RENAME user_id TO customer_id");
  expect((await run("close", "1")).err).toContain("has been renamed in part");
  expect((await run("flip", "1")).status).toBe(0);
  expect(await names()).toBe("orders: id, customer_id, status");
});

test("a transaction in the way is named, and nothing has changed", async () => {
  await run(...SHOP_PLAN);
  await run("open", "1");
  const other = await connect();
  await other.query("BEGIN; SELECT FROM orders");
  const refused = await run("flip", "1", "--timeout", "500ms");
  expect(refused.status).toBe(1);
  expect(refused.err).toMatch(/canceling statement due to (lock|statement) timeout/);
  const { rows } = await other.query("SELECT pg_backend_pid() AS pid");
  expect(refused.err).toContain(`process ${rows[0].pid} (postgres) has had a transaction open for`);
  expect(await names()).toBe("orders: id, user_id, state");

  const flipping = run("flip", "1", "--timeout", "1min");
  await until("a second attempt", async () => {
    const { rowCount } = await client.query("SELECT FROM straddle.flips WHERE state = 'aborted'");
    return (rowCount ?? 0) > 2;
  });
  await other.query("COMMIT");
  expect((await flipping).out).toMatch(/held for \d+ ms, at attempt \d+/);
});

test("an instance that does not agree is named, and nothing has changed", async () => {
  await run(...SHOP_PLAN);
  await run("open", "1");
  await client.query("SELECT straddle.join_fleet(0, '0.1.0', 'pod-a', 7, 60000)");
  const refused = await run("flip", "1", "--timeout", "1ms");
  expect(refused.status).toBe(1);
  expect(refused.err).toContain("not acknowledged by instance 1 (pod-a, process 7)");
  expect(refused.err).toContain("nothing has changed");
  expect(await names()).toBe("orders: id, user_id, state");
  expect(await states()).toBe("planned open holding open");
  expect((await run("show", "1")).out).toMatch(
    /epoch 1 .* aborted.*: not acknowledged by instance 1/,
  );
});

test("of two operators at one time one renames, and the other reads why not he", async () => {
  await run(...SHOP_PLAN);
  await run("open", "1");
  const runs = await Promise.all([run("flip", "1"), run("flip", "1")]);
  expect(runs.filter(({ out }) => out.includes("is flipped: ALTER"))).toHaveLength(1);
  const other = runs.find(({ out }) => !out.includes("is flipped: ALTER"));
  expect(`${other?.out}${other?.err}`).toMatch(
    /is being renamed at this moment|has its new names already/,
  );
  expect(await names()).toBe("orders: id, customer_id, state");
});

test("what a coordinator that died has left is put right", async () => {
  await run(...SHOP_PLAN);
  await run("open", "1");
  await client.query(
    "SELECT straddle.begin_flip('orders'::regclass, 'public', 'orders', '', 'somebody', 20, 10)",
  );
  expect(await states()).toBe("planned open holding");
  await until("the flip", async () => (await run("flip", "1")).status === 0);
  expect(await states()).toBe("planned open holding open holding flipped");
});

test("who does not own the table may not, and is told so", async () => {
  await run(...SHOP_PLAN);
  await run("open", "1");
  const role = `flip_operator_${process.pid}`;
  await client.query(`CREATE ROLE ${role} LOGIN`);
  await initStore(client, "straddle", { sidecars: [], operators: [role] });
  const refused = await run("flip", "1", "--role", role);
  await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  expect(refused.status).toBe(2);
  expect(refused.err).toMatch(
    /^flip_operator_\d+ may not rename public\.orders, which is postgres's/,
  );
  expect(await states()).toBe("planned open");
});

test("a connection that is lost while it waits costs the hold, and is told", async () => {
  await run(...SHOP_PLAN);
  await run("open", "1");
  const other = await connect();
  await other.query("BEGIN; SELECT FROM orders");
  const flipping = run("flip", "1");
  const waiting = "application_name LIKE 'straddle window%' AND wait_event_type = 'Lock'";
  await until("its wait for the lock", async () => {
    const { rowCount } = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${waiting}`,
    );
    return rowCount === 1;
  });
  const { status, err } = await flipping;
  expect(status).toBe(1);
  expect(err).toContain("was lost (terminating connection due to administrator command)");
  await other.query("COMMIT");
  await until("a flip", async () => (await run("flip", "1")).status === 0);
  expect(await names()).toBe("orders: id, customer_id, state");
  expect((await states()).split(" ").slice(-4)).toEqual(["holding", "open", "holding", "flipped"]);
});
