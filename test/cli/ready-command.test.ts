import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Ran, runCommand, spawnCommand } from "../support/command.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { writeConfig } from "../support/straddle-process.ts";
import { runDirect } from "../support/twins.ts";
import { until } from "../support/until.ts";

/** `straddle ready` and `straddle versions` beside a Straddle that runs. */

/** Where nothing listens: below the ports that the system gives out. */
const NOBODY = "127.0.0.1:28999";

let database: TestDatabase;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await runDirect(
    database,
    `CREATE TABLE orders (id int, user_id int, note text);
     CREATE FUNCTION notes() RETURNS bigint LANGUAGE sql AS 'SELECT count(note) FROM orders'`,
  );
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => database.drop());

function run(args: readonly string[], yaml = ""): Promise<Ran> {
  return runCommand([...args, "--config", writeConfig(database, yaml)]);
}

/** The same as a process of its own, and as it is shipped. */
function shipped(args: readonly string[]): Promise<Ran> {
  return spawnCommand([...args, "--config", writeConfig(database, "")]);
}

/** A Straddle whose ledger needs a second of quiet; gives its admin address and its port. */
async function start(quietFor = "1s"): Promise<{ admin: string; port: number }> {
  const yaml = `metrics: { port: 0 }\nledger: { quiet_for: ${quietFor} }`;
  const straddle = await startTestStraddle(database, yaml);
  ends.push(() => straddle.stop());
  return { admin: `127.0.0.1:${straddle.metricsPort}`, port: straddle.port };
}

async function connect(port: number, name: string): Promise<pg.Client> {
  const at = { ...database.connection, host: "127.0.0.1", port, application_name: name };
  const client = new pg.Client(at);
  await client.connect();
  ends.push(() => client.end());
  return client;
}

test("no, and who; then yes, once it was quiet for long enough and its session is gone", async () => {
  const { admin, port } = await start();
  const client = await connect(port, "shop@1.4.0");
  await client.query("SELECT user_id FROM orders");
  const ready = (...more: string[]) =>
    run(["ready", "public.orders.user_id", "--admin", admin, ...more]);

  const no = await ready("--quiet-for", "1h");
  expect(no.status).toBe(1);
  expect(no.out).toMatch(
    /^public\.orders\.user_id: no, used within the last 60 min\n {2}used by shop@1\.4\.0: \d+ s ago from 127\.0\.0\.1:\d+, 1 statement\(s\) since .*Z, 1 session\(s\) now, 0\.0\d\/s; fingerprints [\da-f]{16}\n/,
  );
  const json = JSON.parse((await ready("--quiet-for", "1h", "--json")).out);
  expect(json).toMatchObject({
    name: "public.orders.user_id",
    answer: "no",
    quiet_for_ms: 3_600_000,
    users: [{ app: "shop", version: "1.4.0", count: 1, live_sessions: 1, instance: admin }],
  });

  await until(
    "quiet",
    async () =>
      (await ready("--quiet-for", "1s")).out.includes("no, versions that have used it still"),
    60_000,
  );
  await client.end();
  let yes: Ran | undefined;
  await until(
    "its end",
    async () => {
      yes = await ready("--quiet-for", "1s");
      return yes.status === 0;
    },
    60_000,
  );
  expect(yes?.out).toMatch(
    /^public\.orders\.user_id: yes, not used for 1 s\n {2}before that by shop@1\.4\.0: /,
  );
});

test("it can't be told: too young, no such name, an instance that does not answer", async () => {
  const { admin } = await start("1h");
  const young = await shipped(["ready", "public.orders.user_id", "--admin", admin]);
  expect(young).toMatchObject({ status: 2, err: "" });
  expect(young.out).toContain("public.orders.user_id: can't tell\n  not sure: 127.0.0.1:");
  expect(young.out).toContain("the ledger has been watching since");

  const unknown = await run(["ready", "public.orders.usr_id", "--admin", admin, NOBODY]);
  expect(unknown.status).toBe(2);
  expect(unknown.out).toContain("there is no public.orders.usr_id, no window has it");
  expect(unknown.out).toContain(`${NOBODY}: nothing accepts connections there`);
});

test("a name that stands in a function is still needed", async () => {
  const { admin } = await start();
  const no = await shipped(["ready", "public.orders.note", "--admin", admin]);
  expect(no.status).toBe(1);
  expect(no.out).toContain(
    "public.orders.note: no, the database itself has it\n  named by function notes()",
  );
});

const wrong: { name: string; args: string[]; yaml?: string; words: string }[] = [
  { name: "no table's name", args: ["orders"], words: "is neither schema.table nor" },
  {
    name: "a duration without a unit",
    args: ["public.orders", "--quiet-for", "15"],
    words: "--quiet-for must be a duration",
  },
  {
    name: "an address without a port",
    args: ["public.orders", "--admin", "localhost"],
    words: "--admin must be host:port",
  },
  { name: "no address at all", args: ["public.orders"], words: "say by --admin" },
  {
    name: "no instance that could be asked",
    args: ["public.orders"],
    yaml: "metrics: { enabled: false }",
    words: "metrics.enabled is false",
  },
];
for (const { name, args, yaml, words } of wrong) {
  test(`a wrong set-up: ${name}`, async () => {
    const ran = await run(["ready", ...args], yaml);
    expect({ ...ran, err: ran.err.includes(words) }).toEqual({
      status: 2,
      out: "",
      err: true,
    });
  });
}

test("the versions that are live, over all instances", async () => {
  const [one, two] = [await start(), await start()];
  for (const { port } of [one, two]) {
    await (await connect(port, "shop@1.4.0")).query("SELECT 1");
  }
  await connect(two.port, "shop@2.0.0");
  await (await connect(two.port, "")).query("SELECT 2");
  const versions = (...more: string[]) =>
    run(["versions", "--admin", one.admin, two.admin, ...more]);

  const table = await shipped(["versions", "--admin", one.admin, two.admin]);
  expect(table).toMatchObject({ status: 0, err: "" });
  const lines = table.out.split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(lines[0]).toEqual(["VERSION", "SINCE", "LAST STATEMENT", "SESSIONS", "STATEMENTS/S"]);
  expect(lines.slice(1).map(([version, , , sessions]) => [version, sessions])).toEqual([
    ["(no version)", "1"],
    ["shop@1.4.0", "2"],
    ["shop@2.0.0", "1"],
    ["", undefined],
  ]);
  const { versions: shown } = JSON.parse((await versions("--json")).out);
  expect(shown[1]).toMatchObject({ app: "shop", version: "1.4.0", sessions: 2, statements: 2 });

  const silent = await run(["versions", "--admin", NOBODY]);
  expect(silent).toMatchObject({ status: 2, out: "no version is live\n" });
  expect(silent.err).toContain(`${NOBODY}: nothing accepts connections there`);
});
