import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  bind,
  closeStatement,
  describePortal,
  describeStatement,
  execute,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import { conversation, createTwins, runDirect, type Twins, wireClient } from "../support/twins.ts";
import type { WireClient } from "../support/wire-client.ts";

/**
 * Two versions on one database, before and after its names change: what each of them sees is, byte
 * for byte, what a database with that version's names answers directly.
 */

const SCHEMA = `
  CREATE SCHEMA archive;
  CREATE TABLE orders (
    id int PRIMARY KEY,
    user_id int NOT NULL CHECK (user_id > 0),
    total int,
    note text DEFAULT 'n',
    UNIQUE (user_id, note)
  );
  CREATE TABLE invoices (id int PRIMARY KEY, gone int, nr int, total int, "Payer Id" int, rest text);
  ALTER TABLE invoices DROP COLUMN gone;
  CREATE TABLE person (id int PRIMARY KEY, full_name text, boss_id int REFERENCES person);
  CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders, sku text);
  CREATE TABLE archive.orders (id int, user_id int, other text);
  CREATE TABLE history (id int, user_id int, customer_id int);
  CREATE TABLE sums (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, note text);
  CREATE TABLE sums_heir (more text) INHERITS (sums);
  INSERT INTO sums (id, a, note) VALUES (1, 5, 'x,y');
  INSERT INTO sums_heir (id, a, more) VALUES (2, 6, 'm');
  INSERT INTO history VALUES (1, 2, 20), (3, 4, 3);
  INSERT INTO orders VALUES (1, 20, 5, 'a'), (2, 1, 6, 'b'), (3, 20, NULL, 'c');
  INSERT INTO invoices VALUES (1, 9, 4, 20, 'r'), (2, 8, 1, 1, 's');
  INSERT INTO person VALUES (1, 'Ann', NULL), (2, 'Bob', 1);
  INSERT INTO items VALUES (1, 1, 'x'), (2, 2, 'y');
  INSERT INTO archive.orders VALUES (1, 2, 'o');
  -- CREATE INDEX counts rows, and that is not rolled back: all have to plan by the same numbers.
  ANALYZE;
`;

const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE invoices RENAME nr TO number;
  ALTER TABLE invoices RENAME "Payer Id" TO payer;
  ALTER TABLE sums RENAME a TO b;
  ALTER TABLE person RENAME full_name TO name;
  ALTER TABLE person RENAME TO people;
`;

const FLIP_BACK = `
  ALTER TABLE orders RENAME customer_id TO user_id;
  ALTER TABLE invoices RENAME number TO nr;
  ALTER TABLE invoices RENAME payer TO "Payer Id";
  ALTER TABLE sums RENAME b TO a;
  ALTER TABLE people RENAME name TO full_name;
  ALTER TABLE people RENAME TO person;
`;

const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.invoices, rename: { nr: number, "Payer Id": payer }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.sums, rename: { a: b }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, rename: { full_name: name }, old: "<2.0.0", new: ">=2.0.0" }
`;

/** What each version calls things. A case's SQL has them in guillemets, under their old names. */
const NEW_NAMES: Readonly<Record<string, string>> = {
  a: "b",
  user_id: "customer_id",
  nr: "number",
  '"Payer Id"': "payer",
  person: "people",
  full_name: "name",
};

type Side = "old" | "new";

function named(sql: string, side: Side): string {
  return sql.replaceAll(/«(.*?)»/g, (_, name: string) =>
    side === "old" ? name : (NEW_NAMES[name] ?? name),
  );
}

/** The name that only the other version uses: an error in both. */
function otherSide(side: Side): Side {
  return side === "old" ? "new" : "old";
}

