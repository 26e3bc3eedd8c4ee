import type { RewriteCase } from "./setting.ts";

const TAKEN = (name: string) =>
  `0A000 The name "${name}" belongs to a table that is being renamed.`;

/** COPY, DDL and the like of the old version after the flip: as sent, and as run ("=" where nothing changes) or why refused. */
export const UTILITY: readonly RewriteCase[] = [
  {
    before: "COPY orders (id, user_id) FROM STDIN",
    after: "COPY orders (id, customer_id) FROM STDIN",
  },
  { before: "COPY orders TO STDOUT", after: "=" },
  { before: "COPY person TO STDOUT", after: "COPY people TO STDOUT" },
  {
    before: "COPY (SELECT * FROM orders) TO STDOUT",
    after: "COPY (SELECT * FROM orders AS orders(id, user_id)) TO STDOUT",
  },
  {
    before: "COPY orders TO STDOUT WITH (FORMAT csv, HEADER)",
    after:
      "COPY (SELECT id, customer_id AS user_id, total, note FROM ONLY public.orders) TO STDOUT WITH (FORMAT csv, HEADER)",
  },
  {
    before: "COPY public.orders (user_id, id) TO STDOUT CSV HEADER FORCE QUOTE user_id",
    after:
      "COPY (SELECT customer_id AS user_id, id FROM ONLY public.orders) TO STDOUT CSV HEADER FORCE QUOTE user_id",
  },
  {
    before: "COPY orders /* a */ (id, -- b\n user_id) TO STDOUT CSV HEADER",
    after:
      "COPY (SELECT id, customer_id AS user_id FROM ONLY public.orders /* a */\n -- b\n) TO STDOUT CSV HEADER",
  },
  {
    before: "COPY person (id) FROM STDIN WHERE person.id > 1 AND public.person.name IS NULL",
    after: "COPY people (id) FROM STDIN WHERE people.id > 1 AND public.people.name IS NULL",
  },
  // What the server finds wrong, it says of the table.
  {
    before: "COPY orders (user_id, user_id) TO STDOUT (FORMAT csv, HEADER)",
    after: "COPY orders (customer_id, customer_id) TO STDOUT (FORMAT csv, HEADER)",
  },

  { before: "COPY orders TO STDOUT WITH (FORMAT csv, HEADER off)", after: "=" },
  {
    before: "COPY orders FROM STDIN WITH (FORMAT csv, HEADER match)",
    refused: '0A000 The header line of table "orders" has column names of another version.',
  },
  {
    before:
      "COPY orders FROM STDIN WITH (FORMAT csv, HEADER, FORCE_NULL (user_id)) WHERE user_id > 3",
    after:
      "COPY orders FROM STDIN WITH (FORMAT csv, HEADER, FORCE_NULL (customer_id)) WHERE customer_id > 3",
  },
  {
    before: "COPY (DELETE FROM orders RETURNING *) TO STDOUT (FORMAT csv, HEADER)",
    refused: "0A000 The columns of RETURNING * have names of another version in the header line.",
  },
  {
    before: "COPY (UPDATE orders SET total = 1 RETURNING orders.*) TO STDOUT CSV HEADER",
    refused: "0A000 The columns of RETURNING * have names of another version in the header line.",
  },
  {
    before:
      "COPY (INSERT INTO orders (id) VALUES (1) RETURNING *) TO STDOUT (FORMAT csv, FORCE_QUOTE (user_id))",
    refused: "0A000 The columns of RETURNING * have names of another version in the header line.",
  },
  {
    before: "COPY (DELETE FROM orders RETURNING *) TO STDOUT (FORMAT csv)",
    after:
      'COPY (WITH "straddle: column names" AS (SELECT customer_id FROM public.orders) DELETE FROM orders RETURNING *) TO STDOUT (FORMAT csv)',
  },
  {
    before: "COPY (DELETE FROM person RETURNING *) TO STDOUT (FORMAT csv, HEADER)",
    after: "COPY (DELETE FROM people AS person RETURNING *) TO STDOUT (FORMAT csv, HEADER)",
  },
  {
    before: "COPY (DELETE FROM orders RETURNING id, user_id) TO STDOUT (FORMAT csv, HEADER)",
    after:
      "COPY (DELETE FROM orders RETURNING id, customer_id AS user_id) TO STDOUT (FORMAT csv, HEADER)",
  },
  {
    before: "EXPLAIN UPDATE orders SET user_id = 1",
    after: "EXPLAIN UPDATE orders SET customer_id = 1",
  },
  {
    before: "DECLARE c CURSOR FOR SELECT * FROM orders",
    after: "DECLARE c CURSOR FOR SELECT * FROM orders AS orders(id, user_id)",
  },
  {
    before: "ALTER TABLE orders ADD COLUMN g int GENERATED ALWAYS AS (user_id + user_id) STORED",
    after:
      "ALTER TABLE orders ADD COLUMN g int GENERATED ALWAYS AS (customer_id + customer_id) STORED",
  },
  {
    before: "ALTER TABLE orders ADD COLUMN g int CONSTRAINT c CHECK (g > user_id)",
    after: "ALTER TABLE orders ADD COLUMN g int CONSTRAINT c CHECK (g > customer_id)",
  },
  {
    before: "ALTER TABLE items ADD COLUMN g int REFERENCES orders (user_id)",
    after: "ALTER TABLE items ADD COLUMN g int REFERENCES orders (customer_id)",
  },
  {
    // The server would call the constraint after the column.
    before: "ALTER TABLE orders ADD COLUMN g int CHECK (user_id > 3)",
    refused:
      '0A000 It names an object that is to be called after a column of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders ADD COLUMN user_id int GENERATED ALWAYS AS (user_id + 1) STORED",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "PREPARE p AS SELECT * FROM orders",
    after: "PREPARE p AS SELECT * FROM orders AS orders(id, user_id)",
  },
  {
    before: "PREPARE p AS UPDATE orders SET user_id = $1 RETURNING user_id",
    after: "PREPARE p AS UPDATE orders SET customer_id = $1 RETURNING customer_id AS user_id",
  },
  {
    before: "PREPARE p AS TABLE person",
    after: "PREPARE p AS SELECT * FROM people AS person",
  },
  {
    before: "CREATE TABLE z AS SELECT * FROM orders",
    after: "CREATE TABLE z AS SELECT * FROM orders AS orders(id, user_id)",
  },
  {
    before: "CREATE TABLE z (LIKE orders)",
    refused:
      '0A000 It names its columns of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "CREATE VIEW v AS SELECT user_id FROM orders",
    after: "CREATE VIEW v AS SELECT user_id FROM orders AS orders(id, user_id)",
  },
  { before: "CREATE TABLE person (id int)", after: "CREATE TABLE people (id int)" },
  {
    before: "CREATE TABLE IF NOT EXISTS person (id int)",
    after: "CREATE TABLE IF NOT EXISTS people (id int)",
  },
  { before: "CREATE TABLE people (id int)", refused: TAKEN("people") },
  { before: "CREATE TABLE archive.person (id int)", after: "=" },
  { before: "CREATE TEMP TABLE person (id int)", after: "=" },
  { before: "CREATE TEMP SEQUENCE person", after: "=" },
  { before: "CREATE TEMP TABLE person AS SELECT 1", after: "=" },
  { before: "SELECT 1 INTO person", refused: TAKEN("person") },
  { before: "SELECT 1 INTO archive.person", after: "=" },
  { before: "SELECT 1 INTO TEMP person", after: "=" },
  { before: "CREATE INDEX person ON plain (id)", refused: TAKEN("person") },
  { before: "CREATE INDEX person ON archive.orders (id)", after: "=" },
  { before: "CREATE TABLE z (a int, CONSTRAINT people PRIMARY KEY (a))", refused: TAKEN("people") },
  { before: "CREATE TABLE z (a int, CONSTRAINT people CHECK (a > 0))", after: "=" },
  { before: "CREATE TYPE person AS RANGE (SUBTYPE = int)", refused: TAKEN("person") },
  { before: "CREATE TYPE people", refused: TAKEN("people") },
  { before: "CREATE DOMAIN archive.person AS int", after: "=" },
  { before: "CREATE DOMAIN person AS int", refused: TAKEN("person") },
  { before: "ALTER INDEX plain_pkey RENAME TO people", refused: TAKEN("people") },
  { before: "ALTER TABLE plain RENAME id TO people", after: "=" },
  { before: "ALTER FUNCTION f(int) RENAME TO people", after: "=" },
  { before: "ALTER TABLE archive.person SET SCHEMA public", refused: TAKEN("person") },
  { before: "ALTER TABLE person SET SCHEMA archive", refused: TAKEN("person") },
  { before: "ALTER TYPE archive.person SET SCHEMA public", refused: TAKEN("person") },
  { before: "CREATE SCHEMA z CREATE TABLE person (id int)", refused: TAKEN("person") },
  {
    before: "CREATE TABLE person AS SELECT 1",
    refused: '0A000 The name "person" belongs to a table that is being renamed.',
  },
  {
    before: "CREATE INDEX ON orders (user_id)",
    refused:
      '0A000 It names an object that is to be called after a column of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before:
      "CREATE UNIQUE INDEX i ON public.orders USING btree (user_id, (orders.user_id + 1)) INCLUDE (note) WHERE user_id > 1 /* user_id */",
    after:
      "CREATE UNIQUE INDEX i ON public.orders USING btree (customer_id, (orders.customer_id + 1)) INCLUDE (note) WHERE customer_id > 1 /* user_id */",
  },
  {
    before: "CREATE INDEX user_id ON orders (user_id)",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: 'CREATE INDEX i ON invoices ("Payer Id", lower(rest), nr DESC)',
    after: 'CREATE INDEX i ON invoices ("payer", lower(rest), number DESC)',
  },
  {
    before: "CREATE INDEX i ON orders (customer_id)",
    after: "CREATE INDEX i ON orders (user_id)",
  },
  { before: "CREATE INDEX ON orders (total)", after: "=" },
  {
    before: "CREATE RULE r AS ON DELETE TO plain DO ALSO DELETE FROM orders",
    refused:
      '0A000 It names its columns of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "CREATE POLICY p ON orders USING (user_id = 1) WITH CHECK (orders.user_id > 0)",
    after: "CREATE POLICY p ON orders USING (customer_id = 1) WITH CHECK (orders.customer_id > 0)",
  },
  {
    before:
      "CREATE POLICY p ON orders USING (EXISTS (SELECT FROM users WHERE users.user_id = orders.id))",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before:
      "ALTER TABLE orders ALTER user_id SET NOT NULL, ADD CONSTRAINT c CHECK (user_id > 0), ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES plain (id), ALTER user_id TYPE bigint USING user_id::bigint, ADD CONSTRAINT u UNIQUE (user_id) INCLUDE (note)",
    after:
      "ALTER TABLE orders ALTER customer_id SET NOT NULL, ADD CONSTRAINT c CHECK (customer_id > 0), ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES plain (id), ALTER customer_id TYPE bigint USING customer_id::bigint, ADD CONSTRAINT u UNIQUE (customer_id) INCLUDE (note)",
  },
  {
    before: "ALTER TABLE orders ADD UNIQUE (user_id)",
    refused:
      '0A000 It names an object that is to be called after a column of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (user_id)",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders DROP COLUMN user_id",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders ADD COLUMN user_id int",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE plain ADD FOREIGN KEY (id) REFERENCES orders (user_id)",
    after: "ALTER TABLE plain ADD FOREIGN KEY (id) REFERENCES orders (customer_id)",
  },
  {
    before: "CREATE TABLE z (a int REFERENCES orders (user_id), b int)",
    after: "CREATE TABLE z (a int REFERENCES orders (customer_id), b int)",
  },
  {
    before: "CREATE TABLE z (user_id int REFERENCES orders (user_id))",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before:
      "CREATE TRIGGER t AFTER UPDATE OF user_id ON orders FOR EACH ROW WHEN (old.user_id <> new.user_id) EXECUTE FUNCTION f('user_id')",
    after:
      "CREATE TRIGGER t AFTER UPDATE OF customer_id ON orders FOR EACH ROW WHEN (old.customer_id <> new.customer_id) EXECUTE FUNCTION f('user_id')",
  },
  {
    before: "CREATE STATISTICS s ON user_id, total FROM orders",
    after: "CREATE STATISTICS s ON customer_id, total FROM orders",
  },
  {
    before:
      "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES plain (id) ON DELETE SET NULL (user_id)",
    after:
      "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES plain (id) ON DELETE SET NULL (customer_id)",
  },
  {
    before:
      "ALTER TABLE orders ADD CONSTRAINT x EXCLUDE USING gist (user_id WITH =, (user_id + 1) WITH OPERATOR(pg_catalog.=)) INCLUDE (total) WHERE (user_id > 0)",
    after:
      "ALTER TABLE orders ADD CONSTRAINT x EXCLUDE USING gist (customer_id WITH =, (customer_id + 1) WITH OPERATOR(pg_catalog.=)) INCLUDE (total) WHERE (customer_id > 0)",
  },
  {
    before: "ALTER TABLE orders ADD EXCLUDE USING gist (user_id WITH =)",
    refused:
      '0A000 It names an object that is to be called after a column of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders ALTER total SET EXPRESSION AS (user_id + 1)",
    after: "ALTER TABLE orders ALTER total SET EXPRESSION AS (customer_id + 1)",
  },
  {
    before: "ALTER TABLE orders ALTER user_id DROP EXPRESSION, ALTER user_id DROP IDENTITY",
    after: "ALTER TABLE orders ALTER customer_id DROP EXPRESSION, ALTER customer_id DROP IDENTITY",
  },
  {
    before: "CREATE PUBLICATION p FOR TABLE orders (id, user_id) WHERE (user_id > 1), TABLE person",
    after:
      "CREATE PUBLICATION p FOR TABLE orders (id, customer_id) WHERE (customer_id > 1), TABLE people",
  },
  {
    before: "ALTER PUBLICATION p SET TABLE orders (user_id), TABLE plain (id)",
    after: "ALTER PUBLICATION p SET TABLE orders (customer_id), TABLE plain (id)",
  },
  {
    before: "CREATE PUBLICATION p FOR TABLE orders (user_id), users (user_id)",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "CREATE SEQUENCE s OWNED BY orders.user_id",
    after: "CREATE SEQUENCE s OWNED BY orders.customer_id",
  },
  {
    before: "ALTER SEQUENCE s OWNED BY public.orders.user_id MAXVALUE 5",
    after: "ALTER SEQUENCE s OWNED BY public.orders.customer_id MAXVALUE 5",
  },
  {
    before: "ALTER SEQUENCE user_id OWNED BY orders.user_id",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER SEQUENCE s OWNED BY person.id",
    refused:
      '0A000 It names table "person" of "person", which is being renamed (table person is people now).',
  },
  { before: "ALTER SEQUENCE s OWNED BY orders.id", after: "=" },
  { before: "ALTER SEQUENCE s OWNED BY NONE", after: "=" },
  {
    before: "ALTER TABLE person ADD CONSTRAINT c CHECK (person IS NOT NULL)",
    refused:
      '0A000 It names columns by the table\'s name "person" of "person", which is being renamed (table person is people now).',
  },
  { before: "ALTER TABLE orders ADD COLUMN foo int", after: "=" },
  { before: "ALTER TABLE orders RENAME user_id TO customer_id", after: "=" },
  { before: "ALTER TABLE orders RENAME customer_id TO user_id", after: "=" },
  {
    before: "ALTER TABLE orders RENAME COLUMN user_id TO foo",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders RENAME total TO user_id",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  {
    before: "ALTER TABLE orders RENAME total TO customer_id",
    refused:
      '0A000 It names column "customer_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  { before: "ALTER TABLE orders RENAME total TO amount", after: "=" },
  { before: "ALTER TABLE orders RENAME CONSTRAINT a TO user_id", after: "=" },
  {
    before:
      "CREATE TABLE z (user_id int, order_id int REFERENCES orders, FOREIGN KEY (user_id) REFERENCES orders (id))",
    after: "=",
  },
  {
    before: "ALTER TABLE items ADD FOREIGN KEY (customer_id) REFERENCES orders (id)",
    after: "=",
  },
  {
    before: "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (user_id) REFERENCES orders (id)",
    after: "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer_id) REFERENCES orders (id)",
  },
  { before: "ALTER TABLE person RENAME TO people", after: "=" },
  { before: "ALTER TABLE people RENAME TO person", after: "=" },
  { before: "TRUNCATE person", after: "TRUNCATE people" },
  { before: "TRUNCATE orders", after: "=" },
  { before: "LOCK TABLE orders", after: "=" },
  {
    before: "DROP TABLE person",
    refused:
      '0A000 It names table "person" of "person", which is being renamed (table person is people now).',
  },
  { before: "DROP TABLE orders", after: "=" },
  { before: "DROP TABLE archive.orders", after: "=" },
  {
    before: "COMMENT ON COLUMN orders.user_id IS 'user_id'",
    after: "COMMENT ON COLUMN orders.customer_id IS 'user_id'",
  },
  { before: "COMMENT ON COLUMN orders.total IS 'user_id'", after: "=" },
  {
    before: "ANALYZE plain (id), orders (user_id)",
    after: "ANALYZE plain (id), orders (customer_id)",
  },
  {
    before: "GRANT SELECT (user_id, id), UPDATE (user_id) ON orders TO public",
    after: "GRANT SELECT (customer_id, id), UPDATE (customer_id) ON orders TO public",
  },
  {
    before: "GRANT SELECT (user_id) ON orders, users TO public",
    refused:
      '0A000 It names column "user_id" of "orders", which is being renamed (user_id is customer_id now).',
  },
  { before: "GRANT SELECT ON orders TO public", after: "=" },
  {
    before: "CALL f((SELECT max(user_id) FROM orders))",
    after: "CALL f((SELECT max(user_id) FROM orders AS orders(id, user_id)))",
  },
  { before: "DO $$ BEGIN UPDATE orders SET user_id = 1; END $$", after: "=" },
  { before: "SET x.y = 'orders.user_id'", after: "=" },
  {
    before: "CREATE TABLE z (p person)",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  {
    before: "CREATE TABLE z (o public.orders[])",
    refused: '0A000 The row type of table "orders" has column names of another version.',
  },
  { before: "CREATE TABLE z (p plain)", after: "=" },
  { before: "CREATE TABLE z (p archive.orders)", after: "=" },
  {
    before: "CREATE TYPE z AS (p _person)",
    refused: '0A000 The row type of table "_person" has column names of another version.',
  },
  {
    before: "CREATE FUNCTION f(p person) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  {
    before: "CREATE FUNCTION f() RETURNS SETOF person LANGUAGE sql AS 'SELECT 1'",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  {
    before: "CREATE FUNCTION f() RETURNS TABLE (p people) LANGUAGE sql AS 'SELECT 1'",
    refused: '0A000 The row type of table "people" has column names of another version.',
  },
  {
    before: "CREATE FUNCTION f() RETURNS orders.user_id%TYPE LANGUAGE sql AS 'SELECT 1'",
    refused: '0A000 The row type of table "orders" has column names of another version.',
  },
  { before: "CREATE FUNCTION f() RETURNS plain.id%TYPE LANGUAGE sql AS 'SELECT 1'", after: "=" },
  {
    before: "DROP FUNCTION f(person)",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  { before: "DROP FUNCTION f(int)", after: "=" },
  {
    before: "PREPARE p(person) AS SELECT 1",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  { before: "PREPARE p(int) AS SELECT 1", after: "=" },
  {
    before: "EXECUTE p(NULL::person)",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  {
    before: "COMMENT ON TYPE person IS 'x'",
    refused: '0A000 The row type of table "person" has column names of another version.',
  },
  { before: "COMMENT ON TYPE plain IS 'x'", after: "=" },
  {
    before: "GRANT USAGE ON TYPE person TO public",
    refused:
      '0A000 It names table "person" of "person", which is being renamed (table person is people now).',
  },
  {
    before: "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT person.id FROM person; END",
    refused:
      '0A000 It names columns by the table\'s name "person" of "person", which is being renamed (table person is people now).',
  },
  {
    before: "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT id FROM person; END",
    refused:
      '0A000 It names columns by the table\'s name "person" of "person", which is being renamed (table person is people now).',
  },
  {
    before: "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT plain.id FROM plain; END",
    after: "=",
  },
  {
    before: "CREATE POLICY p ON person USING (person.id = 1)",
    refused:
      '0A000 It names columns by the table\'s name "person" of "person", which is being renamed (table person is people now).',
  },
  {
    before: "CREATE POLICY p ON person USING (id = 1)",
    after: "CREATE POLICY p ON people USING (id = 1)",
  },
  {
    before: "CREATE INDEX ON person (name)",
    refused:
      '0A000 It names an object that is to be called after the table of "person", which is being renamed (table person is people now).',
  },
  {
    before: "CREATE INDEX person_name ON person (name)",
    after: "CREATE INDEX person_name ON people (name)",
  },
  {
    before: "CREATE INDEX person_name ON person ((person.name || 'x'))",
    refused:
      '0A000 It names columns by the table\'s name "person" of "person", which is being renamed (table person is people now).',
  },
  {
    before: "ALTER TABLE person ADD UNIQUE (name)",
    refused:
      '0A000 It names an object that is to be called after the table of "person", which is being renamed (table person is people now).',
  },
  {
    before: "ALTER TABLE person ADD CONSTRAINT u UNIQUE (name)",
    after: "ALTER TABLE people ADD CONSTRAINT u UNIQUE (name)",
  },
  {
    before: "ALTER TABLE person ADD nr bigserial",
    refused:
      '0A000 It names an object that is to be called after the table of "person", which is being renamed (table person is people now).',
  },
  { before: "ALTER TABLE person ADD nr int", after: "ALTER TABLE people ADD nr int" },
  {
    before: "ALTER TABLE plain ADD FOREIGN KEY (id) REFERENCES person",
    after: "ALTER TABLE plain ADD FOREIGN KEY (id) REFERENCES people",
  },
  {
    before: "CREATE STATISTICS ON id, name FROM person",
    refused:
      '0A000 It names an object that is to be called after the table of "person", which is being renamed (table person is people now).',
  },
  {
    before: "CREATE STATISTICS st ON id, name FROM person",
    after: "CREATE STATISTICS st ON id, name FROM people",
  },
];
