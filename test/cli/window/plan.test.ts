import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { initStore } from "../../../src/control/store.ts";
import { openingCommands } from "../../../src/guard/window-commands.ts";
import { createDatabase, type TestDatabase } from "../../support/server.ts";
import { SHOP_PLAN, windowRunner } from "../../support/window-command.ts";

/** Windows are planned, listed and shown, on a real store. */

let database: TestDatabase;
let client: pg.Client;
let run: ReturnType<typeof windowRunner>;

beforeEach(async () => {
  database = await createDatabase();
  client = new pg.Client(database.connection);
  await client.connect();
  await client.query("CREATE TABLE orders (id int, user_id int); CREATE TABLE items (id int)");
  await initStore(client, "straddle", { sidecars: [], operators: [] });
  run = windowRunner(database);
});

afterEach(async () => {
  await client.end();
  await database.drop();
});

describe("plan", () => {
  test("writes a window down, which list and show then tell of", async () => {
    expect((await run("list")).out).toMatch(/^there is no window that is not closed/);
    const planned = await run(
      ...SHOP_PLAN,
      "--app",
      "shop",
      "--closes",
      "2099-01-31",
      "--note",
      "as agreed",
    );
    expect(planned).toEqual({
      status: 0,
      out: "window 1 is planned: public.orders, user_id -> customer_id; old <2.0.0, new >=2.0.0, of shop only\nnext: straddle window open 1\n",
      err: "",
    });
    const window = {
      id: 1,
      table: "public.orders",
      rename: { user_id: "customer_id" },
      old: "<2.0.0",
      new: ">=2.0.0",
      app: "shop",
      closes: "2099-01-31",
      state: "planned",
      epoch: 0,
    };
    expect(JSON.parse((await run("list", "--json")).out)).toEqual({
      outcome: "done",
      windows: [window],
    });
    expect((await run("list")).out).toBe(
      [
        "id  state    table          renames                 old     new      app",
        "1   planned  public.orders  user_id -> customer_id  <2.0.0  >=2.0.0  shop\n",
      ].join("\n"),
    );
    const shown = JSON.parse((await run("show", "1", "--json")).out);
    expect(shown.window).toEqual({ ...window, names: "old", problems: [] });
    expect(shown.history).toMatchObject([
      { after: "planned", role: "postgres", note: "as agreed" },
    ]);
    expect(shown.history[0].application).toContain(hostname().slice(0, 20));
    expect((await run("show", "orders")).out).toMatch(/as agreed\nno instance of Straddle/);
  });

  const WRONG: readonly { args: readonly string[]; status: number; says: string }[] = [
    { args: ["--old", "two"], status: 2, says: '--old: "two" is not a range of versions' },
    { args: ["--new", ">=1.0.0"], status: 2, says: '--new: ">=1.0.0" overlaps with old' },
    { args: ["--rename", "user_id"], status: 2, says: '"user_id" is not of the form old=new' },
    {
      args: ["--rename", "nobody=somebody"],
      status: 1,
      says: "neither column nobody nor somebody",
    },
    { args: ["--table", "public.nothing"], status: 1, says: "public.nothing not found" },
    { args: ["--closes", "soon"], status: 2, says: "--closes" },
    { args: ["--colour", "red"], status: 2, says: "unknown option '--colour'" },
  ];
  for (const { args, status, says } of WRONG) {
    test(`refuses ${args.join(" ")}, and writes nothing`, async () => {
      const run1 = await run(...SHOP_PLAN, ...args);
      expect(run1.err).toContain(says);
      expect(run1.status).toBe(status);
      expect(run1.err).not.toContain("bug");
      expect((await client.query("SELECT FROM straddle.windows")).rowCount).toBe(0);
    });
  }

  test("refuses what contradicts a window of the store, until that is closed", async () => {
    expect((await run(...SHOP_PLAN)).status).toBe(0);
    const again = await run(...SHOP_PLAN, "--json");
    expect(again.status).toBe(1);
    expect(JSON.parse(again.out)).toEqual({
      outcome: "refused",
      because: '--rename: "user_id" is renamed by another window already (window 1)',
      instead: "",
    });
    await client.query("UPDATE straddle.windows SET state = 'closed'");
    expect((await run(...SHOP_PLAN)).out).toContain("window 2 is planned");
  });

  test("refuses what contradicts a window of the file", async () => {
    const inFile = (rename: object) =>
      windowRunner(database, {
        windows: [{ table: "orders", rename, old: "<2.0.0", new: ">=2.0.0" }],
      });
    const { status, err } = await inFile({ user_id: "buyer_id" })(...SHOP_PLAN);
    expect(status).toBe(1);
    expect(err).toMatch(
      /"user_id" has another meaning in another window.* \(windows\[0\] of the file\)/,
    );
    // The very same moves from the file to the store.
    expect((await inFile({ user_id: "customer_id" })(...SHOP_PLAN)).status).toBe(0);
  });

  test("the commands of a hint are what a shell and straddle understand, whatever the names", async () => {
    await client.query(`CREATE TABLE "Order's $(x)" (id int, "user id" int)`);
    const rename = { table: `public."Order's $(x)"`, column: "user id", to: 'the "customer"' };
    for (const command of openingCommands(rename, "2.0.0")) {
      // What comes after `straddle window`.
      const shell = `straddle() { shift; printf '%s\\0' "$@"; }; ${command}`;
      const words = execFileSync("sh", ["-c", shell], { encoding: "utf8" })
        .split("\0")
        .slice(0, -1);
      expect(await run(...words)).toMatchObject({ status: 0, err: "" });
    }
    expect(JSON.parse((await run("show", "1", "--json")).out)).toMatchObject({
      window: {
        table: rename.table,
        rename: { [rename.column]: rename.to },
        old: "<2.0.0",
        new: ">=2.0.0",
        state: "open",
      },
    });
  });

  test("of two at one time that contradict one another, one wins", async () => {
    const runs = await Promise.all([run(...SHOP_PLAN), run(...SHOP_PLAN)]);
    expect(runs.map(({ status }) => status).sort()).toEqual([0, 1]);
    expect((await client.query("SELECT FROM straddle.windows")).rowCount).toBe(1);
  });
});

test("a window that a later program has written is listed, and not touched", async () => {
  await run(...SHOP_PLAN);
  await client.query("UPDATE straddle.windows SET kind = 'split', format = 2");
  expect((await run("list")).out).toContain("of kind split, format 2: not known to this Straddle");
  const { status, err } = await run("show", "1");
  expect(status).toBe(2);
  expect(err).toContain("window 1 is of kind split, format 2, which this Straddle does not know");
});

test("what can't be meant is said", async () => {
  expect((await run("show", "9")).err).toBe("there is no window 9; straddle window list has all");
  expect(await run("show")).toMatchObject({ status: 2 });
  await client.query("CREATE ROLE nobody_here LOGIN");
  const refused = await run(...SHOP_PLAN, "--role", "nobody_here");
  await client.query("DROP ROLE nobody_here");
  expect(refused.status).toBe(2);
  expect(refused.err).toContain("nobody_here may not do that (permission denied");
});

test("without a store, or with windows in the file only, the set-up is wrong", async () => {
  await client.query("DROP SCHEMA straddle CASCADE");
  expect(await run("list")).toMatchObject({
    status: 2,
    err: expect.stringContaining("there is no store"),
  });
  const inFile = windowRunner(database, { control: { mode: "file" } });
  expect(await inFile("list")).toMatchObject({
    status: 2,
    err: expect.stringContaining("control.mode is file"),
  });
});