/** Run inside of a transaction that is rolled back. */
const STATEMENTS: readonly string[] = [
  "SELECT * FROM orders ORDER BY id",
  "TABLE orders",
  "SELECT «user_id» FROM orders ORDER BY 1",
  "SELECT o.«user_id», o.* FROM orders o ORDER BY o.id",
  "SELECT orders.«user_id» FROM public.orders ORDER BY 1",
  "SELECT public.orders.«user_id» FROM public.orders ORDER BY 1",
  'SELECT "«user_id»" AS x FROM ONLY orders ORDER BY 1',
  "SELECT count(*), «user_id» FROM orders GROUP BY «user_id» ORDER BY 2",
  "SELECT max(«user_id») FROM orders HAVING max(«user_id») > 3",
  "SELECT o.«user_id», i.sku FROM orders o JOIN items i ON i.order_id = o.id ORDER BY 1, 2",
  "SELECT * FROM orders o JOIN archive.orders a ON a.id = o.id",
  "SELECT a.user_id, o.«user_id» FROM orders o, archive.orders a",
  "SELECT * FROM orders NATURAL JOIN invoices",
  "SELECT «user_id», «nr» FROM orders JOIN invoices USING (id) ORDER BY 1",
  'SELECT «"Payer Id"», «nr», i.* FROM invoices i ORDER BY id',
  "SELECT * FROM «person» p LEFT JOIN «person» b ON b.id = p.boss_id ORDER BY p.id",
  "SELECT «person».«full_name» FROM «person» ORDER BY 1",
  "SELECT «full_name» FROM public.«person» WHERE id = 1",
  "SELECT o FROM orders o ORDER BY id",
  "SELECT (o).«user_id» FROM orders o ORDER BY id",
  "SELECT row_to_json(o) FROM orders o ORDER BY id",
  "SELECT to_jsonb(orders) FROM orders ORDER BY id",
  "SELECT json_agg(o ORDER BY id) FROM orders o",
  "SELECT «user_id» FROM orders FOR UPDATE",
  "SELECT «user_id» FROM orders o WHERE id = 1 FOR UPDATE OF o",
  "WITH orders AS (SELECT 1 AS x) SELECT * FROM orders",
  "WITH x AS (SELECT * FROM orders) SELECT «user_id» FROM x ORDER BY 1",
  "WITH x AS (UPDATE orders SET «user_id» = 9 WHERE id = 2 RETURNING *) SELECT * FROM x",
  "SELECT (SELECT max(«user_id») FROM orders) AS top, (SELECT «full_name» FROM «person» WHERE id = 1)",
  'SELECT id FROM orders o WHERE EXISTS (SELECT FROM invoices WHERE «"Payer Id"» = o.«user_id») ORDER BY 1',
  "SELECT «user_id» FROM orders UNION SELECT «nr» FROM invoices ORDER BY «user_id»",
  "SELECT ctid IS NOT NULL, tableoid::regclass::text = 'x' FROM orders WHERE «user_id» = 1",
  "SELECT x.y FROM orders AS x(id, y) ORDER BY 1",
  "SELECT * FROM orders AS x(a) ORDER BY a",
  "SELECT l.* FROM orders o CROSS JOIN LATERAL (SELECT o.«user_id» + 1 AS z) l ORDER BY 1",
  "SELECT «user_id», row_number() OVER (PARTITION BY «user_id» ORDER BY id) FROM orders ORDER BY id",
  // Names of one version that are other tables' names of the other version.
  "SELECT (SELECT max(customer_id) FROM history h WHERE h.id = o.id), «user_id» FROM orders o ORDER BY id",
  "SELECT * FROM orders o JOIN history h ON h.customer_id = o.«user_id» AND h.user_id = o.id",
  "SELECT «user_id» AS customer_id FROM orders ORDER BY customer_id",
  "SELECT «user_id» AS user_id, count(*) FROM orders GROUP BY 1 ORDER BY user_id",
  "SELECT (orders.*).«user_id» FROM orders ORDER BY 1",
  "SELECT x.customer_id FROM (SELECT o.id, h.customer_id FROM orders o CROSS JOIN history h) AS x ORDER BY 1",
  "SELECT * FROM (TABLE orders) x WHERE «user_id» = 20 ORDER BY id",
  "SELECT g.user_id FROM ROWS FROM (generate_series(1, 2)) AS g(user_id) JOIN orders ON orders.«user_id» = g.user_id",
  "UPDATE orders SET note = (SELECT max(customer_id)::text FROM history h WHERE h.id = orders.id) WHERE «user_id» = 20 RETURNING «user_id», note",
  "UPDATE orders SET note = 'a' WHERE EXISTS (SELECT FROM history h WHERE h.customer_id = orders.«user_id»)",
  "DELETE FROM orders WHERE id = 3 AND id IN (SELECT customer_id FROM history WHERE «user_id» = 20)",
  "INSERT INTO history (id, user_id, customer_id) SELECT id, «user_id», 3 FROM orders RETURNING *",
  "WITH d AS (SELECT «user_id» AS customer_id FROM orders) UPDATE orders SET note = 'd' FROM d WHERE d.customer_id = orders.«user_id» RETURNING orders.«user_id», d.customer_id",
  "COPY orders TO STDOUT",
  "COPY orders («user_id», id) TO STDOUT",
  "COPY (SELECT * FROM orders ORDER BY id) TO STDOUT (FORMAT csv, HEADER)",
  "COPY orders TO STDOUT (FORMAT csv, HEADER)",
  "COPY public.orders («user_id», id) TO STDOUT CSV HEADER FORCE QUOTE «user_id»",
  "COPY sums TO STDOUT (FORMAT csv, HEADER)",
  "COPY sums_heir TO STDOUT (HEADER true)",
  "COPY sums («a», twice) TO STDOUT (FORMAT csv, HEADER)",
  "COPY sums («a», nothing) TO STDOUT (FORMAT csv, HEADER)",
  "COPY sums («a», «a») TO STDOUT (FORMAT csv, HEADER)",
  "COPY «person» TO STDOUT (FORMAT csv, HEADER)",
  "COPY «person» («full_name») TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)",
  "MERGE INTO orders o USING invoices i ON o.id = i.id WHEN MATCHED AND «user_id» > 1 THEN UPDATE SET «user_id» = «nr» WHEN NOT MATCHED THEN INSERT (id, «user_id») VALUES (i.id, i.«nr») RETURNING *",
  "MERGE INTO «person» USING orders ON «person».id = orders.«user_id» WHEN NOT MATCHED THEN INSERT (id, «full_name») VALUES («user_id» + 100, 'm') WHEN NOT MATCHED BY SOURCE THEN UPDATE SET «full_name» = «full_name» || '!' RETURNING merge_action(), «person».*",
  "MERGE INTO orders USING history h ON orders.«user_id» = h.customer_id WHEN MATCHED THEN UPDATE SET «user_id» = NULL",
  "INSERT INTO orders VALUES (10, 4, 1, 'z') RETURNING *",
  "INSERT INTO orders (id, «user_id») VALUES (10, 4) RETURNING «user_id», id",
  "INSERT INTO orders (id, «user_id») SELECT id + 100, «user_id» + 100 FROM orders RETURNING *",
  "INSERT INTO orders AS o (id, «user_id») VALUES (1, 4) ON CONFLICT (id) DO UPDATE SET «user_id» = excluded.«user_id» + o.«user_id» RETURNING *",
  "INSERT INTO orders (id, «user_id», note) VALUES (9, 20, 'a') ON CONFLICT («user_id», note) DO NOTHING",
  "INSERT INTO orders (id, «user_id», note) VALUES (9, 20, 'a') ON CONFLICT («user_id», note) DO UPDATE SET total = orders.«user_id» WHERE orders.«user_id» > 2 RETURNING orders.*",
  "INSERT INTO «person» (id, «full_name», boss_id) VALUES (3, 'Cid', 2) RETURNING *",
  'INSERT INTO invoices (id, «nr», «"Payer Id"») VALUES (9, 1, 2) RETURNING «"Payer Id"», *',
  "UPDATE orders SET «user_id» = «user_id» + 1 WHERE «user_id» = 20 RETURNING *",
  "UPDATE orders o SET total = o.«user_id» RETURNING o.id, o.«user_id», total",
  "UPDATE orders SET («user_id», total) = (SELECT 5, 6) WHERE id = 1 RETURNING «user_id», total",
  'UPDATE orders SET total = i.«nr» FROM invoices i WHERE i.«"Payer Id"» = «user_id» RETURNING orders.«user_id», i.*',
  "UPDATE «person» SET «full_name» = upper(«full_name») RETURNING «person».*",
  "UPDATE orders SET «user_id» = 3 WHERE id = 1 RETURNING old.«user_id» AS was, new.«user_id»",
  "DELETE FROM items USING orders WHERE order_id = orders.id AND «user_id» = 1 RETURNING sku, «user_id»",
  "DELETE FROM orders WHERE «user_id» = 20 AND id = 3 RETURNING *",
  "DELETE FROM orders o USING «person» p WHERE o.id = 3 AND p.«full_name» = 'Ann' RETURNING o.«user_id», p.«full_name»",
  "DELETE FROM «person» WHERE «full_name» = 'Bob' RETURNING *",
  "EXPLAIN (COSTS OFF) SELECT «user_id» FROM orders WHERE «user_id» = 1",
  "DECLARE c CURSOR FOR SELECT * FROM orders ORDER BY id; FETCH 2 FROM c; CLOSE c",
  "PREPARE p AS SELECT «user_id» FROM orders WHERE id = $1; EXECUTE p(1); DEALLOCATE p",
  // DDL, and what it says when it fails.
  ...[
    "CREATE INDEX i ON orders («user_id», (orders.«user_id» + 1)) INCLUDE (total) WHERE «user_id» > 2",
    "CREATE UNIQUE INDEX i ON orders («user_id»)",
    "CREATE INDEX i ON orders («user_id», nothing)",
    "ALTER TABLE orders ALTER «user_id» DROP NOT NULL, ADD CONSTRAINT c CHECK («user_id» > 5)",
    "ALTER TABLE orders ALTER COLUMN «user_id» TYPE text USING 'u' || «user_id»",
    "ALTER TABLE orders ALTER COLUMN «user_id» SET DEFAULT 5",
    "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY («user_id») REFERENCES «person» (id)",
    "ALTER TABLE history ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES orders («user_id»)",
    "CREATE TABLE z (a int REFERENCES orders («user_id»))",
    "COMMENT ON COLUMN orders.«user_id» IS 'x'",
    "COMMENT ON COLUMN public.invoices.«nr» IS NULL",
    "CREATE POLICY p ON orders USING («user_id» = 1)",
    "CREATE POLICY p ON orders USING («user_id» = 'x')",
    "CREATE STATISTICS s ON «user_id», total FROM orders",
    'GRANT SELECT («"Payer Id"», «nr»), UPDATE («nr») ON invoices TO public',
    "GRANT SELECT («nr», nothing) ON invoices TO public",
    "ANALYZE orders («user_id», nothing)",
    "CREATE TRIGGER t BEFORE UPDATE OF «user_id» ON orders FOR EACH ROW WHEN (old.«user_id» < new.«user_id») EXECUTE FUNCTION suppress_redundant_updates_trigger('user_id')",
  ].map((sql) => `SET LOCAL lock_timeout = '1s'; ${sql}`),
  // Errors: SQLSTATE, message, detail, hint, position and the names of the objects.
  "SELECT nothing FROM orders",
  "SELECT «user_id», FROM orders",
  "SELECT é, «user_id» FROM orders",
  "SELECT '😀', «user_id», nothing FROM orders",
  "SELECT 'é' || «user_id» + nothing FROM orders o",
  "SELECT o.nothing FROM orders o",
  "SELECT «user_id»x FROM orders",
  "SELECT orders.«user_id» FROM orders o",
  "SELECT id FROM orders, invoices",
  "SELECT «user_id» FROM orders GROUP BY id, total HAVING «user_id» = nothing",
  "SELECT total, count(*) FROM orders GROUP BY «user_id»",
  "SELECT «user_id» || 1::bit FROM orders",
  "SELECT f(«user_id») FROM orders",
  "SELECT * FROM orders WHERE «user_id» = 'x'",
  "SELECT * FROM nothing WHERE «user_id» = 1",
  "SELECT 1 / («user_id» - 20) FROM orders",
  "INSERT INTO orders (id) VALUES (10)",
  "INSERT INTO orders (id, «user_id») VALUES (10, NULL)",
  "INSERT INTO orders (id, «user_id») VALUES (10, 0)",
  "INSERT INTO orders (id, «user_id», «user_id») VALUES (10, 1, 1)",
  "INSERT INTO orders (id, «user_id») VALUES (10, 'x')",
  "INSERT INTO orders (id, «user_id») VALUES (10)",
  "INSERT INTO orders (id, «user_id», nothing) VALUES (1, 2, 3)",
  "INSERT INTO orders (id, «user_id», note) VALUES (9, 20, 'a')",
  "INSERT INTO orders VALUES (1, 1)",
  "INSERT INTO orders (id, «user_id») VALUES (1, 4) ON CONFLICT («user_id») DO NOTHING",
  "INSERT INTO items VALUES (9, 999, 'x')",
  "INSERT INTO «person» VALUES (9, 'x', 999)",
  "INSERT INTO «person» (id, «full_name», nothing) VALUES (9, 'x', 1)",
  "UPDATE orders SET «user_id» = NULL",
  "UPDATE orders SET «user_id» = -1 WHERE id = 1",
  "UPDATE orders SET «user_id» = 'x'",
  "UPDATE orders SET «user_id» = 1, «user_id» = 2",
  "UPDATE orders SET nothing = «user_id»",
  "UPDATE orders SET total = «user_id» WHERE nothing = 1 RETURNING «user_id»",
  "UPDATE orders SET total = 1 RETURNING nothing",
  "UPDATE orders SET «user_id» = 20, note = 'a' WHERE id = 3",
  "DELETE FROM orders WHERE «user_id» = 1",
  "DELETE FROM orders WHERE nothing = «user_id»",
  "DELETE FROM «person»",
  "DELETE FROM nothing",
  "SELECT * FROM «person» WHERE nothing = 1",
  "SELECT «person».nothing FROM «person»",
];

