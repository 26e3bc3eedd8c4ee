import assert from "node:assert/strict";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { turnBackError } from "../../src/rewrite/answers.ts";
import { answersFor } from "../../src/rewrite/answers-for.ts";
import { applyEdits } from "../../src/sql/edit.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { Catalog, type Relation } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
import { createDatabase, type TestDatabase, THIS_DATABASE } from "../support/server.ts";
import { ADJACENT } from "./adjacent-cases.ts";
import { HOSTILE, HOSTILE_REFUSED } from "./hostile-cases.ts";
import { READS } from "./reads-cases.ts";
import { ROWS } from "./row-cases.ts";
import { rewrite, type Setting, WINDOWS } from "./setting.ts";
import { WRITES } from "./writes-cases.ts";

/**
 * The server as judge: what a version sends runs on a database that has its names, the rewritten text
 * on a twin that has the other version's. Rows, column names and errors have to be the same.
 */

const SCHEMA = `
  CREATE SCHEMA archive;
  CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL DEFAULT 7, total int, note text DEFAULT 'n');
  CREATE TABLE invoices (id int PRIMARY KEY, gone int, nr int, total int, gone2 int, "Payer Id" int, rest text);
  ALTER TABLE invoices DROP COLUMN gone, DROP COLUMN gone2;
  CREATE UNIQUE INDEX ON invoices (nr, "Payer Id", (nr + 1)) WHERE total = 4711;
  CREATE TABLE person (id int PRIMARY KEY, name text, boss_id int);
  CREATE TABLE items (id int PRIMARY KEY, order_id int, customer_id int, sku text);
  CREATE TABLE users (user_id int PRIMARY KEY, name text);
  CREATE TABLE archive.orders (id int, user_id int, other text);
  CREATE TABLE parted (id int, user_id int NOT NULL) PARTITION BY RANGE (id);
  CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
  CREATE TABLE parted_high (user_id int NOT NULL, id int NOT NULL);
  ALTER TABLE parted ATTACH PARTITION parted_high FOR VALUES FROM (100) TO (200);
  CREATE TABLE plain (id int PRIMARY KEY, total int, label text);
  INSERT INTO orders VALUES (1, 20, 5, 'a'), (2, 1, 6, 'b'), (3, 20, NULL, 'c');
  INSERT INTO invoices VALUES (1, 2, 9, 4, 'r'), (2, 20, 8, 1, 's');
  INSERT INTO person VALUES (1, 'Ann', NULL), (2, 'Bob', 1);
  INSERT INTO items VALUES (1, 1, 3, 'x'), (2, 2, 20, 'y');
  INSERT INTO users VALUES (1, 'one'), (20, 'twenty');
  INSERT INTO archive.orders VALUES (1, 2, 'o');
  INSERT INTO plain VALUES (1, 2, 'l');
  ANALYZE;
`;

const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE invoices RENAME nr TO number;
  ALTER TABLE invoices RENAME "Payer Id" TO payer;
  ALTER TABLE person RENAME TO people;
  ALTER TABLE parted RENAME user_id TO customer_id;
