import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { bind, closePortal, execute, parse, query, sync } from "../support/client-frames.ts";
import { conversation, createTwins, runDirect, type Twins, wireClient } from "../support/twins.ts";

/**
 * What could make Straddle guess: batches that it has questions in, names that change under a
 * transaction, texts that its parser reads otherwise. The old version on the renamed database gets what a
 * database with the old names answers, or a refusal; never anything else.
 */

const SCHEMA = `
  CREATE SCHEMA s2;
  CREATE TABLE orders (id int, user_id int, total int, note text);
  CREATE TABLE items (id int, order_id int, customer_id int);
  CREATE TABLE person (id int, name text);
  CREATE TABLE plain (id int, label text);
  INSERT INTO orders VALUES (1, 20, 5, 'a'), (2, 1, 6, 'b'), (3, 20, NULL, 'c');
  INSERT INTO items VALUES (1, 1, 7), (2, 2, 8);
  INSERT INTO person VALUES (1, 'Ann');
`;
const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE person RENAME TO people;
`;
const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, old: "<2.0.0", new: ">=2.0.0" }
`;

let twins: Twins;

beforeAll(async () => {
  twins = await createTwins({ schema: SCHEMA, flip: "SELECT", settings: SETTINGS });
  await runDirect(twins.shared, FLIP);
});

afterAll(() => twins.end());

beforeEach(async () => {
  for (const database of [twins.old, twins.shared]) {
    await runDirect(database, "DROP TABLE IF EXISTS s2.orders; TRUNCATE plain");
  }
});

interface Case {
  readonly name: string;
  /** Run past Straddle first, and known to it then. */
  readonly before?: string;
  readonly frames: readonly Buffer[];
  /** How many ReadyForQuery end it, direct. */
  readonly readyCount: number;
  /** The SQLSTATE of Straddle's own refusal; the same as direct where there is none. */
  readonly refused?: string;
}

const all = (...sqls: readonly string[]) => ({
  frames: sqls.map(query),
  readyCount: sqls.length,
});
const TIMEOUT = "SET LOCAL lock_timeout = '1s'";