/** Statements that use the other version's names: as wrong as they are without a window. */
const FOREIGN: readonly string[] = [
  "SELECT «user_id» FROM orders",
  "SELECT o.«user_id» FROM orders o",
  "SELECT id, total, «nr» FROM invoices",
  'SELECT «"Payer Id"» FROM invoices',
  "INSERT INTO orders (id, «user_id») VALUES (1, 2)",
  "UPDATE orders SET «user_id» = 1",
  "UPDATE orders SET total = 1 WHERE «user_id» = 1",
  "UPDATE orders SET total = 1 RETURNING «user_id»",
  "DELETE FROM orders WHERE orders.«user_id» = 1",
  "SELECT * FROM «person»",
  "INSERT INTO «person» VALUES (9)",
  "UPDATE «person» SET boss_id = 1",
  "DELETE FROM «person»",
  "INSERT INTO orders (id, total) VALUES (1, 2) ON CONFLICT («user_id») DO NOTHING",
  "SELECT id AS «user_id» FROM orders ORDER BY «user_id»",
];

type Protocol = (typeof PROTOCOLS)[number];

async function run(client: WireClient, sql: string, protocol: Protocol): Promise<void> {
  if (protocol === "simple") {
    await client.send(query(sql));
  } else {
    const name = protocol === "named" ? "s1" : "";
    await client.send(
      parse(name, sql),
      describeStatement(name),
      bind("", name),
      describePortal(""),
      execute(""),
      closeStatement(name),
      sync(),
    );
  }
  await client.until("ReadyForQuery");
}

