import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { check } from "../../src/cli/check.ts";
import { SetupError } from "../../src/cli/fail.ts";
import { parseConfig } from "../../src/config/load.ts";
import { createDatabase } from "../support/server.ts";

const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, user_id int, total int,
                       twice int GENERATED ALWAYS AS (user_id * 2) STORED);
  CREATE VIEW spenders AS SELECT user_id FROM orders;
  CREATE FUNCTION breaks() RETURNS bigint LANGUAGE sql AS 'SELECT count(user_id) FROM orders';
  CREATE FUNCTION follows() RETURNS bigint BEGIN ATOMIC SELECT count(user_id) FROM orders; END;
  CREATE FUNCTION unrelated() RETURNS int LANGUAGE sql AS 'SELECT 1 AS last_user_id';`;

let database: Awaited<ReturnType<typeof createDatabase>>;

beforeAll(async () => {
  database = await createDatabase();
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query(SCHEMA);
  await client.end();
});

afterAll(() => database.drop());

function configFor(url: string, yaml: string) {
  const loaded = parseConfig(`server: { url: '${url}' }\n${yaml}`, {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  return loaded.config;
}

async function findings(yaml: string): Promise<string[]> {
  const found = await check(configFor(database.url, yaml));
  return found
    .filter(({ subject }) => subject !== "server") // Its text has a version and a port.
    .map(({ level, subject, text }) => `${level} ${subject}: ${text}`);
}

const GUARD = "ok guard: lock_timeout: block above 5000 ms";
const RANGES = 'old: "<2.0.0", new: ">=2.0.0"';

test("a file of labels that can't be read is a warning", async () => {
  const found = await findings("version: { from: [{ file: /nowhere/labels }] }");
  expect(found).toContain("warning version: /nowhere/labels: there is no such file or socket");
});

test("without windows", async () => {
  expect(await findings("")).toEqual([GUARD, "ok windows: none is open"]);
});

test("a window, what breaks at its rename and what follows", async () => {
  const yaml = `windows: [{ table: orders, rename: { user_id: customer_id }, ${RANGES} }]`;
  expect(await findings(yaml)).toEqual([
    GUARD,
    "ok public.orders: the window fits the catalog (old: <2.0.0, new: >=2.0.0)",
    "warning public.orders: function breaks() says user_id (line 1), and breaks at the rename: replace it in the same transaction",
    "note public.orders: default value for column twice of table orders uses user_id and follows the rename by itself",
    "note public.orders: function follows() uses user_id and follows the rename by itself",
    "note public.orders: rule _RETURN on view spenders uses user_id and follows the rename by itself",
  ]);
});

test("a window whose column is not there is an error", async () => {
  const yaml = `windows: [{ table: orders, rename: { buyer: customer }, ${RANGES} }]`;
  const [, problem = ""] = await findings(yaml);
  expect(problem).toMatch(/^error windows: .*buyer.*customer/);
});

test("a server that can't be reached is one sentence", async () => {
  const unreachable = check(configFor("postgres://ann@127.0.0.1:1/shop", ""));
  await expect(unreachable).rejects.toThrow(
    new SetupError(
      "the server 127.0.0.1:1 can't be reached as ann: nothing accepts connections there",
    ),
  );
});

test("a database that isn't there is one sentence", async () => {
  const url = new URL(database.url);
  url.pathname = "/none";
  await expect(check(configFor(url.href, ""))).rejects.toThrow(
    /^the server \S+ can't be reached as \S+: database "none" does not exist$/,
  );
});

test("a password file that isn't there is one sentence", async () => {
  const url = new URL(database.url);
  url.username = "user_scram"; // A server that trusts would not ask.
  const asked = check(configFor(url.href, "control: { password_file: /nowhere/password }"));
  await expect(asked).rejects.toThrow(
    new SetupError(
      "control.password_file /nowhere/password can't be read: there is no such file or socket",
    ),
  );
});
