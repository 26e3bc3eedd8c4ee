import pg from "pg";
import { createTwins, type Twins } from "../support/twins.ts";
import type { IntrospectionCase } from "./introspection-cases.ts";

/** A schema under windows, whose tables, keys, indexes, views and triggers have the names of a version. */

const SCHEMA = `
  CREATE TABLE person (id int PRIMARY KEY, full_name text NOT NULL, boss_id int REFERENCES person);
  CREATE TABLE orders (
    id int PRIMARY KEY,
    user_id int NOT NULL CHECK (user_id > 0) REFERENCES person,
    total int DEFAULT 3,
    note text DEFAULT 'user_id',
    twice int GENERATED ALWAYS AS (user_id * 2) STORED,
    UNIQUE (user_id, note)
  );
  CREATE INDEX user_idx ON orders (lower(note), user_id) INCLUDE (total) WHERE user_id > 3 AND note <> 'user_id';
  CREATE UNIQUE INDEX ON person (full_name, (upper(full_name)));
  CREATE TABLE items (id int PRIMARY KEY, order_id int, user_id int, note text,
    FOREIGN KEY (user_id, note) REFERENCES orders (user_id, note) ON DELETE CASCADE);
  CREATE TABLE tables (id int);
  CREATE TABLE parted (id int, user_id int) PARTITION BY RANGE (user_id);
  CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
  CREATE VIEW big AS SELECT id, user_id AS who FROM orders WHERE user_id > 7;
  CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER watch BEFORE UPDATE OF user_id ON orders FOR EACH ROW EXECUTE FUNCTION noop();
  CREATE TRIGGER guard BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION noop();
  COMMENT ON COLUMN orders.user_id IS 'who';
  GRANT SELECT (user_id) ON orders TO PUBLIC;
  CREATE SCHEMA evil;
  CREATE FUNCTION evil.wrong(oid, oid) RETURNS bool LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''evil''; END';
  CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.wrong);
  CREATE FUNCTION evil.wrong(name, name) RETURNS bool LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''evil''; END';
  CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.wrong);
  CREATE FUNCTION evil.wrong(int2, int2) RETURNS bool LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''evil''; END';
  CREATE OPERATOR evil.= (LEFTARG = int2, RIGHTARG = int2, FUNCTION = evil.wrong);
  CREATE FUNCTION evil.regexp_replace(text, text, text, text) RETURNS text LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION ''evil''; END';
  CREATE DOMAIN evil.name AS int;
  CREATE DOMAIN evil.oid AS date;
  INSERT INTO person VALUES (1, 'Ann', NULL);
  INSERT INTO orders VALUES (1, 1, 1, 'n');
  ANALYZE;
`;

export const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE parted RENAME user_id TO customer_id;
  ALTER TABLE person RENAME full_name TO name;
  ALTER TABLE person RENAME TO people;
`;

export const FLIP_BACK = `
  ALTER TABLE orders RENAME customer_id TO user_id;
  ALTER TABLE parted RENAME customer_id TO user_id;
  ALTER TABLE people RENAME name TO full_name;
  ALTER TABLE people RENAME TO person;
`;

const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.parted, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, rename: { full_name: name }, old: "<2.0.0", new: ">=2.0.0" }
`;

const NEW_NAMES: Readonly<Record<string, string>> = {
  user_id: "customer_id",
  person: "people",
  full_name: "name",
};

export const SIDES = ["old", "new"] as const;
export type Side = (typeof SIDES)[number];
export const VERSIONS: Readonly<Record<Side, string>> = { old: "shop@1.4.0", new: "shop@2.0.0" };

/** The SQL with what stands in guillemets in the names of one side. */
export function named(sql: string, side: Side): string {
  return sql.replaceAll(/«(.*?)»/g, (_, name: string) =>
    side === "old" ? name : (NEW_NAMES[name] ?? name),
  );
}

/** The databases of both sides, and one behind Straddle. All have the same OIDs. `more` is SQL behind the schema's. */
export function createIntrospectionTwins(more = ""): Promise<Twins> {
  return createTwins({ schema: SCHEMA + more, flip: FLIP, settings: SETTINGS });
}

/** Rows and their names, or the error, in a transaction that is rolled back. */
export async function answer(
  client: pg.Client,
  { title, sql, params }: IntrospectionCase,
): Promise<unknown> {
  await client.query("BEGIN");
  try {
    const query = { text: sql, rowMode: "array" as const };
    const result = await client.query(
      params === undefined ? query : { ...query, name: title, values: [...params] },
    );
    return [result].flat().map(({ rows, fields, command }) => ({
      rows,
      fields: fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`),
      command,
    }));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const { code, message, position } = error;
    return { code, message, position };
  } finally {
    await client.query("ROLLBACK");
  }
}