const PROTOCOLS = ["simple", "unnamed", "named"] as const;

/** Each time in a transaction that is rolled back. */
async function inEveryProtocol(client: WireClient, sql: string): Promise<void> {
  for (const protocol of PROTOCOLS) {
    await client.send(query("BEGIN"));
    await client.until("ReadyForQuery");
    await run(client, sql, protocol);
    await client.send(query("ROLLBACK"));
    await client.until("ReadyForQuery");
  }
}

const SIDES = ["old", "new"] as const;
const VERSIONS: Readonly<Record<Side, string>> = { old: "shop@1.4.0", new: "shop@2.0.0" };

let twins: Twins;
let direct: Readonly<Record<Side, WireClient>>;
let through: Readonly<Record<Side, WireClient>>;

async function connect(side: Side): Promise<{ direct: WireClient; through: WireClient }> {
  const parameters = { application_name: VERSIONS[side] };
  return {
    direct: await wireClient(twins[side], undefined, parameters),
    through: await wireClient(twins.shared, twins.straddle.port, parameters),
  };
}

beforeAll(async () => {
  twins = await createTwins({ schema: SCHEMA, flip: FLIP, settings: SETTINGS });
  const old = await connect("old");
  const renewed = await connect("new");
  direct = { old: old.direct, new: renewed.direct };
  through = { old: old.through, new: renewed.through };
});

