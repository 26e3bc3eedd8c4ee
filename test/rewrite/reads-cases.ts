import type { RewriteCase } from "./setting.ts";

/** Queries of the old version after the flip: as sent, and as run ("=" where nothing changes) or why refused. */
export const READS: readonly RewriteCase[] = [
  {
    before: "SELECT 1 FROM (archive.orders JOIN orders ON true) AS j",
    refused: '0A000 Two tables of the name "orders" stand in one FROM without an alias.',
  },
  {
    before: "SELECT person.id FROM person AS p",
    after: "SELECT people.id FROM people AS p",
  },
  { before: "SELECT * FROM orders", after: "SELECT * FROM orders AS orders(id, user_id)" },
  {
    before: "SELECT user_id FROM public.orders WHERE public.orders.user_id = 20",
    after: "SELECT user_id FROM public.orders AS orders(id, user_id) WHERE orders.user_id = 20",
  },
  { before: "TABLE orders", after: "SELECT * FROM orders AS orders(id, user_id)" },
  { before: "TABLE ONLY orders", after: "SELECT * FROM ONLY orders AS orders(id, user_id)" },
  {
    before:
      "SELECT o.user_id FROM orders o JOIN items i ON i.order_id = o.id WHERE i.customer_id = 3",
    after:
      "SELECT o.user_id FROM orders o(id, user_id) JOIN items i ON i.order_id = o.id WHERE i.customer_id = 3",
  },
  {
    before: "SELECT * FROM orders AS o(a) TABLESAMPLE bernoulli (100)",
    after: "SELECT * FROM orders AS o(a, user_id) TABLESAMPLE bernoulli (100)",
  },
  { before: "SELECT * FROM ONLY (orders) x", after: "SELECT * FROM ONLY (orders) x(id, user_id)" },
  {
    before: "SELECT * FROM orders * WHERE id = 1 FOR UPDATE OF orders",
    after: "SELECT * FROM orders * AS orders(id, user_id) WHERE id = 1 FOR UPDATE OF orders",
  },
  { before: "WITH orders AS (SELECT 1 AS user_id) SELECT user_id FROM orders", after: "=" },
  {
    before: "WITH x AS (SELECT * FROM orders) SELECT user_id FROM x",
    after: "WITH x AS (SELECT * FROM orders AS orders(id, user_id)) SELECT user_id FROM x",
  },
  {
    before: "SELECT row_to_json(o) FROM orders o",
    after: "SELECT row_to_json(o) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT row_to_json(o) FROM orders o FOR UPDATE",
    refused: "0A000 A whole row is used together with a row lock or a system column.",
  },
  {
    before: "SELECT row_to_json(o), o.ctid FROM orders o",
    refused: "0A000 A whole row is used together with a row lock or a system column.",
  },
  {
    before: "SELECT count(o), count(o.*) FROM orders o",
    after: "SELECT count(o), count(o.*) FROM orders o(id, user_id)",
  },
  {
    before: "SELECT (o).user_id, o FROM orders o",
    after: "SELECT (o).user_id, o FROM orders o(id, user_id)",
  },
  { before: "SELECT (o).* FROM orders o", after: "SELECT (o).* FROM orders o(id, user_id)" },
  {
    before: "SELECT my_func(o) FROM orders o",
    refused:
      '0A000 "o" stands for a whole row, and what is done with it may show column names of another version.',
  },
  {
    before: "SELECT orders.user_id, orders.* FROM orders WHERE total > 1",
    after: "SELECT orders.user_id, orders.* FROM orders AS orders(id, user_id) WHERE total > 1",
  },
  {
    before: "SELECT id FROM orders WHERE customer_id = 1",
    after: "SELECT id FROM orders AS orders(id, user_id) WHERE customer_id = 1",
  },
  {
    before: "SELECT orders.customer_id FROM orders",
    after: "SELECT orders.customer_id FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT this_own_database.public.orders.user_id FROM orders",
    after: "SELECT orders.user_id FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT this_own_database.public.orders.* FROM this_own_database.public.orders",
    after: "SELECT orders.* FROM this_own_database.public.orders AS orders(id, user_id)",
  },
  {
    before: "SELECT this_own_database.public.person.name FROM this_own_database.public.person",
    after: "SELECT person.name FROM this_own_database.public.people AS person",
  },
  { before: "SELECT this_own_database.archive.orders.user_id FROM archive.orders", after: "=" },
  {
    before: "SELECT this_own_database.public.orders.customer_id FROM orders",
    after: "SELECT orders.customer_id FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT 1 FROM this_own_database.public.people",
    after: "SELECT 1 FROM this_own_database.public.person",
  },
  // Another database is the server's to refuse, in its own words.
  {
    before: "SELECT other.public.orders.user_id FROM orders",
    after: "SELECT other.public.orders.user_id FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT user_id FROM orders, other.public.person",
    after: "SELECT user_id FROM orders AS orders(id, user_id), other.public.person",
  },
  { before: "TABLE other.public.orders", after: "=" },
  {
    before: "SELECT 'other.public.person'::regclass IS NULL, NULL::other.public.orders",
    after: "=",
  },
  {
    before: "SELECT 'this_own_database.public.person'::regclass IS NULL",
    after: "SELECT 'public.people'::regclass IS NULL",
  },
  {
    before: "SELECT a.b.public.orders.user_id FROM orders",
    after: "SELECT a.b.public.orders.user_id FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT * FROM orders JOIN users USING (user_id)",
    after: "SELECT * FROM orders AS orders(id, user_id) JOIN users USING (user_id)",
  },
  {
    before: "SELECT * FROM orders NATURAL JOIN users",
    after: "SELECT * FROM orders AS orders(id, user_id) NATURAL JOIN users",
  },
  {
    before:
      "SELECT * FROM items, LATERAL (SELECT * FROM orders WHERE orders.id = items.order_id) o",
    after:
      "SELECT * FROM items, LATERAL (SELECT * FROM orders AS orders(id, user_id) WHERE orders.id = items.order_id) o",
  },
  {
    before: "SELECT (SELECT user_id FROM orders ORDER BY id LIMIT 1)",
    after: "SELECT (SELECT user_id FROM orders AS orders(id, user_id) ORDER BY id LIMIT 1)",
  },
  {
    before: "SELECT x FROM (VALUES ((SELECT max(user_id) FROM orders))) v(x)",
    after: "SELECT x FROM (VALUES ((SELECT max(user_id) FROM orders AS orders(id, user_id)))) v(x)",
  },
  {
    before: "VALUES ((SELECT max(user_id) FROM orders))",
    after: "VALUES ((SELECT max(user_id) FROM orders AS orders(id, user_id)))",
  },
  { before: "SELECT * FROM orders AS o(a, b, c)", after: "=" },
  { before: "SELECT * FROM orders AS o(a)", after: "SELECT * FROM orders AS o(a, user_id)" },
  { before: 'SELECT * FROM "orders" AS "O"', after: 'SELECT * FROM "orders" AS "O"(id, user_id)' },
  {
    before: 'SELECT * FROM orders AS "select"',
    after: 'SELECT * FROM orders AS "select"(id, user_id)',
  },
  {
    before:
      "WITH RECURSIVE t AS (SELECT id, user_id FROM orders UNION ALL SELECT o.id, o.user_id FROM orders o JOIN t ON o.id = t.user_id) SELECT * FROM t",
    after:
      "WITH RECURSIVE t AS (SELECT id, user_id FROM orders AS orders(id, user_id) UNION ALL SELECT o.id, o.user_id FROM orders o(id, user_id) JOIN t ON o.id = t.user_id) SELECT * FROM t",
  },
  {
    before: "WITH orders AS (SELECT * FROM orders) SELECT user_id FROM orders",
    after:
      "WITH orders AS (SELECT * FROM orders AS orders(id, user_id)) SELECT user_id FROM orders",
  },
  {
    before: "SELECT /* é */ 'ü', user_id FROM orders -- ende",
    after: "SELECT /* é */ 'ü', user_id FROM orders AS orders(id, user_id) -- ende",
  },
  {
    before: "SELECT json_agg(orders ORDER BY id) FROM orders",
    after:
      "SELECT json_agg(orders ORDER BY id) FROM (SELECT * FROM orders AS orders(id, user_id)) AS orders",
  },
  {
    before: "SELECT json_agg(o) FROM orders o GROUP BY o.id",
    refused: '0A000 "o" stands for a whole row, and GROUP BY may hang on the table\'s primary key.',
  },
  {
    before: "SELECT to_jsonb(o.*) FROM orders o",
    after: "SELECT to_jsonb(o.*) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT jsonb_build_object('o', o) FROM orders o",
    after: "SELECT jsonb_build_object('o', o) FROM (SELECT * FROM orders o(id, user_id)) AS o",
  },
  {
    before: "SELECT row_to_json(x) FROM (SELECT * FROM orders) x",
    after: "SELECT row_to_json(x) FROM (SELECT * FROM orders AS orders(id, user_id)) x",
  },
  {
    before: "SELECT row_to_json(x) FROM (SELECT * FROM ONLY orders) x",
    after: "SELECT row_to_json(x) FROM (SELECT * FROM ONLY orders AS orders(id, user_id)) x",
  },
  {
    before: "SELECT row_to_json(orders) FROM ONLY orders",
    after:
      "SELECT row_to_json(orders) FROM (SELECT * FROM ONLY orders AS orders(id, user_id)) AS orders",
  },
  {
    before: "SELECT ROW(o.*), ROW(o) FROM orders o",
    after: "SELECT ROW(o.*), ROW(o) FROM orders o(id, user_id)",
  },
  { before: "SELECT o::text FROM orders o", after: "SELECT o::text FROM orders o(id, user_id)" },
  {
    before: "SELECT o IS NULL FROM orders o ORDER BY o",
    after: "SELECT o IS NULL FROM orders o(id, user_id) ORDER BY o",
  },
  {
    before: "SELECT (array_agg(o))[1].user_id FROM orders o",
    refused:
      '0A000 "o" stands for a whole row, and what is done with it may show column names of another version.',
  },
  {
    before: "SELECT array_agg(o) FROM orders o",
    after: "SELECT array_agg(o) FROM orders o(id, user_id)",
  },
  { before: "SELECT 'person'::regclass::oid > 9", after: "SELECT 'people'::regclass::oid > 9" },
  {
    before: `SELECT CAST(' public . "person" ' AS regclass)::oid > 9, to_regclass('PERSON'::text)::oid > 9`,
    after:
      "SELECT CAST('public.people' AS regclass)::oid > 9, to_regclass('people'::text)::oid > 9",
  },
  { before: "SELECT 'people'::regclass", after: "SELECT 'person'::regclass" },
  { before: "SELECT to_regclass('people')", after: "SELECT to_regclass('person')" },
  {
    before:
      "SELECT 'person'::regtype::oid > 9, CAST('public.person' AS regtype)::oid > 9, 'int'::regtype",
    after:
      "SELECT 'people'::regtype::oid > 9, CAST('public.people' AS regtype)::oid > 9, 'int'::regtype",
  },
  { before: "SELECT to_regtype('people')", after: "SELECT to_regtype('person')" },
  { before: "SELECT 'people'::regtype", after: "SELECT 'person'::regtype" },
  { before: "SELECT '3'::regclass::oid, '\"Person\"'::text, my_func('person')", after: "=" },
  {
    before: "SELECT E'person'::regclass",
    refused:
      "0A000 The constant 'person' names what is being renamed, and is spelt in a way that can't be rewritten.",
  },
  {
    before:
      "SELECT pg_get_serial_sequence('orders', 'user_id'), has_column_privilege('orders', 'user_id', 'SELECT'), has_table_privilege(CURRENT_USER, 'public.person', 'SELECT')",
    after:
      "SELECT pg_get_serial_sequence('orders', 'customer_id'), has_column_privilege('orders', 'customer_id', 'SELECT'), has_table_privilege(CURRENT_USER, 'public.people', 'SELECT')",
  },
  { before: "SELECT 'orders'::regclass", after: "=" },
  {
    before: "SELECT NULL::orders",
    refused: '0A000 The row type of table "orders" has column names of another version.',
  },
  {
    before:
      "SELECT user_id, count(*) FROM orders GROUP BY user_id HAVING count(*) > 0 ORDER BY user_id",
    after:
      "SELECT user_id, count(*) FROM orders AS orders(id, user_id) GROUP BY user_id HAVING count(*) > 0 ORDER BY user_id",
  },
  {
    before: "SELECT o.*, count(*) FROM orders o GROUP BY o.id ORDER BY o.id",
    after: "SELECT o.*, count(*) FROM orders o(id, user_id) GROUP BY o.id ORDER BY o.id",
  },
  {
    before: "SELECT user_id FROM orders UNION SELECT user_id FROM users ORDER BY user_id",
    after:
      "SELECT user_id FROM orders AS orders(id, user_id) UNION SELECT user_id FROM users ORDER BY user_id",
  },
  {
    before: "SELECT max(user_id) OVER (PARTITION BY user_id) FROM orders",
    after: "SELECT max(user_id) OVER (PARTITION BY user_id) FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT rank() OVER w FROM orders WINDOW w AS (ORDER BY user_id)",
    after: "SELECT rank() OVER w FROM orders AS orders(id, user_id) WINDOW w AS (ORDER BY user_id)",
  },
  {
    before: "SELECT DISTINCT ON (user_id) user_id, id FROM orders ORDER BY user_id, id",
    after:
      "SELECT DISTINCT ON (user_id) user_id, id FROM orders AS orders(id, user_id) ORDER BY user_id, id",
  },
  {
    before: "SELECT ctid, xmin IS NULL, tableoid = 'orders'::regclass, user_id FROM orders",
    after:
      "SELECT ctid, xmin IS NULL, tableoid = 'orders'::regclass, user_id FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT * FROM (orders o CROSS JOIN users u) AS j(a, b)",
    after: "SELECT * FROM (orders o(id, user_id) CROSS JOIN users u) AS j(a, b)",
  },
  {
    before: "SELECT a.user_id, b.user_id FROM orders a, orders b WHERE a.id = b.id",
    after:
      "SELECT a.user_id, b.user_id FROM orders a(id, user_id), orders b(id, user_id) WHERE a.id = b.id",
  },
  {
    before: "SELECT user_id FROM orders a, orders b",
    after: "SELECT user_id FROM orders a(id, user_id), orders b(id, user_id)",
  },
  { before: "SELECT nope FROM orders", after: "SELECT nope FROM orders AS orders(id, user_id)" },
  { before: "SELECT o.nope FROM orders o", after: "SELECT o.nope FROM orders o(id, user_id)" },
  {
    before: "SELECT * FROM orders, archive.orders",
    refused: '0A000 Two tables of the name "orders" stand in one FROM without an alias.',
  },
  {
    before: "SELECT * FROM orders, archive.orders o",
    after: "SELECT * FROM orders AS orders(id, user_id), archive.orders o",
  },
  { before: "SELECT * FROM archive.orders", after: "=" },
  { before: "SELECT * FROM plain", after: "=" },
  { before: "SELECT 1", after: "=" },
  {
    before: "SELECT * FROM invoices",
    after: 'SELECT * FROM invoices AS invoices(id, nr, total, "Payer Id")',
  },
  {
    before: 'SELECT "Payer Id", nr FROM invoices i',
    after: 'SELECT "Payer Id", nr FROM invoices i(id, nr, total, "Payer Id")',
  },
  {
    before: "SELECT i.nr + o.user_id FROM invoices i JOIN orders o ON i.nr = o.user_id",
    after:
      'SELECT i.nr + o.user_id FROM invoices i(id, nr, total, "Payer Id") JOIN orders o(id, user_id) ON i.nr = o.user_id',
  },
  {
    before: "SELECT number FROM invoices",
    after: 'SELECT number FROM invoices AS invoices(id, nr, total, "Payer Id")',
  },
  { before: "SELECT * FROM person", after: "SELECT * FROM people AS person" },
  {
    before: "SELECT person.name, public.person.id FROM public.person",
    after: "SELECT person.name, person.id FROM public.people AS person",
  },
  {
    before: "SELECT p.name FROM person p JOIN person boss ON boss.id = p.boss_id",
    after: "SELECT p.name FROM people p JOIN people boss ON boss.id = p.boss_id",
  },
  {
    before: "SELECT row_to_json(person) FROM person",
    after: "SELECT row_to_json(person) FROM people AS person",
  },
  { before: "SELECT * FROM people", after: "SELECT * FROM person" },
  { before: "SELECT * FROM public.people", after: "SELECT * FROM public.person" },
  {
    before: "WITH people AS (SELECT 1) SELECT * FROM person, people",
    after: "WITH people AS (SELECT 1) SELECT * FROM public.people AS person, people",
  },
  { before: "TABLE person", after: "SELECT * FROM people AS person" },
  {
    before: "SELECT EXISTS (SELECT 1 FROM users WHERE users.user_id = orders.user_id) FROM orders",
    after:
      "SELECT EXISTS (SELECT 1 FROM users WHERE users.user_id = orders.user_id) FROM orders AS orders(id, user_id)",
  },
  {
    before: "SELECT id FROM orders WHERE user_id IN (SELECT user_id FROM users)",
    after:
      "SELECT id FROM orders AS orders(id, user_id) WHERE user_id IN (SELECT user_id FROM users)",
  },
  {
    before:
      "SELECT id FROM orders WHERE (id, user_id) = (SELECT id, user_id FROM orders WHERE id = 1)",
    after:
      "SELECT id FROM orders AS orders(id, user_id) WHERE (id, user_id) = (SELECT id, user_id FROM orders AS orders(id, user_id) WHERE id = 1)",
  },
  {
    before: "EXPLAIN (COSTS off) SELECT id FROM orders WHERE user_id = 1",
    after: "EXPLAIN (COSTS off) SELECT id FROM orders AS orders(id, user_id) WHERE user_id = 1",
  },
  {
    before: 'SELECT "user_id" FROM "public"."orders"',
    after: 'SELECT "user_id" FROM "public"."orders" AS orders(id, user_id)',
  },
  {
    before: "SELECT USER_ID FROM ORDERS",
    after: "SELECT USER_ID FROM ORDERS AS orders(id, user_id)",
  },
  {
    before: 'SELECT u&"user_id" FROM u&"orders"',
    after: 'SELECT u&"user_id" FROM u&"orders" AS orders(id, user_id)',
  },
  {
    before: "SELECT 1 FROM orders o WHERE EXISTS (SELECT o.*)",
    after: "SELECT 1 FROM orders o(id, user_id) WHERE EXISTS (SELECT o.*)",
  },
];
