import { execFile } from "node:child_process";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { checkStore, initStore, STORE_VERSION } from "../../src/control/store.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { failToStart, writeConfig } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";

/** The store on a real server: made, made again, refused, and who may do what in it. */

const SIDECAR = `store_sidecar_${process.pid}`;
const OPERATOR = `store_operator_${process.pid}`;

let database: TestDatabase;
let owner: pg.Client;

async function connect(user = "postgres"): Promise<pg.Client> {
  const client = new pg.Client({ ...database.connection, user });
  await client.connect();
  return client;
}

beforeEach(async () => {
  database = await createDatabase();
  await runDirect(database, `CREATE ROLE ${SIDECAR} LOGIN; CREATE ROLE ${OPERATOR} LOGIN`);
  owner = await connect();
});

afterEach(async () => {
  await owner.end();
  await runDirect(
    database,
    `DROP OWNED BY ${SIDECAR}, ${OPERATOR}; DROP ROLE ${SIDECAR}, ${OPERATOR}`,
  );
  await database.drop();
});

const ROLES = { sidecars: [SIDECAR], operators: [OPERATOR] };
const NO_ROLES = { sidecars: [], operators: [] };

const WINDOW = `INSERT INTO straddle.windows (schema_name, table_name, renames, old_range, new_range)
  VALUES ('public', 'orders', '{"user_id": "customer_id"}', '<2.0.0', '>=2.0.0') RETURNING id`;

/** `done`, or the SQLSTATE. */
async function outcome(client: pg.Client, sql: string): Promise<string> {
  try {
    await client.query(sql);
    return "done";
  } catch (error) {
    return error instanceof pg.DatabaseError ? String(error.code) : String(error);
  }
}

describe("straddle control init", () => {
  const run = (...args: readonly string[]) => {
    const config = writeConfig(database, "");
    const command = [inject("main"), "control", "init", "-c", config, ...args];
    return new Promise<string>((resolve) => {
      execFile(process.execPath, command, (_error, out, err) => resolve(out + err));
    });
  };

  test("makes the store, and leaves it as it is when it is run again", async () => {
    expect(await run("--sidecar", SIDECAR)).toBe(
      `store made: schema straddle of ${database.name}, version ${STORE_VERSION}\n`,
    );
    const { rows } = await owner.query(WINDOW);
    expect(await run("--sidecar", SIDECAR)).toContain("store kept");
    expect(JSON.parse(await run("--json"))).toEqual({
      database: database.name,
      schema: "straddle",
      version: STORE_VERSION,
      from: STORE_VERSION,
    });
    expect((await owner.query("SELECT id FROM straddle.windows")).rows).toEqual(rows);
  });

  test("what it prints makes the same store", async () => {
    await owner.query(await run("--print", "--sidecar", SIDECAR));
    await checkStore(owner, "straddle");
    expect(await run()).toContain("store kept");
  });

  test("a role that may not is told so, and nothing is left behind", async () => {
    expect(await run("--role", SIDECAR)).toMatch(
      /^straddle: the server refused: permission denied/,
    );
    expect(await outcome(owner, "SELECT FROM straddle.store")).toBe("42P01");
  });

  test("a store that a later program has made is not touched", async () => {
    await initStore(owner, "straddle", NO_ROLES);
    await owner.query(`UPDATE straddle.store SET version = ${STORE_VERSION + 1}`);
    expect(await run()).toContain(`has version ${STORE_VERSION + 1}, and this Straddle knows`);
  });
});

test("two that make it at one time make one", async () => {
  const other = await connect();
  const results = await Promise.all([
    initStore(owner, "straddle", NO_ROLES),
    initStore(other, "straddle", NO_ROLES),
  ]);
  await other.end();
  expect(results.map(({ from }) => from).sort()).toEqual([0, STORE_VERSION]);
});

test("run does not start without a store, nor on one of another version", async () => {
  const config = writeConfig(
    database,
    `control: { mode: database, user: postgres, database: ${database.name} }`,
  );
  const missing = await failToStart(config);
  expect(missing).toEqual({
    status: 2,
    words:
      "straddle: control.mode: there is no store in schema straddle: make it with straddle control init\n",
  });
  await initStore(owner, "straddle", NO_ROLES);
  await owner.query(`UPDATE straddle.store SET version = ${STORE_VERSION + 1}`);
  expect((await failToStart(config)).words).toContain("use the Straddle that made it");
});

const RIGHTS: readonly {
  readonly sql: string;
  readonly sidecar: string;
  readonly operator: string;
}[] = [
  { sql: "SELECT FROM straddle.history", sidecar: "done", operator: "done" },
  { sql: "UPDATE straddle.windows SET state = 'open'", sidecar: "done", operator: "done" },
  { sql: "UPDATE straddle.windows SET old_range = '<3'", sidecar: "42501", operator: "done" },
  { sql: WINDOW, sidecar: "42501", operator: "done" },
  { sql: "DELETE FROM straddle.windows", sidecar: "42501", operator: "done" },
  { sql: "DELETE FROM straddle.ledger", sidecar: "done", operator: "done" },
  { sql: "DELETE FROM straddle.history", sidecar: "42501", operator: "42501" },
  { sql: "UPDATE straddle.store SET version = 9", sidecar: "42501", operator: "42501" },
  { sql: "CREATE TABLE straddle.own ()", sidecar: "42501", operator: "42501" },
];

