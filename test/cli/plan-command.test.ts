import { expect, test } from "vitest";
import { type Ran, runCommand, spawnCommand } from "../support/command.ts";
import { createDatabase } from "../support/server.ts";
import { writeConfig } from "../support/straddle-process.ts";

/** `straddle plan`, as it is asked. What it plans is tested in `plan/`. */

const plan = (...args: readonly string[]): Promise<Ran> => runCommand(["plan", ...args]);

test("steps with their scripts, from top to bottom", async () => {
  const change = "ALTER TABLE shop.orders RENAME COLUMN user_id TO customer_id";
  expect(await plan(change, "--release", "v3.1")).toEqual({
    status: 0,
    err: "",
    out: `1. Open a window, in which user_id and customer_id are both good names: add this to the configuration.

    windows:
      - table: shop.orders
        rename:
          user_id: customer_id
        old: <3.1.0
        new: ">=3.1.0"

2. Run straddle check: it says what else in the database says the old name, and would break.

3. Deploy 3.1.0, which says customer_id. Versions before it go on saying user_id.

4. Rename shop.orders.user_id, through Straddle. No version notices. Run in a transaction of its own:

    SET lock_timeout = '2s';
    SET statement_timeout = '5s';
    ALTER TABLE shop.orders RENAME COLUMN user_id TO customer_id;

5. Wait until no version before 3.1.0 runs, and there is no way back to one.

6. Close the window: take its entry out of the configuration.
`,
  });
});

test("--json", async () => {
  const { status, out } = await plan("CREATE INDEX ON t (a)", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(out)).toEqual({
    unsafe: [],
    steps: [
      {
        kind: "sql",
        why: "",
        statements: ["CREATE INDEX CONCURRENTLY ON t (a)"],
        script: [
          "SET lock_timeout = '2s';",
          "SET statement_timeout = 0;",
          "CREATE INDEX CONCURRENTLY ON t (a);",
        ],
      },
    ],
  });
});

test("no safe way is 1, no statement and a wrong option are 2", async () => {
  const unsafe = await plan("CLUSTER t");
  expect(unsafe.status).toBe(1);
  expect(unsafe.out).toMatch(/^No safe way is known: CLUSTER rewrites t /);
  expect(await plan("ALTER TABEL t")).toEqual({
    status: 2,
    out: "",
    err: 'straddle: no plan: syntax error at or near "TABEL"\n',
  });
  expect((await plan("SELECT 1", "--release", "next")).err).toBe(
    'straddle: --release must be a version such as 2.1.0, not "next"\n',
  );
});

test("as a process of its own: stdin, and no plan", async () => {
  const change = { input: "CREATE INDEX ON t (a)" };
  const ran = await spawnCommand(["plan", "-"], change);
  expect(ran).toEqual(await runCommand(["plan", "-"], change));
  expect(ran).toMatchObject({ status: 0, err: "" });
  expect(await spawnCommand(["plan", "CLUSTER t"])).toEqual(await plan("CLUSTER t"));
  expect(await spawnCommand(["plan", "ALTER TABEL t"])).toEqual(await plan("ALTER TABEL t"));
});

test("-c of a fleet's configuration: windows are opened in its store", async () => {
  const database = await createDatabase();
  const control = `{ mode: database, user: postgres, database: ${database.name} }`;
  const config = writeConfig(database, `control: ${control}`);
  const { out } = await plan("ALTER TABLE orders RENAME TO purchases", "-c", config, "--offline");
  await database.drop();
  expect(out).toContain("    straddle window open public.orders\n");
  expect(out).not.toContain("add this to the configuration");
});
