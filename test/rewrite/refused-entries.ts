/**
 * What the README says is refused, row by row. Each statement is sent as the old version, after the rename of
 * `REFUSED_SCHEMA`'s names, and works on a database that has the old names.
 */
export interface RefusedEntry {
  /** The first cell of the README's row. */
  readonly refused: string;
  /** What DETAIL says of it. */
  readonly detail: RegExp;
  readonly statements: readonly string[];
  /** What the row says to write instead, which works. */
  readonly instead: readonly string[];
  /** What is sent before, in the same transaction. */
  readonly before?: readonly string[];
}

export const REFUSED_SCHEMA = `
  CREATE SCHEMA archive;
  CREATE TABLE orders (id int PRIMARY KEY, user_id int UNIQUE, total int, note text);
  CREATE TABLE items (id int PRIMARY KEY, order_id int, customer_id int, sku text);
  CREATE TABLE users (user_id int PRIMARY KEY, name text);
  CREATE TABLE person (id int, name text, boss_id int);
  CREATE TABLE archive.orders (id int, user_id int);
  CREATE TABLE plain (id int PRIMARY KEY, total int);
  CREATE TABLE prices (id int PRIMARY KEY, net int, gross int);
  CREATE FUNCTION each_price() RETURNS SETOF prices LANGUAGE sql AS 'TABLE prices';
  CREATE FUNCTION net(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
  CREATE TABLE priced (id int, price prices);
  INSERT INTO orders VALUES (1, 20, 5, 'a'), (2, 1, 6, 'b');
  INSERT INTO items VALUES (1, 1, 20, 'x');
  INSERT INTO users VALUES (1, 'one'), (20, 'twenty');
  INSERT INTO person VALUES (1, 'Ann', NULL), (2, 'Bob', 1);
  INSERT INTO archive.orders VALUES (1, 2);
`;

export const REFUSED_FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE person RENAME TO people;
  ALTER TABLE prices RENAME gross TO total;
  ALTER TABLE prices RENAME net TO gross;
`;

export const REFUSED_WINDOWS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.prices, rename: { net: gross, gross: total }, old: "<2.0.0", new: ">=2.0.0" }
`;