const cases: readonly Case[] = [
  {
    name: "a Query behind a Close without a Sync commits",
    frames: [
      closePortal("p"),
      query("INSERT INTO orders (id, user_id) VALUES (400, 1)"),
      query("INSERT INTO plain VALUES (400, 'x')"),
      query("DELETE FROM orders WHERE user_id = 1 AND id = 400"),
    ],
    readyCount: 3,
  },
  {
    name: "a Query behind a Parse without a Sync commits",
    frames: [parse("a", "SELECT 1"), query("DELETE FROM orders WHERE id = 400"), sync()],
    readyCount: 2,
  },
  {
    name: "Queries in a batch that has failed are thrown away with it",
    frames: [
      query("SELECT user_id FROM orders ORDER BY id"),
      execute(""),
      query("SELECT 1"),
      query("SET search_path = public"),
      query("SELECT user_id FROM orders"),
      bind("", "zz"),
      sync(),
      query("SELECT 2"),
    ],
    readyCount: 3,
  },
  {
    name: "a text thrown away with its batch does not refuse a later one",
    frames: [
      execute("zz"),
      parse("", "SELECT user_id FROM orders"),
      sync(),
      query("SELECT user_id FROM orders ORDER BY id"),
    ],
    readyCount: 2,
  },
  {
    name: "a new column elsewhere takes a bare name in a write",
    ...all(
      "BEGIN",
      TIMEOUT,
      "ALTER TABLE items ADD COLUMN user_id int",
      "UPDATE orders SET total = 1 WHERE EXISTS (SELECT 1 FROM items WHERE user_id IS NULL)",
      "ROLLBACK",
    ),
    refused: "0A000",
  },
  {
    name: "a write that names nothing else goes on beside a new table",
    ...all(
      "BEGIN",
      "CREATE TABLE fresh (user_id int)",
      "UPDATE orders SET user_id = 5 WHERE user_id = 20 RETURNING *",
      "ROLLBACK",
    ),
  },
  {
    name: "a read goes on beside a new table",
    ...all(
      "BEGIN",
      "CREATE TABLE fresh (user_id int)",
      "SELECT o.user_id FROM orders o ORDER BY id",
      "ROLLBACK",
    ),
  },
  {
    name: "a table that goes uncovers a windowed one",
    before: "CREATE TABLE s2.orders (x int)",
    ...all(
      "SET search_path = s2, public",
      "BEGIN",
      TIMEOUT,
      "DROP TABLE s2.orders",
      "SELECT * FROM orders",
      "ROLLBACK",
    ),
    refused: "0A000",
  },
  {
    name: "the same in one string",
    before: "CREATE TABLE s2.orders (x int)",
    ...all(
      "SET search_path = s2, public",
      "SET lock_timeout = '1s'",
      "DROP TABLE s2.orders; SELECT * FROM orders",
    ),
    refused: "0A000",
  },
  {
    name: "a table that comes covers a windowed one, in one string",
    ...all(
      "SET search_path = s2, public",
      "CREATE TABLE s2.orders (x int, y int); SELECT * FROM orders",
    ),
    refused: "0A000",
  },
  {
    name: "what a schema's tables leave uncovered",
    before: "CREATE TABLE s2.orders (x int)",
    ...all(
      "SET search_path = s2, public",
      "BEGIN",
      TIMEOUT,
      "DROP SCHEMA s2 CASCADE",
      "SELECT * FROM orders",
      "ROLLBACK",
    ),
    refused: "0A000",
  },
  {
    name: "DISCARD lets go of a temporary table that covers a windowed one",
    ...all(
      "CREATE TEMP TABLE orders (x int)",
      "SELECT count(x) FROM orders",
      "DISCARD TEMP",
      "SELECT * FROM orders ORDER BY id",
    ),
  },
  {
    name: "a comment between the parts of a string",
    ...all("SELECT 'a' -- c\n 'b' AS t, * FROM orders ORDER BY id"),
  },
  {
    name: "DDL with a comment between the parts of a string is checked",
    ...all("ALTER TABLE plain ADD COLUMN z text DEFAULT 'a' -- é\n 'b'"),
    refused: "55000",
  },
  {
    name: "DDL on a renamed table by its logical name is checked",
    ...all("ALTER TABLE person ADD COLUMN z text"),
    refused: "55000",
  },
  {
    name: "DDL that runs in no transaction block likewise",
    ...all("CREATE INDEX CONCURRENTLY some_index ON person (name)"),
    refused: "55000",
  },
  {
    name: "DDL in a transaction that has failed is the server's to refuse",
    ...all("BEGIN", "FETCH 1 FROM nobody", "ALTER TABLE plain ADD COLUMN z text", "ROLLBACK"),
  },
];

for (const { name, before, frames, readyCount, refused } of cases) {
  test(name, async () => {
    const said: string[][] = [];
    for (const [database, port] of [
      [twins.old, undefined],
      [twins.shared, twins.straddle.port],
    ] as const) {
      if (before !== undefined) await runDirect(database, before);
      await twins.straddle.state.refreshCatalog();
      const client = await wireClient(database, port, { application_name: "shop@1.4.0" });
      const talk = await conversation(client, async () => {
        await client.send(...frames);
        for (let count = 0; count < readyCount; count++) await client.until("ReadyForQuery");
      });
      client.abandon();
      said.push(talk.filter((line) => line.startsWith("<")));
    }
    const [direct = [], proxied = []] = said;
    if (refused === undefined) {
      expect(proxied).toEqual(direct);
      return;
    }
    expect(proxied.filter((line) => line.includes(`C${refused}`))).toHaveLength(1);
    // All that came before the refusal is as it is without Straddle.
    const at = proxied.findIndex((line) => line.includes(`C${refused}`));
    expect(proxied.slice(0, at)).toEqual(direct.slice(0, at));
  });
}
