import type { Window } from "../../src/version/window.ts";
import { windowOn } from "../rewrite/setting.ts";

/** As long as a name can be: 63 bytes. */
const LONG = `ä${"long_".repeat(12)}x`;

/** Tables of which columns, whole tables and both are renamed, beside some that have the same names. */
export const SCHEMA = `
  CREATE SCHEMA archive;
  CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL DEFAULT 7, total int, note text DEFAULT 'n');
  CREATE TABLE invoices (id int PRIMARY KEY, gone int, nr int, total int, gone2 int, "Payer Id" int,
    twice int GENERATED ALWAYS AS (nr * 2) STORED, rest text, UNIQUE (nr, "Payer Id"));
  ALTER TABLE invoices DROP COLUMN gone, DROP COLUMN gone2;
  CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL DEFAULT 'p', boss_id int);
  CREATE TABLE "Staff" (id int UNIQUE, "größe" int, user_id int DEFAULT 3, name text, CHECK ("größe" < 50 OR user_id > 0));
  CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders, customer_id int, sku text);
  CREATE TABLE users (user_id int PRIMARY KEY, name text, number int);
  CREATE TABLE archive.orders (id int, user_id int, other text);
  CREATE TABLE parted (id int, user_id int NOT NULL, PRIMARY KEY (id, user_id)) PARTITION BY RANGE (id);
  CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
  CREATE TABLE parted_high (user_id int NOT NULL, id int NOT NULL);
  ALTER TABLE parted ATTACH PARTITION parted_high FOR VALUES FROM (100) TO (200);
  CREATE TABLE things (id int, code int, CHECK (code <> 13));
  CREATE TABLE heirs (user_id int) INHERITS (things);
  CREATE TABLE archive.things (code int, id int, rest text);
  CREATE TABLE "order" (gone int, "select" int PRIMARY KEY, "user" int NOT NULL DEFAULT 4, "${LONG}" int, "from" text);
  ALTER TABLE "order" DROP COLUMN gone;
  CREATE TABLE prices (id int PRIMARY KEY, net int DEFAULT 2, gross int NOT NULL DEFAULT 3, CHECK (gross <> 13), label text, UNIQUE (net, gross));
  CREATE PROCEDURE touch(INOUT a int, b text DEFAULT 'b') LANGUAGE sql AS 'SELECT a + 1';
  CREATE TABLE plain (id int PRIMARY KEY, total int, label text);
  CREATE VIEW recent AS SELECT id, user_id, total FROM orders WHERE id > 1;
  INSERT INTO orders VALUES (1, 20, 5, 'a'), (2, 1, 6, 'b'), (3, 20, NULL, 'c');
  INSERT INTO invoices (id, nr, total, "Payer Id", rest) VALUES (1, 2, 9, 4, 'r'), (2, 20, 8, 1, 's');
  INSERT INTO person VALUES (1, 'a', NULL), (2, 'b', 1);
  INSERT INTO "Staff" VALUES (1, 2, 20, 'a'), (2, 20, 1, 'b'), (NULL, 3, 3, NULL);
  INSERT INTO items VALUES (1, 1, 3, 'x'), (2, 2, 20, 'a');
  INSERT INTO users VALUES (1, 'a', 2), (20, 't', NULL);
  INSERT INTO archive.orders VALUES (1, 2, 'o');
  INSERT INTO parted VALUES (1, 1), (2, 20), (101, 3);
  INSERT INTO things VALUES (1, 2), (2, 20);
  INSERT INTO heirs VALUES (3, 1, 20);
  INSERT INTO archive.things VALUES (2, 1, 'r'), (20, 3, NULL);
  INSERT INTO "order" VALUES (1, 20, 2, 'f'), (2, 1, NULL, NULL);
  INSERT INTO plain VALUES (1, 2, 'l'), (2, 20, 'a');
  INSERT INTO prices VALUES (1, 2, 20, 'l'), (2, 20, 1, 'a'), (3, NULL, 2, NULL);
  ANALYZE;
`;

const OTHERS =
  "items, users, prices, archive.orders, parted_low, parted_high, things, heirs, plain, archive.things";

export const FLIP = `
  ALTER TABLE orders RENAME user_id TO customer_id;
  ALTER TABLE invoices RENAME nr TO number;
  ALTER TABLE invoices RENAME "Payer Id" TO payer;
  ALTER TABLE person RENAME TO people;
  ALTER TABLE "Staff" RENAME "größe" TO size;
  ALTER TABLE "Staff" RENAME user_id TO "customer_id";
  ALTER TABLE "Staff" RENAME TO crew;
  ALTER TABLE parted RENAME user_id TO customer_id;
  ALTER TABLE things RENAME code TO sku;
  ALTER TABLE archive.things RENAME code TO number;
  ALTER TABLE "order" RENAME "user" TO "group";
  ALTER TABLE "order" RENAME "${LONG}" TO "to";
  ALTER TABLE "order" RENAME TO "Table";
  ALTER TABLE prices RENAME gross TO total;
  ALTER TABLE prices RENAME net TO gross;
`;