const NOT_CERTAIN = /^Which column ".*" means is not certain/;
const ROW = /^".*" stands for a whole row, and /;
const NAMES_COLUMN = /^It names (column ".*"|its columns) of ".*", which is being renamed/;
const CALLED_AFTER = /^It names an object that is to be called after (a column|the table) of /;
const NAMES_TABLE = /^It names (table ".*"|columns by the table's name ".*") of /;

export const REFUSED: readonly RefusedEntry[] = [
  {
    refused:
      "A bare column name in a write, beside something whose columns are not known (a function, a table newer than the catalog), or that has a column of the other name",
    detail: NOT_CERTAIN,
    statements: [
      "UPDATE orders SET total = 1 FROM jsonb_to_record('{}') AS j(x int), jsonb_each('{}') WHERE user_id = 1",
      "DELETE FROM orders WHERE id IN (SELECT user_id FROM jsonb_each('{}'))",
      "UPDATE orders SET total = (SELECT count(*) FROM (SELECT 1 AS customer_id) orders WHERE user_id = 20)",
    ],
    instead: [
      "UPDATE orders SET total = 1 FROM jsonb_to_record('{}') AS j(x int), jsonb_each('{}') WHERE orders.user_id = 1",
      "DELETE FROM orders WHERE id IN (SELECT orders.user_id FROM jsonb_each('{}'))",
    ],
  },
  {
    refused:
      "A bare renamed column in WHEN NOT MATCHED BY SOURCE of a MERGE from a join with USING or NATURAL",
    detail: NOT_CERTAIN,
    statements: [
      "MERGE INTO orders USING items JOIN plain USING (id) ON orders.id = items.id WHEN NOT MATCHED BY SOURCE AND user_id = 1 THEN DELETE",
    ],
    instead: [
      "MERGE INTO orders USING items JOIN plain USING (id) ON orders.id = items.id WHEN NOT MATCHED BY SOURCE AND orders.user_id = 1 THEN DELETE",
    ],
  },
  {
    refused: "`t.*` of the written table in a subquery",
    detail: /^".*\.\*" in a subquery would show columns/,
    statements: ["UPDATE orders SET total = (SELECT count(*) FROM (SELECT orders.*) AS x)"],
    instead: ["UPDATE orders SET total = (SELECT count(*) FROM (SELECT orders.user_id) AS x)"],
  },
  {
    refused: "`(t).column` and `(t).*` of the written table, now",
    detail: /^A field of the row ".*" has another name in the database/,
    statements: [
      "UPDATE orders SET total = (orders).user_id",
      "DELETE FROM orders WHERE (orders).user_id = 20",
      "UPDATE orders o SET total = 1 RETURNING (o).*",
    ],
    instead: [
      "UPDATE orders SET total = orders.user_id",
      "UPDATE orders o SET total = 1 RETURNING o.*",
    ],
  },
  {
    refused:
      "`RETURNING *` beside an output or a source's column of the name that its column has for the other version",
    detail: /^RETURNING has a \* of a table under a window, and also an output of the name ".*"/,
    statements: [
      "UPDATE orders SET total = 1 RETURNING *, user_id AS customer_id",
      "UPDATE orders SET total = 1 RETURNING *, (SELECT user_id AS customer_id)",
      "UPDATE orders SET total = 1 FROM (SELECT 1 AS customer_id) AS x RETURNING *",
      "MERGE INTO orders USING orders AS o(id, customer_id) ON false WHEN MATCHED THEN DO NOTHING RETURNING *",
    ],
    instead: [
      "UPDATE orders SET total = 1 RETURNING id, user_id, total, note, user_id AS customer_id",
      "UPDATE orders SET total = 1 RETURNING *, id AS customer_id",
    ],
  },
  {
    refused: "`RETURNING *` in a WITH query whose columns are not certain: a function's",
    detail: /^The columns that the WITH query ".*" returns are not certain/,
    statements: [
      "WITH d AS (DELETE FROM orders USING jsonb_each('{}') AS j WHERE orders.id = 1 RETURNING j.*, orders.*) SELECT * FROM d",
    ],
    instead: [
      "WITH d AS (DELETE FROM orders USING jsonb_each('{}') AS j WHERE orders.id = 1 RETURNING j.*, orders.id, orders.user_id) SELECT * FROM d",
    ],
  },
  {
    refused: "`COPY (… RETURNING *) TO` with HEADER or FORCE_QUOTE, now",
    detail: /^The columns of RETURNING \* have names of another version/,
    statements: [
      "COPY (DELETE FROM orders RETURNING *) TO STDOUT (HEADER)",
      "COPY (UPDATE orders SET total = 1 RETURNING *) TO STDOUT (FORMAT csv, FORCE_QUOTE (user_id))",
    ],
    instead: ["COPY (DELETE FROM orders RETURNING id, user_id) TO STDOUT (HEADER)"],
  },
  {
    refused: "`COPY t FROM … (HEADER MATCH)`, now",
    detail: /^The header line of table ".*" has column names of another version/,
    statements: ["COPY orders (id, user_id) FROM STDIN (HEADER MATCH)"],
    instead: ["COPY orders (id, user_id) FROM STDIN (HEADER true)"],
  },
  {
    refused:
      "In one string with others, SQL's PREPARE of a statement that writes to the table, or reads it under a table's name that is renamed",
    detail: /^A name in it is being renamed, and PREPARE has to be run again then/,
    statements: [
      "PREPARE p AS UPDATE orders SET user_id = 1; SELECT 1",
      "SELECT 1; PREPARE p AS SELECT * FROM person",
    ],
    instead: [
      "PREPARE p AS UPDATE orders SET user_id = 1",
      "PREPARE q AS SELECT * FROM orders; SELECT 1",
    ],
  },
  {
    refused:
      "In WITH RECURSIVE, a write to a renamed table beside a query that has its name, now, unless all refer to earlier ones only",
    detail: /^".*" is a query of WITH RECURSIVE as well as the table that is written to/,
    statements: [
      "WITH RECURSIVE d AS (DELETE FROM person RETURNING id), person AS (SELECT 1 AS n) SELECT n, d.id FROM person, d",
    ],
    instead: [
      "WITH RECURSIVE d AS (DELETE FROM person RETURNING id), other AS (SELECT 1 AS n) SELECT n, d.id FROM other, d",
    ],
  },
  {
    refused: "The whole row of a written table as a value: `RETURNING row_to_json(t)`",
    detail: ROW,
    statements: [
      "UPDATE orders SET total = 1 RETURNING row_to_json(orders)",
      "INSERT INTO orders VALUES (9) ON CONFLICT (id) DO UPDATE SET note = row_to_json(excluded)::text",
    ],
    instead: [
      "UPDATE orders SET total = 1 RETURNING json_build_object('id', id, 'user_id', user_id)",
    ],
  },
  {
    refused:
      "The whole row of a table that is read, given to a function that is not known to hide or show field names, or passed on by a subquery or WITH query",
    detail: ROW,
    statements: [
      "SELECT concat(o) FROM orders o",
      "SELECT row_to_json(x) FROM (SELECT o FROM orders o) x",
      "WITH x AS (SELECT o FROM orders o) SELECT (x.o).user_id FROM x",
      "SELECT to_json(ARRAY(SELECT o FROM orders o))",
    ],
    instead: [
      "SELECT concat(o) FROM (SELECT id, user_id FROM orders) o",
      "SELECT o FROM orders o",
      "SELECT row_to_json(o), json_agg(o) OVER () FROM orders o",
    ],
  },
  {
    refused:
      "`row_to_json(t)` and its like of a table with an alias list, TABLESAMPLE or GROUP BY, or in RETURNING of a MERGE with NOT MATCHED BY SOURCE",
    detail: ROW,
    statements: [
      "SELECT row_to_json(o) FROM orders AS o(a)",
      "SELECT row_to_json(o) FROM orders AS o TABLESAMPLE SYSTEM (100)",
      "SELECT id, row_to_json(o) FROM orders AS o GROUP BY id",
      "MERGE INTO users USING orders ON users.user_id = orders.id WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING row_to_json(orders)",
    ],
    instead: ["SELECT row_to_json(o) FROM (SELECT id AS a, user_id FROM orders) AS o"],
  },
  {
    refused: "`row_to_json(t)` and its like beside a row lock or a system column",
    detail: /^A whole row is used together with a row lock or a system column/,
    statements: [
      "SELECT row_to_json(o) FROM orders o FOR UPDATE",
      "SELECT row_to_json(o), o.ctid FROM orders o",
    ],
    instead: ["SELECT row_to_json(o) FROM (SELECT id, user_id FROM orders FOR UPDATE) o"],
  },
  {
    refused:
      "`row_to_json(t)` and its like beside another use of the same row than `t IS NULL` and `count(t)`",
    detail:
      /^A whole row is given to a function that shows its field names, and also used otherwise/,
    statements: ["SELECT o, row_to_json(o) FROM orders o"],
    instead: ["SELECT count(o), json_agg(o) FROM orders o"],
  },
  {
    refused: "The table's row type: `NULL::t`",
    detail: /^The row type of table ".*" has column names of another version/,
    statements: ["SELECT NULL::orders", "SELECT CAST(NULL AS person)"],
    instead: ["SELECT o.id FROM (SELECT NULL::int) AS o(id)"],
  },
  {
    refused:
      "The row type in DDL and PREPARE (`CREATE TABLE x (c t)`, `RETURNS SETOF t`, `t.column%TYPE`), now",
    detail: /^The row type of table ".*" has column names of another version/,
    statements: [
      "CREATE TABLE x (c orders)",
      "CREATE FUNCTION f() RETURNS SETOF person LANGUAGE sql AS 'SELECT 1, NULL, 1'",
      "CREATE FUNCTION f() RETURNS orders.user_id%TYPE LANGUAGE sql AS 'SELECT 1'",
      "PREPARE p(orders) AS SELECT 1",
    ],
    instead: [],
  },
  {
    refused:
      "DDL that drops or makes a column of a name under the window, renames it to a third one, or another one to it, now",
    detail: NAMES_COLUMN,
    statements: [
      "ALTER TABLE orders DROP COLUMN user_id",
      "ALTER TABLE orders RENAME user_id TO third",
      "ALTER TABLE orders RENAME total TO customer_id",
      "ALTER TABLE orders ADD COLUMN customer_id int",
    ],
    instead: [],
  },
  {
    refused:
      "DDL that names a renamed column beside something else of its name, or in a query: `CREATE INDEX user_id ON t (user_id)`, GRANT (column) on several tables, CREATE RULE, CREATE POLICY with a subquery, INHERITS and PARTITION OF with it, `LIKE t`; now",
    detail: NAMES_COLUMN,
    statements: [
      "CREATE INDEX user_id ON orders (user_id)",
      "CREATE TABLE x (user_id int REFERENCES orders (user_id))",
      "GRANT SELECT (user_id) ON orders, users TO public",
      "CREATE RULE r AS ON DELETE TO plain DO ALSO DELETE FROM orders",
      "CREATE TABLE x (LIKE orders)",
      "CREATE TABLE x (CHECK (user_id > 0)) INHERITS (orders)",
    ],
    instead: [
      "CREATE INDEX other ON orders (user_id)",
      "GRANT SELECT (user_id) ON orders TO public",
    ],
  },
  {
    refused:
      "DDL that makes up a name from a renamed column or table: `CREATE INDEX ON t (…)`, `ADD UNIQUE (…)`, `serial`, CREATE STATISTICS; now",
    detail: CALLED_AFTER,
    statements: [
      "CREATE INDEX ON orders (user_id)",
      "ALTER TABLE orders ADD UNIQUE (user_id)",
      "CREATE INDEX ON person (name)",
      "ALTER TABLE person ADD nr serial",
      "CREATE STATISTICS ON id, name FROM person",
    ],
    instead: [
      "CREATE INDEX named ON orders (user_id)",
      "ALTER TABLE orders ADD CONSTRAINT named UNIQUE (user_id)",
      "CREATE STATISTICS named ON id, name FROM person",
    ],
  },
  {
    refused:
      "DROP, COMMENT ON, SECURITY LABEL ON and OWNED BY of a renamed table; DDL that says `t.column` or `t IS NULL` of it, or has a query on it; now",
    detail: NAMES_TABLE,
    statements: [
      "DROP TABLE person",
      "COMMENT ON TABLE person IS 'x'",
      "CREATE SEQUENCE s OWNED BY person.id",
      "CREATE INDEX named ON person ((person IS NULL))",
      "CREATE INDEX named ON person ((person.name || 'x'))",
      "CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM person; END",
    ],
    instead: ["CREATE INDEX named ON person ((name || 'x'))"],
  },
  {
    refused:
      "COPY of some columns of a chain and not the others, in its list, WHERE or FORCE_…: `COPY t (a)`",
    detail: /^Of ".*", it does not list all of the columns .*, whose names change hands/,
    statements: [
      "COPY prices (id, gross) TO STDOUT",
      "COPY prices TO STDOUT (FORMAT csv, FORCE_QUOTE (gross))",
    ],
    instead: [
      "COPY prices (gross, net) TO STDOUT (FORMAT csv, FORCE_QUOTE (gross))",
      "COPY (SELECT id, gross FROM prices) TO STDOUT",
    ],
  },
  {
    refused: "DDL that names a column of a chain",
    detail: NAMES_COLUMN,
    statements: [
      "ALTER TABLE prices RENAME id TO total",
      "CREATE INDEX named ON prices (net)",
      "ANALYZE prices (gross)",
      "CREATE SEQUENCE s OWNED BY prices.gross",
    ],
    instead: [],
  },
  {
    refused:
      "A DO block that names a chain's table, and a name that passes from one column to another",
    detail: /^The block names column ".*" of ".*", whose name changes hands/,
    statements: [
      "DO $$BEGIN UPDATE prices SET gross = 1; END$$",
      "DO $$BEGIN UPDATE Prices SET GROSS = 1; END$$",
      "DO LANGUAGE plpgsql $$BEGIN EXECUTE 'UPDATE prices SET gross = 1'; END$$",
    ],
    instead: [
      "DO $$BEGIN PERFORM 'gross'; END$$",
      "DO $$BEGIN PERFORM count(*) FROM prices; END$$",
    ],
  },
  {
    refused:
      "A column or field by a name of a chain, of what can be a row of its table (a function's result, a column of a row type): `(f()).a`, `a(f())`, `SET c.a`; USING and NATURAL JOIN with it",
    detail: /^Whose column or field ".*" is can't be told, and its name changes hands/,
    statements: [
      "SELECT gross FROM each_price()",
      "SELECT x.net FROM (SELECT * FROM each_price()) AS x",
      "SELECT (each_price()).gross",
      "SELECT (f).gross FROM each_price() AS f",
      "SELECT gross(each_price())",
      "SELECT p.id FROM priced AS p WHERE net(p.price) > 1",
      "SELECT (p.price).gross FROM priced AS p",
      "UPDATE priced SET price.gross = 1",
      "INSERT INTO priced (price.net) VALUES (1)",
      "UPDATE plain SET total = f.net FROM each_price() AS f WHERE f.id = plain.id",
      "WITH RECURSIVE w AS (SELECT * FROM each_price() UNION SELECT * FROM w WHERE w.gross > 1) SELECT 1 FROM w",
      "SELECT 1 FROM prices JOIN each_price() AS f USING (gross)",
      "SELECT 1 FROM prices NATURAL JOIN each_price() AS f",
    ],
    instead: [
      "SELECT gross FROM each_price() AS f (id, net, gross)",
      "SELECT f.gross FROM priced AS p, LATERAL (SELECT (p.price).*) AS f (id, net, gross)",
      "SELECT net FROM generate_series(1, 2) AS net",
      "SELECT public.net(total) FROM plain",
      "WITH RECURSIVE w AS (SELECT 1 AS net UNION ALL SELECT net + 1 FROM w WHERE w.net < 3) SELECT net FROM w",
      "SELECT (p).gross FROM prices AS p",
      "UPDATE priced SET price = ROW(1, 2, 3)",
    ],
  },
  {
    refused:
      "What makes, renames or moves something under the name of a table that is being renamed: CREATE TABLE AS, SELECT INTO, CREATE VIEW / INDEX / SEQUENCE / TYPE, RENAME TO, SET SCHEMA, CREATE SCHEMA with tables",
    detail: /^The name ".*" belongs to a table that is being renamed/,
    statements: [
      "CREATE TABLE people AS SELECT 1 AS n",
      "SELECT 1 AS n INTO people",
      "CREATE VIEW people AS SELECT 1 AS n",
      "CREATE TABLE IF NOT EXISTS people (n int)",
      "CREATE INDEX people ON plain (total)",
      "CREATE SEQUENCE people",
      "CREATE TYPE people AS ENUM ('a')",
      "ALTER TABLE plain RENAME TO people",
      "ALTER TABLE plain ADD CONSTRAINT people UNIQUE (total)",
      "ALTER TABLE person SET SCHEMA archive",
      "CREATE SCHEMA other CREATE TABLE person (n int)",
    ],
    instead: [
      "SELECT 1 AS n INTO other",
      "SELECT 1 AS n INTO TEMP person",
      "CREATE TEMP TABLE person AS SELECT 1 AS n",
      "CREATE TEMP VIEW person AS SELECT 1 AS n",
    ],
  },
  {
    refused:
      "Two tables of one name from different schemas in one FROM or USING, the written one counted, without aliases",
    detail: /^Two tables of the name ".*" stand in one FROM without an alias/,
    statements: [
      "SELECT 1 FROM orders, archive.orders",
      "SELECT 1 FROM public.orders JOIN archive.orders ON true",
    ],
    instead: ["SELECT 1 FROM orders, archive.orders AS old"],
  },
  {
    refused: "`schema.table.column` where `table` alone means another table",
    detail: /^".*" has to be shortened, and ".*" means another table there/,
    statements: ["SELECT (SELECT public.orders.user_id FROM (SELECT 1) AS orders) FROM orders"],
    instead: ["SELECT (SELECT o.user_id FROM (SELECT 1) AS orders) FROM orders AS o"],
  },
  {
    refused:
      'A name spelt with `U&"…"` and UESCAPE, where it has to be exchanged or gets an alias list',
    detail: /^The (column|name) .* is (written|spelt) in a way that can't be rewritten/,
    statements: [
      "UPDATE orders SET U&\"!0075ser_id\" UESCAPE '!' = 5 WHERE id = 1",
      "SELECT * FROM orders U&\"d!0061\" UESCAPE '!'",
    ],
    instead: ['UPDATE orders SET U&"\\0075ser_id" = 5 WHERE id = 1'],
  },
  {
    refused:
      "A constant that names a renamed table or column (`'person'::regclass`), if it is not a plain string in one piece: `E'person'`",
    detail: /^The constant '.*' names what is being renamed, and is spelt in a way/,
    statements: ["SELECT E'person'::regclass IS NULL"],
    instead: ["SELECT 'person'::regclass IS NULL"],
  },
  {
    refused:
      "`xmlforest(column)` and `xmlattributes(column)` without AS, of a written table's renamed column, now",
    detail: /^An XML element or attribute gets its name from a column that is being renamed/,
    statements: ["UPDATE orders SET note = xmlforest(user_id)::text"],
    instead: ["UPDATE orders SET note = xmlforest(user_id AS user_id)::text"],
  },
  {
    refused:
      "What could touch a table under a window, after its schema or a namesake's was changed in the same transaction: a second rename, too",
    detail: /^The transaction holds schema changes that are not committed yet/,
    before: ["ALTER TABLE orders ADD COLUMN more int"],
    statements: ["SELECT user_id FROM orders"],
    instead: [],
  },
  {
    refused:
      "What could touch a table under a window, in one string behind something that may change what its name means: SET search_path, CREATE, DROP",
    detail: /earlier in the same string can change it, and a rename window is open/,
    statements: ["SET search_path = public; SELECT user_id FROM orders"],
    instead: [],
  },
];