`;

/** Every old name for its new one, and the other way round. */
function swapped(sql: string): string {
  return sql.replaceAll(NAMES, (name) => SWAPS[name] ?? name);
}

const NAMES = /\b(?:user_id|customer_id|nr|number|person|people|payer)\b|"Payer Id"/gi;
const SWAPS: Readonly<Record<string, string>> = {
  user_id: "customer_id",
  USER_ID: "CUSTOMER_ID",
  customer_id: "user_id",
  nr: "number",
  number: "nr",
  '"Payer Id"': "payer",
  payer: '"Payer Id"',
  person: "people",
  people: "person",
};

/** A session whose names are not those that the database has, from each side of the windows. */
class Twins {
  readonly version: string;
  readonly spell: (sql: string) => string;
  original: pg.Client | undefined;
  renamed: pg.Client | undefined;
  place: Setting | undefined;
  readonly #databases: TestDatabase[] = [];

  constructor(version: string, spell: (sql: string) => string) {
    this.version = version;
    this.spell = spell;
  }

  async open(): Promise<void> {
    this.original = await this.#openTwin();
    this.renamed = await this.#openTwin();
    await this.renamed.query(this.spell(FLIP));
    const catalog = new Catalog(await readRelations(this.renamed), 1, THIS_DATABASE);
    const naming = namingFor({ app: "shop", version: this.version }, WINDOWS, catalog);
    this.place = { catalog, naming, searchPath: ["pg_catalog", "public"] };
  }

  async close(): Promise<void> {
    await this.original?.end();
    await this.renamed?.end();
    for (const database of this.#databases) await database.drop();
  }

  async #openTwin(): Promise<pg.Client> {
    const database = await createDatabase();
    this.#databases.push(database);
    const client = new pg.Client(database.connection);
    await client.connect();
    await client.query(this.spell(SCHEMA));
    return client;
  }
}

const ALL_TWINS = [
  { title: "the old version after the rename", twins: new Twins("1.0.0", (sql) => sql) },
  { title: "the new version before the rename", twins: new Twins("2.0.0", swapped) },
];

beforeAll(async () => {
  await loadParser();
  for (const { twins } of ALL_TWINS) await twins.open();
});

afterAll(async () => {
  for (const { twins } of ALL_TWINS) await twins.close();
});

/** Errors that name a key. */
const KEYS = [
  'INSERT INTO invoices (id, nr, "Payer Id", total) VALUES (90, 1, 2, 4711), (91, 1, 2, 4711)',
];

const CASES = [...READS, ...WRITES, ...ADJACENT, ...ROWS].flatMap(({ before, refused }) =>
  refused === undefined ? [before] : [],
);
for (const { title, twins } of ALL_TWINS) describe(title, () => compareAll(twins));

function compareAll(twins: Twins): void {
  test.for(HOSTILE_REFUSED.map(twins.spell))("refused: %s", (before) => {
    assert(twins.place !== undefined);
    expect(rewrite(before, twins.place)).toMatchObject({ kind: "refused", sqlstate: "0A000" });
  });

  test.for([...CASES, ...HOSTILE, ...KEYS].map(twins.spell))("%s", async (before) => {
    const { original, renamed, place } = twins;
    assert(original !== undefined && renamed !== undefined && place !== undefined);
    const result = rewrite(before, place);
    const expected = await run(original, before);
    if (result.kind === "refused") throw new Error(result.detail);
    const { edits, answers } = result.kind === "edited" ? result : UNTOUCHED;
    const ranText = applyEdits(before, edits);
    const outcome = await run(renamed, ranText);
    if (outcome.kind === "error") {
      const input = { sentText: before, ranText, edits, answers };
      const fields = Object.fromEntries(
        turnBackError(new Map(Object.entries(outcome.fields)), input),
      );
      expect({ ...outcome, fields }).toEqual(expected);
      return;
    }
    const columns = outcome.columns.map(({ name, ...field }) => {
      const rename = answers.renameFields.find(
        ({ tableOid, attnum, from }) =>
          tableOid === field.tableOid && attnum === field.attnum && from === name,
      );
      return { name: rename?.to ?? name };
    });
    expect({ ...outcome, columns }).toEqual({
      ...expected,
      columns: expected.kind === "rows" ? expected.columns.map(({ name }) => ({ name })) : [],
    });
  });
}

const UNTOUCHED = { edits: [], answers: answersFor([], new Map()) };

type Outcome =
  | {
      readonly kind: "rows";
      readonly rows: unknown[];
      readonly columns: { name: string; tableOid: number; attnum: number }[];
    }
  | { readonly kind: "error"; readonly fields: Record<string, string> };

/** Runs a text in a transaction that is rolled back. */
async function run(client: pg.Client, sent: string): Promise<Outcome> {
  const database = client.database ?? "";
  const text = sent.replaceAll(THIS_DATABASE, database);
  await client.query("BEGIN");
  try {
    const { rows, fields } = await client.query({ text, rowMode: "array" });
    const columns = fields.map((field) => ({
      name: field.name,
      tableOid: field.tableID,
      attnum: field.columnID,
    }));
    return { kind: "rows", rows, columns };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { kind: "error", fields: errorFields(error, database) };
  } finally {
    await client.query("ROLLBACK");
  }
}

function errorFields(error: pg.DatabaseError, database: string): Record<string, string> {
  const fields = {
    C: error.code,
    M: error.message,
    D: error.detail,
    H: error.hint,
    P: error.position,
    s: error.schema,
    t: error.table,
    c: error.column,
    n: error.constraint,
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([code, text]) =>
      text === undefined ? [] : [[code, text.replaceAll(database, THIS_DATABASE)]],
    ),
  );
}

async function readRelations(client: pg.Client): Promise<Relation[]> {
  const { rows } = await client.query<{
    oid: number;
    schema: string;
    name: string;
    kind: string;
    columns: Relation["columns"];
    parents: number[] | null;
  }>(`
    SELECT c.oid::int AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
           json_agg(json_build_object('name', a.attname, 'attnum', a.attnum) ORDER BY a.attnum) AS columns
    , (SELECT json_agg(inhparent::int) FROM pg_inherits WHERE inhrelid = c.oid) AS parents
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'archive') GROUP BY c.oid, n.nspname, c.relname, c.relkind`);
  return rows.map(({ parents, ...relation }) =>
    parents === null ? relation : { ...relation, parents },
  );
}
