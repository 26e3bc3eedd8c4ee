import { beforeAll, expect, test } from "vitest";
import type { NameUse } from "../../src/sql/name-use.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { describeStatements } from "../../src/sql/statement.ts";

beforeAll(loadParser);

/** `orders`, `orders.user_id`, `orders.*`, `orders|payments.user_id`; a `?` stands for hidden names. */
const cases: readonly (readonly [sql: string, uses: string])[] = [
  ["SELECT 1", ""],
  ["SELECT id, user_id FROM orders", "orders orders.id orders.user_id"],
  ["SELECT o.id FROM public.orders o", "public.orders public.orders.id"],
  ["SELECT public.orders.id FROM public.orders", "public.orders public.orders.id"],
  ["SELECT orders.id FROM public.orders", "public.orders public.orders.id"],
  ["SELECT id FROM shop.public.orders", "public.orders public.orders.id"],
  ['SELECT "User" FROM "Orders"', "Orders Orders.User"],
  ["TABLE orders", "orders orders.*"],
  ["SELECT * FROM orders o, items i", "items items.* orders orders.*"],
  ["SELECT o.* FROM orders o, items i", "items orders orders.*"],
  ["SELECT o FROM orders o", "orders orders.* orders.o"],
  ["SELECT row_to_json(orders) FROM orders", "orders orders.* orders.orders"],
  ["SELECT (o).user_id FROM orders o", "orders orders.* orders.o orders.user_id"],
  ["SELECT jsonb_populate_record(NULL::public.orders, $1)", "public.orders.*"],
  ["SELECT $1::uuid, a::int4, b::pg_catalog.text FROM t", "t t.a t.b"],
  // A bare name can be any table's of this level or those around it.
  ["SELECT user_id FROM orders, payments", "orders orders|payments.user_id payments"],
  [
    "SELECT 1 FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE order_id = o.id)",
    "items items|orders.order_id orders orders.id",
  ],
  [
    "SELECT p.x FROM orders o JOIN (SELECT y AS x FROM payments) p ON true",
    "orders payments payments.y",
  ],
  [
    "SELECT p.x FROM orders o JOIN LATERAL (SELECT y AS x FROM payments) p ON true",
    "orders orders|payments.y payments",
  ],
  [
    "SELECT 1 FROM orders o JOIN items i ON o.id = i.order_id",
    "items items.order_id orders orders.id",
  ],
  ["SELECT 1 FROM orders JOIN items USING (id)", "items items.id orders orders.id"],
  ["SELECT 1 FROM orders NATURAL JOIN items", "items items.* orders orders.*"],
  ["SELECT j.user_id FROM (orders JOIN items ON true) AS j", "items items|orders.user_id orders"],
  ["SELECT b FROM orders AS o (a, b)", "orders orders.* orders.b"],
  ["SELECT id FROM orders TABLESAMPLE SYSTEM (10)", "orders orders.id"],
  ["SELECT n FROM generate_series(1, 2) AS n", ""],
  ["SELECT id FROM ONLY orders FOR UPDATE OF orders", "orders orders.id"],
  ["SELECT sum(x) AS total FROM orders ORDER BY total", "orders orders.x"],
  [
    "SELECT x AS y FROM orders ORDER BY total, y + z",
    "orders orders.total orders.x orders.y orders.z",
  ],
  ["SELECT x AS y FROM orders GROUP BY y", "orders orders.x orders.y"],
  ["SELECT a FROM t UNION ALL (SELECT b FROM u) ORDER BY a", "t t.a u u.b"],
  [
    "SELECT CASE WHEN a THEN b END, coalesce(c), ARRAY[d], sum(e) OVER (ORDER BY f) FROM t",
    "t t.a t.b t.c t.d t.e t.f",
  ],
  // WITH queries, and tables of the same names.
  ["WITH w AS (SELECT id FROM orders) SELECT id FROM w", "orders orders.id"],
  ["WITH orders AS (SELECT id FROM orders) SELECT x FROM orders", "orders orders.id"],
  ["WITH orders AS (SELECT 1) SELECT x FROM public.orders", "public.orders public.orders.x"],
  ["WITH RECURSIVE w AS (SELECT id FROM t UNION SELECT w.id FROM w) SELECT * FROM w", "t t.id"],
  [
    "WITH d AS (DELETE FROM orders WHERE a RETURNING b) SELECT * FROM d",
    "orders orders.a orders.b",
  ],
  // Writes.
  ["INSERT INTO orders (id, user_id) VALUES ($1, $2)", "orders orders.id orders.user_id"],
  ["INSERT INTO orders VALUES ($1, $2)", "orders orders.*"],
  ["INSERT INTO orders DEFAULT VALUES RETURNING id", "orders orders.id"],
  ["INSERT INTO orders (id) SELECT x FROM t", "orders orders.id t t.x"],
  [
    "INSERT INTO orders AS o (a) VALUES (1) ON CONFLICT (b) DO UPDATE SET c = excluded.d WHERE o.e",
    "orders orders.a orders.b orders.c orders.d orders.e",
  ],
  ["UPDATE orders SET a = b WHERE c RETURNING d", "orders orders.a orders.b orders.c orders.d"],
  [
    "UPDATE orders SET (a, b) = (SELECT x, y FROM t)",
    "orders orders.a orders.b orders|t.x orders|t.y t",
  ],
  ["UPDATE orders o SET a = t.x FROM t WHERE t.id = o.id", "orders orders.a orders.id t t.id t.x"],
  ["DELETE FROM orders USING t WHERE orders.id = t.id", "orders orders.id t t.id"],
  [
    "MERGE INTO orders o USING t ON o.id = t.id WHEN MATCHED THEN UPDATE SET a = t.x WHEN NOT MATCHED THEN INSERT (b) VALUES (t.y)",
    "orders orders.a orders.b orders.id t t.id t.x t.y",
  ],
  ["MERGE INTO o USING t ON true WHEN NOT MATCHED THEN INSERT VALUES (t.y)", "o o.* t t.y"],
  ["COPY orders (a) FROM STDIN", "orders orders.a"],
  ["COPY orders TO STDOUT", "orders orders.*"],
  ["COPY orders (a) FROM STDIN WHERE b", "orders orders.a orders.b"],
  ["COPY (SELECT a FROM t) TO STDOUT", "t t.a"],
  ["TRUNCATE a, s.b", "a s.b"],
  ["LOCK TABLE a", "a"],
  // What holds a query.
  ["EXPLAIN SELECT a FROM t", "t t.a"],
  ["PREPARE p AS SELECT a FROM t", "t t.a"],
  ["DECLARE c CURSOR FOR SELECT a FROM t", "t t.a"],
  ["CREATE TABLE n AS SELECT a FROM t", "t t.a"],
  ["CREATE VIEW v AS SELECT a FROM t", "t t.a"],
  ["DO $$BEGIN UPDATE orders SET a = 1; END$$", "orders orders.a"],
  ["DO $$BEGIN EXECUTE 'SELECT a FROM t'; END$$", "t t.a"],
  ["DO $$BEGIN EXECUTE x; END$$", "?"],
  ["EXECUTE p(1)", "?"],
  ["EXPLAIN EXECUTE p", "?"],
  ["DO LANGUAGE plperl 'x'", "?"],
  ["CALL p((SELECT max(a) FROM t))", "? t t.a"],
  // DDL and maintenance are what the question is asked for.
  ["ALTER TABLE orders DROP COLUMN user_id", ""],
  ["ALTER TABLE orders RENAME user_id TO customer_id", ""],
  ["CREATE INDEX ON orders (user_id)", ""],
  ["VACUUM orders (user_id)", ""],
];

for (const [sql, expected] of cases) {
  test(sql, () => {
    const [facts] = describeStatements(sql).statements;
    const names = facts?.shape.names;
    const shown = [...(names?.uses ?? []).map(show), ...(names?.hidden === undefined ? [] : ["?"])];
    expect(shown.sort().join(" ")).toBe(expected);
  });
}

test("a deep tree does not use up the stack", () => {
  const sql = `SELECT ${"a + ".repeat(2_000)}b FROM t`;
  const [facts] = describeStatements(sql).statements;
  expect(facts?.shape.names.uses.map(show).sort()).toEqual(["t", "t.a", "t.b"]);
});

function show({ tables, column, isWholeRow }: NameUse): string {
  const names = tables.map(({ schema, table }) => (schema === "" ? table : `${schema}.${table}`));
  const what = isWholeRow ? ".*" : column === undefined ? "" : `.${column}`;
  return names.join("|") + what;
}
