import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { GUARDED_TAGS } from "../../src/guard/event-trigger.ts";
import { type Ran, runCommand, spawnCommand } from "../support/command.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { writeConfig } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";

/** The event trigger, on a real server, for sessions that know nothing of Straddle. */

// Roles are the server's, which other tests share.
const PLAIN = `trigger_plain_${process.pid}`;
const EXEMPT = `trigger_exempt_${process.pid}`;

let database: TestDatabase;
let config: string;

beforeAll(async () => {
  database = await createDatabase();
  config = writeConfig(database, "guard: { lock_timeout: { max: 5s } }");
  await runDirect(
    database,
    `CREATE ROLE ${PLAIN} LOGIN; CREATE ROLE ${EXEMPT} LOGIN;
     GRANT CREATE, USAGE ON SCHEMA public TO ${PLAIN}, ${EXEMPT};`,
  );
});

afterEach(async () => {
  await guard("uninstall");
});

afterAll(async () => {
  await runDirect(database, `DROP OWNED BY ${PLAIN}, ${EXEMPT}; DROP ROLE ${PLAIN}, ${EXEMPT}`);
  await database.drop();
});

function withConfig(args: readonly string[]): readonly string[] {
  return ["guard", ...args, ...(args.includes("--config") ? [] : ["-c", config])];
}

const guard = (...args: readonly string[]): Promise<Ran> => runCommand(withConfig(args));

/** What a session of this role gets: `done`, or SQLSTATE and message of the first error. */
async function answer(user: string, ...statements: readonly string[]): Promise<string> {
  const client = new pg.Client({ ...database.connection, user });
  await client.connect();
  try {
    for (const sql of statements) await client.query(sql);
    return "done";
  } catch (error) {
    return error instanceof pg.DatabaseError ? `${error.code} ${error.message}` : String(error);
  } finally {
    await client.end();
  }
}

const MISSING = "needs a lock_timeout: it is 0, which is to wait without limit";

describe("straddle guard install", () => {
  test("DDL without a lock_timeout is refused, for any role; with one it goes through", async () => {
    expect(await guard("install")).toMatchObject({
      status: 0,
      out: `installed in ${database.name}\n`,
    });
    const alter = "ALTER TABLE kept ADD COLUMN more int";
    // What makes new relations only is not concerned.
    expect(await answer(PLAIN, "CREATE TABLE kept (id int)")).toBe("done");
    expect(await answer(PLAIN, alter)).toBe(`55000 ALTER TABLE ${MISSING}`);
    expect(await answer(PLAIN, "SET lock_timeout = '1min'", alter)).toBe(
      "55000 ALTER TABLE needs a lock_timeout: it is above the maximum of 5s",
    );
    expect(await answer(PLAIN, "SET lock_timeout = '2s'", alter)).toBe("done");
    // A superuser has to, as well, and so has DDL that a function hides.
    expect(await answer("postgres", "DROP TABLE kept")).toBe(`55000 DROP TABLE ${MISSING}`);
    const hidden = "DO $$ BEGIN EXECUTE 'DROP TABLE kept'; END $$";
    expect(await answer(PLAIN, hidden)).toBe(`55000 DROP TABLE ${MISSING}`);
    expect(await answer(PLAIN, "SET lock_timeout = '5s'", hidden)).toBe("done");
  });

  test("whoever is exempt may do without, and nobody else", async () => {
    expect((await guard("install", "--exempt", EXEMPT)).status).toBe(0);
    const made = ["CREATE TABLE own (id int)", "CREATE INDEX ON own (id)", "DROP TABLE own"];
    expect(await answer(EXEMPT, ...made)).toBe("done");
    expect(await answer(PLAIN, ...made)).toBe(`55000 CREATE INDEX ${MISSING}`);
    expect(await answer("postgres", `SET ROLE ${EXEMPT}`, "DROP TABLE IF EXISTS own")).toBe(
      `55000 DROP TABLE ${MISSING}`,
    );
  });

  test("installing again changes the policy; status shows it", async () => {
    expect(await guard("status")).toMatchObject({
      status: 1,
      out: "not installed: straddle guard install\n",
    });
    await guard("install", "--exempt", EXEMPT);
    const more = writeConfig(database, "guard: { lock_timeout: { max: 90s } }");
    expect((await guard("install", "--config", more)).status).toBe(0);
    expect(await guard("status")).toMatchObject({
      status: 0,
      out: "installed: DDL needs a lock_timeout of at most 90s; nobody is exempt\n",
    });
    await runDirect(database, "ALTER EVENT TRIGGER straddle_require_lock_timeout DISABLE");
    expect(await guard("status", "--json")).toMatchObject({
      status: 1,
      out: `${JSON.stringify({
        state: "disabled",
        policy: "DDL needs a lock_timeout of at most 90s; nobody is exempt",
      })}\n`,
    });
  });

  test("uninstall leaves nothing", async () => {
    await guard("install");
    expect((await guard("uninstall")).status).toBe(0);
    expect((await guard("uninstall")).status).toBe(0);
    const client = new pg.Client(database.connection);
    await client.connect();
    const { rows } = await client.query(
      `SELECT (SELECT count(*) FROM pg_event_trigger)::int AS triggers,
         (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'straddle%')::int AS schemas`,
    );
    await client.end();
    expect(rows).toEqual([{ triggers: 0, schemas: 0 }]);
  });

  test("--print is a script that does the same", async () => {
    const { out } = await guard("install", "--print");
    await runDirect(database, out);
    expect((await guard("status")).status).toBe(0);
    const { out: away } = await guard("uninstall", "--print");
    await runDirect(database, away);
    expect((await guard("status")).status).toBe(1);
  });

  test("who is no superuser is told what to do", async () => {
    const { status, err } = await guard("install", "--role", PLAIN);
    expect(status).toBe(2);
    expect(err).toMatch(
      /^straddle: the server refused: .*: only a superuser can; see --role and --print\n$/,
    );
    expect((await guard("instal")).status).toBe(2);
  });

  test("as a process of its own", async () => {
    const shipped = (...args: readonly string[]) => spawnCommand(withConfig(args));
    expect(await shipped("install")).toEqual({
      status: 0,
      out: `installed in ${database.name}\n`,
      err: "",
    });
    expect(await shipped("status")).toEqual(await guard("status"));
    expect(await shipped("install", "--role", PLAIN)).toMatchObject({ status: 2, out: "" });
    await guard("uninstall");
    expect(await shipped("status")).toMatchObject({ status: 1, err: "" });
  });

  test("every tag is one that the server fires it for", async () => {
    // The server refuses a filter for a tag that it does not know.
    const tags = GUARDED_TAGS.map((tag) => `'${tag}'`).join(", ");
    await runDirect(
      database,
      `CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
       CREATE EVENT TRIGGER tags ON ddl_command_start WHEN TAG IN (${tags}) EXECUTE FUNCTION nothing();
       DROP EVENT TRIGGER tags; DROP FUNCTION nothing();`,
    );
  });
});