export const WINDOWS: readonly Window[] = [
  windowOn("orders", { user_id: "customer_id" }),
  windowOn("invoices", { nr: "number", "Payer Id": "payer" }),
  windowOn("person", {}, "people"),
  windowOn("Staff", { größe: "size" }, "crew"),
  { ...windowOn("Staff", { user_id: "customer_id" }), otherTables: ["crew"] },
  windowOn("parted", { user_id: "customer_id" }),
  windowOn("things", { code: "sku" }),
  { ...windowOn("things", { code: "number" }), schema: "archive" },
  windowOn("order", { user: "group", [LONG]: "to" }, "Table"),
  windowOn("prices", { net: "gross", gross: "total" }),
];

/** Which names a database has. */
export type Names = "old" | "new";

/** Makes the files of all tables anew: what has been rolled back leaves nothing behind. */
export const VACUUM: Readonly<Record<Names, string>> = {
  old: `VACUUM FULL orders, invoices, person, "Staff", "order", ${OTHERS}`,
  new: `VACUUM FULL orders, invoices, people, crew, "Table", ${OTHERS}`,
};

/** The same, as settings of a Straddle. */
export const WINDOW_SETTINGS = `windows:\n${WINDOWS.map(
  ({ schema, table, renameTable, renameColumns }) =>
    [
      `  - table: ${schema}.${table}`,
      ...(renameColumns.size > 0
        ? [`    rename: ${JSON.stringify(Object.fromEntries(renameColumns))}`]
        : []),
      ...(renameTable === undefined ? [] : [`    rename_table: ${renameTable}`]),
      '    old: "<2.0.0"',
      '    new: ">=2.0.0"',
    ].join("\n"),
).join("\n")}\n`;

export type Kind = "int" | "text";
export interface Column {
  readonly name: string;
  readonly kind: Kind;
}

/** Something in FROM, or a table that could stand there. */
export interface Source {
  readonly name: string;
  readonly schema: string;
  readonly columns: readonly Column[];
  /** `old` or `new` in RETURNING. */
  readonly isVersion?: true;
}

export type Version = "1.0.0" | "2.0.0";

/** "old/new" or one name for both; a column of text has a "*". */
const TABLES: readonly (readonly [schema: string, name: string, columns: string])[] = [
  ["public", "orders", "id user_id/customer_id total note*"],
  ["public", "orders", "id user_id/customer_id total note*"],
  ["public", "invoices", "id nr/number total Payer_Id/payer twice rest*"],
  ["public", "person/people", "id name* boss_id"],
  ["public", "Staff/crew", "id größe/size user_id/customer_id name*"],
  ["public", "items", "id order_id customer_id sku*"],
  ["public", "users", "user_id name* number"],
  ["public", "plain", "id total label*"],
  ["public", "parted", "id user_id/customer_id"],
  ["public", "things", "id code/sku"],
  ["public", "heirs", "id code/sku user_id"],
  ["public", "parted_low", "id user_id/customer_id"],
  ["public", "parted_high", "user_id/customer_id id"],
  ["archive", "orders", "id user_id other*"],
  ["public", "recent", "id user_id total"],
  ["archive", "things", "code/number id rest*"],
  ["public", "order/Table", "select user/group LONG/to from*"],
  ["public", "prices", "id net/gross gross/total label*"],
  ["pg_temp", "parted", "customer_id id user_id more*"],
];

/** A temporary table of each session, which covers one under a window. */
export const TEMPORARY = [
  "CREATE TEMP TABLE parted (customer_id int, id int, user_id int, more text)",
  "INSERT INTO parted VALUES (1, 2, 20, 'm')",
];

/** Search paths, and the schemas that they come to. */
export const PATHS = {
  default: { sets: undefined, schemas: ["pg_temp", "public"] },
  "temporary last": { sets: "public, pg_temp", schemas: ["public", "pg_temp"] },
  "archive first": { sets: "archive, public, pg_temp", schemas: ["archive", "public", "pg_temp"] },
} as const;
export type Path = keyof typeof PATHS;

/** The tables by the names that a version has for them. */
export function tablesOf(version: Version): readonly Source[] {
  const side = (names: string) => {
    const [before = "", after = before] = names.split("/");
    return (version === "1.0.0" ? before : after)
      .replace("Payer_Id", "Payer Id")
      .replace("LONG", LONG);
  };
  return TABLES.map(([schema, name, columns]) => ({
    schema,
    name: side(name),
    columns: columns.split(" ").map((column) => ({
      name: side(column.replace("*", "")),
      kind: column.endsWith("*") ? "text" : "int",
    })),
  }));
}

/** Names of columns of both versions: any of them may stand anywhere. */
export const COLUMN_NAMES = [
  "id",
  "user_id",
  "customer_id",
  "total",
  "nr",
  "number",
  "Payer Id",
  "payer",
  "code",
  "sku",
  "größe",
  "size",
  "name",
  "user_id",
  "customer_id",
  "note",
  "boss_id",
  "twice",
  "user",
  "group",
  "select",
  LONG,
  "to",
  "more",
] as const;

export const TABLE_NAMES = [
  "orders",
  "person",
  "people",
  "Staff",
  "crew",
  "invoices",
  "things",
  "users",
  "nowhere",
  "parted",
  "order",
  "Table",
] as const;

/** What things are called that a statement itself makes up. */
export const ALIASES = [
  "o",
  "t",
  "x",
  "orders",
  "user_id",
  "customer_id",
  "people",
  "person",
  "crew",
  "old",
  "new",
  "excluded",
  "Q w",
  "order",
  "number",
] as const;