test("roles may do what they need, and no more", async () => {
  await initStore(owner, "straddle", ROLES);
  await owner.query(WINDOW);
  const sidecar = await connect(SIDECAR);
  const operator = await connect(OPERATOR);
  for (const row of RIGHTS) {
    const { sql } = row;
    expect({
      sql,
      sidecar: await outcome(sidecar, sql),
      operator: await outcome(operator, sql),
    }).toEqual(row);
  }
  await sidecar.end();
  await operator.end();
});

test("who has no part in it may run the fence alone, and that only of what he owns", async () => {
  await initStore(owner, "straddle", ROLES);
  const stranger = `stranger_${process.pid}`;
  await owner.query(`CREATE ROLE ${stranger} LOGIN; GRANT CREATE ON SCHEMA public TO ${stranger};
    CREATE TABLE orders (id int)`);
  const client = await connect(stranger);
  try {
    const { rows } = await owner.query(
      `SELECT proname FROM pg_proc WHERE pronamespace = 'straddle'::regnamespace
       AND has_function_privilege($1, oid, 'EXECUTE')`,
      [stranger],
    );
    expect(rows).toEqual([{ proname: "fence" }]);
    await client.query("CREATE TABLE own (id int)");
    for (const table of ["orders", "own"]) {
      await owner.query(
        "SELECT straddle.begin_flip($1::text::regclass, 'public', $1, '', 'test', 60000, 10)",
        [table],
      );
    }
    const fence = (table: string) => outcome(client, `SELECT straddle.fence('${table}'::regclass)`);
    expect(await fence("orders")).toBe("42501");
    expect(await fence("own")).toBe("done");
    expect(await outcome(client, "SELECT FROM straddle.windows")).toBe("42501");
    // As the role that a session has become, not as who has logged in.
    await owner.query(`SET ROLE ${stranger}`);
    expect(await outcome(owner, "SELECT straddle.fence('orders'::regclass)")).toBe("42501");
  } finally {
    await owner.query("RESET ROLE");
    await client.end();
    await owner.query(`DROP OWNED BY ${stranger}; DROP ROLE ${stranger}`);
  }
});

test("each move of a window is checked, recorded and told", async () => {
  await initStore(owner, "straddle", NO_ROLES);
  const notified: string[] = [];
  owner.on("notification", ({ payload = "" }) => notified.push(payload));
  await owner.query("LISTEN straddle");
  await owner.query(WINDOW);
  const move = (state: string) => outcome(owner, `UPDATE straddle.windows SET state = '${state}'`);
  const moves = ["flipped", "open", "holding", "closing", "flipped", "closing", "closed", "open"];
  const outcomes: string[] = [];
  for (const state of moves) outcomes.push(await move(state));
  expect(outcomes).toEqual(["55000", "done", "done", "55000", "done", "done", "done", "55000"]);
  const { rows } = await owner.query(
    "SELECT state_before, state_after, by_role FROM straddle.history ORDER BY id",
  );
  expect(rows.map((row) => `${row.state_before} ${row.state_after} ${row.by_role}`)).toEqual([
    "null planned postgres",
    "planned open postgres",
    "open holding postgres",
    "holding flipped postgres",
    "flipped closing postgres",
    "closing closed postgres",
  ]);
  expect(notified).toEqual(rows.map(() => "windows"));
  const { rows: store } = await owner.query("SELECT revision::int FROM straddle.store");
  expect(store).toEqual([{ revision: rows.length }]);
});

const NAMES: readonly { readonly columns: string; readonly names: string }[] = [
  { columns: "user_id int, cart int", names: "old" },
  { columns: "customer_id int, basket int", names: "new" },
  { columns: "customer_id int, cart int", names: "mixed" },
  { columns: "user_id int, customer_id int, cart int", names: "missing" },
  { columns: "cart int", names: "missing" },
];

test("a window's names are what the catalog has; where it could be either, they are missing", async () => {
  await initStore(owner, "straddle", NO_ROLES);
  await owner.query(WINDOW);
  await owner.query(
    `UPDATE straddle.windows SET renames = '{"user_id": "customer_id", "cart": "basket"}'`,
  );
  for (const row of NAMES) {
    await owner.query(`DROP TABLE IF EXISTS orders; CREATE TABLE orders (${row.columns})`);
    const { rows } = await owner.query(
      "SELECT straddle.names_of(id) AS names FROM straddle.windows",
    );
    expect({ ...row, names: rows[0]?.names }).toEqual(row);
  }
});