afterAll(async () => {
  for (const clients of [direct, through]) for (const side of SIDES) clients[side].abandon();
  await twins.end();
});

/** The same said directly and through Straddle. */
async function expectSame(
  side: Side,
  converse: (client: WireClient, name: (sql: string) => string) => Promise<void>,
): Promise<void> {
  const name = (sql: string) => named(sql, side);
  const expected = await conversation(direct[side], (client) => converse(client, name));
  const found = await conversation(through[side], (client) => converse(client, name));
  expect(found).toEqual(expected);
}

const STATES = [
  { state: "before the rename", prepare: "" },
  { state: "after the rename", prepare: FLIP },
  { state: "after it was taken back", prepare: FLIP_BACK },
] as const;

for (const { state, prepare } of STATES) {
  describe(state, () => {
    beforeAll(async () => {
      if (prepare !== "") await runDirect(twins.shared, prepare);
      await twins.straddle.state.refreshCatalog();
    });
    for (const side of SIDES) {
      for (const sql of STATEMENTS) {
        test(`${side} names: ${sql}`, () =>
          expectSame(side, (client, name) => inEveryProtocol(client, name(sql))));
      }
      for (const sql of FOREIGN) {
        test(`${side} names, the other version's: ${sql}`, () =>
          expectSame(side, (client) => inEveryProtocol(client, named(sql, otherSide(side)))));
      }
    }
  });
}
