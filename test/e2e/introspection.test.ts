import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTwins, runDirect, type Twins } from "../support/twins.ts";
import { FUNCTION_CASES, type IntrospectionCase, RELATION_CASES } from "./introspection-cases.ts";

/**
 * What each version sees of the schema, before and after its names change, is what a database with that
 * version's names shows. The databases have the same OIDs.
 */

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
  INSERT INTO person VALUES (1, 'Ann', NULL);
  INSERT INTO orders VALUES (1, 1, 1, 'n');
  ANALYZE;
`;

const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE parted RENAME user_id TO customer_id;
  ALTER TABLE person RENAME full_name TO name;
  ALTER TABLE person RENAME TO people;
`;

const FLIP_BACK = `
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

const SIDES = ["old", "new"] as const;
type Side = (typeof SIDES)[number];
const VERSIONS: Readonly<Record<Side, string>> = { old: "shop@1.4.0", new: "shop@2.0.0" };

function named(sql: string, side: Side): string {
  return sql.replaceAll(/«(.*?)»/g, (_, name: string) =>
    side === "old" ? name : (NEW_NAMES[name] ?? name),
  );
}

let twins: Twins;
const clients: pg.Client[] = [];
let direct: Readonly<Record<Side, pg.Client>>;
let through: Readonly<Record<Side, pg.Client>>;

async function connect(options: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(options);
  await client.connect();
  clients.push(client);
  return client;
}

beforeAll(async () => {
  twins = await createTwins({ schema: SCHEMA, flip: FLIP, settings: SETTINGS });
  const via = (side: Side) =>
    connect({
      ...twins.shared.connection,
      port: twins.straddle.port,
      application_name: VERSIONS[side],
    });
  direct = { old: await connect(twins.old.connection), new: await connect(twins.new.connection) };
  through = { old: await via("old"), new: await via("new") };
});

afterAll(async () => {
  for (const client of clients) await client.end();
  await twins.end();
});

/** Rows and their names, or the error, in a transaction that is rolled back. */
async function answer(client: pg.Client, { sql, params }: IntrospectionCase): Promise<unknown> {
  await client.query("BEGIN");
  try {
    const query = { text: sql, rowMode: "array" as const };
    const result = await client.query(
      params === undefined ? query : { ...query, values: [...params] },
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

/** information_schema has the database's name in all its views. */
function withoutDatabase(value: unknown): unknown {
  const names = [twins.old, twins.new, twins.shared].map(({ name }) => name);
  return JSON.parse(
    names.reduce((text, name) => text.replaceAll(`"${name}"`, '"db"'), JSON.stringify(value)),
  );
}

async function expectSame(side: Side, asked: IntrospectionCase): Promise<void> {
  const sql = named(asked.sql, side);
  const params = asked.params?.map((param) => named(param, side));
  const own = params === undefined ? { ...asked, sql } : { ...asked, sql, params };
  const expected = withoutDatabase(await answer(direct[side], own));
  expect(withoutDatabase(await answer(through[side], own))).toEqual(expected);
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
      test.for([...RELATION_CASES, ...FUNCTION_CASES])(`${side} names: $title`, (asked) =>
        expectSame(side, asked),
      );
    }
  });
}
