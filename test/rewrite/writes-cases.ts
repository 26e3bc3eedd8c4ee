import type { RewriteCase } from "./setting.ts";

/** INSERT, UPDATE, DELETE, MERGE of the old version after the flip: as sent, and as run ("=" where nothing changes) or why refused. */
export const WRITES: readonly RewriteCase[] = [
  {
    before:
      "INSERT INTO orders (id, user_id) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id WHERE orders.user_id > 1 RETURNING user_id, id",
    after:
      "INSERT INTO orders (id, customer_id) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id WHERE orders.customer_id > 1 RETURNING customer_id AS user_id, id",
  },
  {
    before: "INSERT INTO orders (user_id) VALUES (1) ON CONFLICT (user_id) DO NOTHING",
    after: "INSERT INTO orders (customer_id) VALUES (1) ON CONFLICT (customer_id) DO NOTHING",
  },
  {
    before: "INSERT INTO orders VALUES (91, 2) RETURNING *",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) INSERT INTO orders VALUES (91, 2) RETURNING *',
  },
  {
    before:
      "INSERT INTO this_own_database.public.orders (id, user_id) VALUES (92, 2) RETURNING this_own_database.public.orders.user_id",
    after:
      "INSERT INTO this_own_database.public.orders (id, customer_id) VALUES (92, 2) RETURNING this_own_database.public.orders.customer_id AS user_id",
  },
  {
    before:
      "UPDATE this_own_database.public.person SET name = 'x' WHERE this_own_database.public.person.id = 1",
    after: "UPDATE this_own_database.public.people AS person SET name = 'x' WHERE person.id = 1",
  },
  { before: "INSERT INTO other.public.orders (id, user_id) VALUES (1, 2)", after: "=" },
  {
    before: "DELETE FROM other.public.people USING other.public.orders WHERE user_id = 1",
    after: "=",
  },
  {
    before:
      "INSERT INTO orders (id, user_id) SELECT id + 50, user_id FROM orders RETURNING orders.user_id, total",
    after:
      "INSERT INTO orders (id, customer_id) SELECT id + 50, user_id FROM orders AS orders(id, user_id) RETURNING orders.customer_id AS user_id, total",
  },
  {
    before:
      "INSERT INTO orders (id, user_id) SELECT id + 70, customer_id FROM items RETURNING orders.user_id",
    after:
      "INSERT INTO orders (id, customer_id) SELECT id + 70, customer_id FROM items RETURNING orders.customer_id AS user_id",
  },
  {
    before:
      "INSERT INTO orders AS o (id, user_id) VALUES (1, 3) ON CONFLICT (id) WHERE user_id > 3 DO NOTHING",
    after:
      "INSERT INTO orders AS o (id, customer_id) VALUES (1, 3) ON CONFLICT (id) WHERE customer_id > 3 DO NOTHING",
  },
  {
    before:
      "INSERT INTO orders AS o (id, user_id) VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET total = o.user_id + excluded.user_id RETURNING *",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) INSERT INTO orders AS o (id, customer_id) VALUES (1, 3) ON CONFLICT (id) DO UPDATE SET total = o.customer_id + excluded.customer_id RETURNING *',
  },
  {
    before:
      "INSERT INTO orders (id, user_id) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET user_id = user_id",
    after:
      "INSERT INTO orders (id, customer_id) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET customer_id = customer_id",
  },
  {
    before:
      "INSERT INTO orders (id, user_id) VALUES (1, 2) ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET (user_id, total) = (excluded.user_id, orders.total) RETURNING orders",
    after:
      "INSERT INTO orders (id, customer_id) VALUES (1, 2) ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET (customer_id, total) = (excluded.customer_id, orders.total) RETURNING orders",
  },
  {
    before: "INSERT INTO orders (id) VALUES (80) RETURNING CASE WHEN true THEN 1 ELSE user_id END",
    after:
      "INSERT INTO orders (id) VALUES (80) RETURNING CASE WHEN true THEN 1 ELSE customer_id END AS user_id",
  },
  {
    before: "INSERT INTO orders (id, user_id) VALUES ('x', 1)",
    after: "INSERT INTO orders (id, customer_id) VALUES ('x', 1)",
  },
  {
    before: "INSERT INTO orders (id, customer_id) VALUES (1, 1)",
    after: "INSERT INTO orders (id, user_id) VALUES (1, 1)",
  },
  {
    before: "INSERT INTO orders (id, user_id, user_id) VALUES (1, 1, 1)",
    after: "INSERT INTO orders (id, customer_id, customer_id) VALUES (1, 1, 1)",
  },
  {
    before: "INSERT INTO orders (id, user_id) VALUES (1, 1)",
    after: "INSERT INTO orders (id, customer_id) VALUES (1, 1)",
  },
  {
    before: "INSERT INTO orders (id, user_id) VALUES (81, 'é')",
    after: "INSERT INTO orders (id, customer_id) VALUES (81, 'é')",
  },
  {
    before:
      "INSERT INTO users (user_id, name) SELECT user_id + 100, note FROM orders RETURNING user_id",
    after:
      "INSERT INTO users (user_id, name) SELECT user_id + 100, note FROM orders AS orders(id, user_id) RETURNING user_id",
  },
  {
    before:
      "WITH i AS (INSERT INTO orders (id, user_id) VALUES (82, 1) RETURNING id, user_id) INSERT INTO items (id, customer_id) SELECT 99, user_id FROM i RETURNING *",
    after:
      "WITH i AS (INSERT INTO orders (id, customer_id) VALUES (82, 1) RETURNING id, customer_id AS user_id) INSERT INTO items (id, customer_id) SELECT 99, user_id FROM i RETURNING *",
  },
  {
    before: "UPDATE orders SET user_id = 3 WHERE user_id = 20 RETURNING *",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) UPDATE orders SET customer_id = 3 WHERE customer_id = 20 RETURNING *',
  },
  {
    before:
      "UPDATE orders AS o SET (user_id, total) = (SELECT 1, o.user_id) WHERE o.user_id = 20 RETURNING (o.user_id)::text, user_id AS x, coalesce(user_id, 1)",
    after:
      "UPDATE orders AS o SET (customer_id, total) = (SELECT 1, o.customer_id AS user_id) WHERE o.customer_id = 20 RETURNING (o.customer_id)::text AS user_id, customer_id AS x, coalesce(customer_id, 1)",
  },
  {
    before:
      "UPDATE orders SET total = 1 FROM items WHERE user_id = items.customer_id RETURNING orders.id",
    after:
      "UPDATE orders SET total = 1 FROM items WHERE orders.customer_id = items.customer_id RETURNING orders.id",
  },
  {
    before: "UPDATE orders SET total = 1 WHERE EXISTS (SELECT 1 FROM items WHERE user_id = 20)",
    after:
      "UPDATE orders SET total = 1 WHERE EXISTS (SELECT 1 FROM items WHERE orders.customer_id = 20)",
  },
  {
    before: "UPDATE orders SET total = 1 FROM users WHERE user_id = 1",
    after: 'UPDATE orders SET total = 1 FROM users WHERE "straddle: no such name" = 1',
  },
  {
    before: "UPDATE orders SET id = user_id FROM orders",
    after: 'UPDATE orders SET id = "straddle: no such name" FROM orders AS orders(id, user_id)',
  },
  {
    before: "DELETE FROM archive.orders USING orders",
    refused: '0A000 Two tables of the name "orders" stand in one FROM without an alias.',
  },
  { before: "DELETE FROM orders USING archive.orders", after: "=" },
  {
    before:
      "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET total = (SELECT max(user_id) FROM items)",
    after:
      'INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET total = (SELECT max("straddle: no such name") FROM items)',
  },
  {
    before: "INSERT INTO orders AS user_id (id) VALUES (1) ON CONFLICT (customer_id) DO NOTHING",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) INSERT INTO orders AS user_id (id) VALUES (1) ON CONFLICT ("straddle: no such name") DO NOTHING',
  },
  {
    before: "INSERT INTO person (id, name) VALUES (9, 'x') RETURNING people.id",
    after: `INSERT INTO people AS person (id, name) VALUES (9, 'x') RETURNING "straddle: no such name".id`,
  },
  {
    before:
      "WITH RECURSIVE r(id) AS (SELECT 1 UNION SELECT id + 1 FROM r WHERE id < 3), people AS (INSERT INTO person (id) VALUES (9)) SELECT id FROM r",
    after:
      "WITH RECURSIVE r(id) AS (SELECT 1 UNION SELECT id + 1 FROM r WHERE id < 3), people AS (INSERT INTO public.people AS person (id) VALUES (9)) SELECT id FROM r",
  },
  {
    before: "UPDATE users SET user_id = 1 FROM orders",
    after: "UPDATE users SET user_id = 1 FROM orders AS orders(id, user_id)",
  },
  {
    before: "UPDATE orders SET total = 1 FROM items WHERE customer_id = 3 RETURNING orders.id",
    after: "UPDATE orders SET total = 1 FROM items WHERE items.customer_id = 3 RETURNING orders.id",
  },
  {
    before: "UPDATE orders SET total = 1 WHERE customer_id = 1",
    after: "UPDATE orders SET total = 1 WHERE user_id = 1",
  },
  {
    before: "UPDATE orders SET total = 1 WHERE orders.customer_id = 1",
    after: "UPDATE orders SET total = 1 WHERE orders.user_id = 1",
  },
  { before: "UPDATE orders SET customer_id = 1", after: "UPDATE orders SET user_id = 1" },
  { before: "UPDATE orders SET nope = 1", after: "=" },
  { before: "UPDATE orders SET user_id = NULL", after: "UPDATE orders SET customer_id = NULL" },
  { before: "UPDATE orders SET total = 1 WHERE id IN (SELECT user_id FROM users)", after: "=" },
  {
    before: "UPDATE orders SET total = 1 FROM f() AS g WHERE user_id = 1",
    refused:
      '0A000 Which column "user_id" means is not certain: "g" may have a column of that name as well.',
  },
  {
    before: "UPDATE orders SET total = 1 FROM generate_series(1, 3) AS g WHERE user_id = g",
    after: "UPDATE orders SET total = 1 FROM generate_series(1, 3) AS g WHERE customer_id = g",
  },
  {
    before: "UPDATE orders SET user_id = DEFAULT, total = user_id + 1",
    after: "UPDATE orders SET customer_id = DEFAULT, total = customer_id + 1",
  },
  {
    before: "UPDATE public.orders SET total = 1 WHERE public.orders.user_id = 20",
    after: "UPDATE public.orders SET total = 1 WHERE public.orders.customer_id = 20",
  },
  {
    before: "UPDATE ONLY orders SET total = user_id RETURNING total",
    after: "UPDATE ONLY orders SET total = customer_id RETURNING total",
  },
  {
    before: "UPDATE public.person SET name = 'x' WHERE public.person.id = 1",
    after: "UPDATE public.people AS person SET name = 'x' WHERE person.id = 1",
  },
  {
    before: "UPDATE person SET name = 'x' WHERE person.id = 1 RETURNING person.*",
    after: "UPDATE people AS person SET name = 'x' WHERE person.id = 1 RETURNING person.*",
  },
  {
    before: "UPDATE orders o SET total = (SELECT row_to_json(o)->>'user_id')::int",
    refused:
      '0A000 "o" stands for a whole row, and what is done with it may show column names of another version.',
  },
  {
    before: "UPDATE orders o SET total = 1 RETURNING (o).user_id",
    refused: '0A000 A field of the row "o" has another name in the database.',
  },
  {
    before: "UPDATE orders o SET total = 1 RETURNING row_to_json(o)",
    refused:
      '0A000 "o" stands for a whole row, and what is done with it may show column names of another version.',
  },
  { before: "UPDATE orders o SET total = 1 RETURNING o, o IS NULL", after: "=" },
  {
    before:
      "UPDATE items SET sku = 'x' FROM orders WHERE orders.user_id = items.customer_id RETURNING *",
    after:
      "UPDATE items SET sku = 'x' FROM orders AS orders(id, user_id) WHERE orders.user_id = items.customer_id RETURNING *",
  },
  {
    before:
      "UPDATE orders SET total = s.n FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) s WHERE s.user_id = orders.user_id RETURNING orders.*",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) UPDATE orders SET total = s.n FROM (SELECT user_id, count(*) AS n FROM orders AS orders(id, user_id) GROUP BY user_id) s WHERE s.user_id = orders.customer_id RETURNING orders.*',
  },
  {
    before:
      "UPDATE orders SET total = 1 FROM (SELECT customer_id AS user_id FROM items) s WHERE s.user_id = orders.user_id",
    after:
      "UPDATE orders SET total = 1 FROM (SELECT customer_id AS user_id FROM items) s WHERE s.user_id = orders.customer_id",
  },
  {
    before:
      "UPDATE orders SET total = 1 FROM items i JOIN users u ON u.user_id = i.customer_id WHERE orders.user_id = u.user_id",
    after:
      "UPDATE orders SET total = 1 FROM items i JOIN users u ON u.user_id = i.customer_id WHERE orders.customer_id = u.user_id",
  },
  {
    before: "UPDATE orders SET total = 1 FROM missing WHERE user_id = 1",
    refused:
      '0A000 Which column "user_id" means is not certain: "missing" may have a column of that name as well.',
  },
  {
    before: "UPDATE orders SET total = 1 FROM missing WHERE orders.user_id = 1",
    after: "UPDATE orders SET total = 1 FROM missing WHERE orders.customer_id = 1",
  },
  { before: "UPDATE orders SET total = 1 WHERE ctid IS NULL", after: "=" },
  {
    before: "UPDATE orders SET total = 1 RETURNING old.user_id, new.*",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) UPDATE orders SET total = 1 RETURNING old.customer_id AS user_id, new.*',
  },
  {
    before:
      "UPDATE orders SET total = 1 RETURNING WITH (OLD AS o, NEW AS n) o.user_id, n.user_id AS x",
    after:
      "UPDATE orders SET total = 1 RETURNING WITH (OLD AS o, NEW AS n) o.customer_id AS user_id, n.customer_id AS x",
  },
  {
    before: 'UPDATE invoices SET "Payer Id" = 1 WHERE nr = 2 RETURNING "Payer Id"',
    after: 'UPDATE invoices SET "payer" = 1 WHERE number = 2 RETURNING "payer" AS "Payer Id"',
  },
  {
    before: "UPDATE orders SET total = (SELECT max(s.user_id) FROM (SELECT user_id) s)",
    after:
      "UPDATE orders SET total = (SELECT max(s.user_id) FROM (SELECT customer_id AS user_id) s)",
  },
  {
    before: "UPDATE orders SET total = user_id + 'x'",
    after: "UPDATE orders SET total = customer_id + 'x'",
  },
  {
    before: "UPDATE orders SET user_id = 'x'::text",
    after: "UPDATE orders SET customer_id = 'x'::text",
  },
  {
    before:
      "DELETE FROM orders USING users u WHERE u.user_id = orders.user_id RETURNING orders.user_id, u.user_id",
    after:
      "DELETE FROM orders USING users u WHERE u.user_id = orders.customer_id RETURNING orders.customer_id AS user_id, u.user_id",
  },
  {
    before: "DELETE FROM orders WHERE user_id IN (SELECT user_id FROM orders o) RETURNING *",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) DELETE FROM orders WHERE customer_id IN (SELECT user_id FROM orders o(id, user_id)) RETURNING *',
  },
  {
    before: "DELETE FROM orders WHERE id IN (SELECT i.order_id FROM items i ORDER BY user_id)",
    after:
      "DELETE FROM orders WHERE id IN (SELECT i.order_id FROM items i ORDER BY orders.customer_id)",
  },
  {
    before: "DELETE FROM orders o WHERE o.user_id = 20 RETURNING o.*",
    after:
      'WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) DELETE FROM orders o WHERE o.customer_id = 20 RETURNING o.*',
  },
  {
    before: "WITH d AS (DELETE FROM orders RETURNING *) SELECT user_id FROM d",
    after: "WITH d(id, user_id) AS (DELETE FROM orders RETURNING *) SELECT user_id FROM d",
  },
  {
    before: "WITH d AS (DELETE FROM orders RETURNING user_id) SELECT user_id FROM d",
    after: "WITH d AS (DELETE FROM orders RETURNING customer_id AS user_id) SELECT user_id FROM d",
  },
  {
    before: "WITH d(a) AS (DELETE FROM orders RETURNING total, *) SELECT user_id FROM d",
    after:
      "WITH d(a, id, user_id) AS (DELETE FROM orders RETURNING total, *) SELECT user_id FROM d",
  },
  {
    before: "WITH d AS (DELETE FROM orders USING users u RETURNING *) SELECT * FROM d",
    after: "WITH d(id, user_id) AS (DELETE FROM orders USING users u RETURNING *) SELECT * FROM d",
  },
  {
    before: "WITH d AS (DELETE FROM orders USING f() g RETURNING g.*, orders.*) SELECT * FROM d",
    refused: '0A000 The columns that the WITH query "d" returns are not certain.',
  },
  {
    before: "MERGE INTO plain USING orders o ON o.user_id = plain.id WHEN MATCHED THEN DELETE",
    after:
      "MERGE INTO plain USING orders o(id, user_id) ON o.user_id = plain.id WHEN MATCHED THEN DELETE",
  },
  {
    before:
      "MERGE INTO orders USING items i ON orders.id = i.order_id AND user_id = 20 WHEN MATCHED AND user_id > 1 THEN UPDATE SET user_id = i.customer_id, total = user_id WHEN NOT MATCHED AND i.id > 0 THEN INSERT (id, user_id) VALUES (i.id + 900, customer_id) RETURNING user_id, i.customer_id",
    after:
      "MERGE INTO orders USING items i ON orders.id = i.order_id AND orders.customer_id = 20 WHEN MATCHED AND orders.customer_id > 1 THEN UPDATE SET customer_id = i.customer_id, total = orders.customer_id WHEN NOT MATCHED AND i.id > 0 THEN INSERT (id, customer_id) VALUES (i.id + 900, customer_id) RETURNING orders.customer_id AS user_id, i.customer_id",
  },
  {
    before:
      "MERGE INTO person p USING plain s ON p.id = s.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
    after:
      "MERGE INTO people p USING plain s ON p.id = s.id WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
  },
  {
    before:
      "MERGE INTO orders USING items JOIN users u USING (id) ON true WHEN NOT MATCHED BY SOURCE AND user_id = 1 THEN DELETE",
    refused:
      '0A000 Which column "user_id" means is not certain: "items" may have a column of that name as well.',
  },
  {
    before:
      "MERGE INTO orders USING items JOIN plain p USING (id) ON true WHEN NOT MATCHED BY SOURCE AND orders.user_id = 1 THEN DELETE",
    after:
      "MERGE INTO orders USING items JOIN plain p USING (id) ON true WHEN NOT MATCHED BY SOURCE AND orders.customer_id = 1 THEN DELETE",
  },
  {
    before: "MERGE INTO person USING plain s ON person.id = s.id WHEN MATCHED THEN DELETE",
    after: "MERGE INTO people AS person USING plain s ON person.id = s.id WHEN MATCHED THEN DELETE",
  },
  {
    before: "INSERT INTO public.person (id, name) VALUES (9, 'z') RETURNING person.id",
    after: "INSERT INTO public.people AS person (id, name) VALUES (9, 'z') RETURNING person.id",
  },
  { before: "DELETE FROM people", after: "DELETE FROM person" },
  {
    before: "UPDATE orders SET total = 1 RETURNING xmlforest(user_id)::text",
    refused: "0A000 An XML element or attribute gets its name from a column that is being renamed.",
  },
  {
    before: "UPDATE orders SET total = 1 RETURNING xmlforest(user_id AS user_id)::text AS x",
    after: "UPDATE orders SET total = 1 RETURNING xmlforest(customer_id AS user_id)::text AS x",
  },
  {
    before:
      "WITH d AS (DELETE FROM orders RETURNING *) SELECT row_to_json(d), d.user_id FROM d ORDER BY d.id",
    after:
      "WITH d(id, user_id) AS (DELETE FROM orders RETURNING *) SELECT row_to_json(d), d.user_id FROM d ORDER BY d.id",
  },
  {
    before: "DELETE FROM orders USING orders",
    after: "DELETE FROM orders USING orders AS orders(id, user_id)",
  },
];
