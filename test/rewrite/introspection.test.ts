import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { Catalog } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
import { rewrite, rewritten, type Setting, table, windowOn } from "./setting.ts";

/** Statements on relations that show names, of the old version, before the flip and after it. */

beforeAll(loadParser);

function setting(orders: string, person: string): Setting {
  const catalog = new Catalog(
    [
      table(1, "orders", orders),
      table(3, person, "id"),
      table(1249, "pg_attribute", "attrelid attname attnum", "pg_catalog"),
      table(1259, "pg_class", "oid relname", "pg_catalog"),
      table(2610, "pg_index", "indexrelid indrelid", "pg_catalog"),
      table(90, "tables", "table_schema table_name", "information_schema"),
      table(91, "tables", "id"),
    ],
    1,
    "shop",
  );
  const windows = [
    windowOn("orders", { user_id: "customer_id" }),
    windowOn("person", {}, "people"),
  ];
  return {
    catalog,
    naming: namingFor({ app: "shop", version: "1.0.0" }, windows, catalog),
    searchPath: ["pg_catalog", "public"],
  };
}

const BEFORE = setting("id user_id", "person");
const AFTER = setting("id customer_id", "people");

const ATTRIBUTE =
  "(SELECT attrelid, CASE WHEN attrelid OPERATOR(pg_catalog.=) '1'::pg_catalog.oid AND attnum OPERATOR(pg_catalog.=) 2 THEN 'user_id'::pg_catalog.name ELSE attname END AS attname, attnum FROM ";
const CLASS =
  "(SELECT oid, CASE WHEN oid OPERATOR(pg_catalog.=) '3'::pg_catalog.oid THEN 'person'::pg_catalog.name ELSE relname END AS relname FROM ";

const flipProof = [
  {
    before: "SELECT attname FROM pg_attribute WHERE attrelid = $1",
    after: `SELECT attname FROM ${ATTRIBUTE}pg_attribute) AS pg_attribute WHERE attrelid = $1`,
  },
  {
    before:
      "SELECT * FROM pg_catalog.pg_attribute a /* as they are */ JOIN ONLY pg_class AS c(x) ON x = 1",
    after: `SELECT * FROM ${ATTRIBUTE}pg_catalog.pg_attribute) a /* as they are */ JOIN ${CLASS}ONLY pg_class) AS c(x) ON x = 1`,
  },
  { before: "TABLE pg_class", after: `SELECT * FROM ${CLASS}pg_class) AS pg_class` },
  {
    before: "SELECT c.xmin FROM pg_class c",
    after: `SELECT c.xmin FROM ${CLASS.replace(" FROM", ", tableoid, xmax, xmin, cmax, cmin, ctid FROM")}pg_class) c`,
  },
  {
    before: "SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class",
    after: `SELECT pg_class.relname FROM ${CLASS}pg_catalog.pg_class) AS pg_class`,
  },
  {
    before: "SELECT table_name FROM information_schema.tables",
    after:
      "SELECT table_name FROM (SELECT table_schema, CASE WHEN table_schema OPERATOR(pg_catalog.=) 'public'::pg_catalog.name AND (table_name OPERATOR(pg_catalog.=) 'person'::pg_catalog.name OR table_name OPERATOR(pg_catalog.=) 'people'::pg_catalog.name) THEN 'person'::information_schema.sql_identifier ELSE table_name END AS table_name FROM information_schema.tables) AS tables",
  },
  {
    before: "SELECT c.relname FROM pg_class c GROUP BY c.oid ORDER BY 1",
    after: `SELECT c.relname FROM ${CLASS}pg_class) c GROUP BY c.oid, c.relname ORDER BY 1`,
  },
  // What goes by the names of a key, and is none: another table's, or in an expression.
  ...[
    "SELECT c.relkind, max(c.relname) FROM pg_class c, pg_namespace n GROUP BY n.oid, c.relkind",
    "SELECT c.relkind, max(c.relname) FROM pg_class c, pg_namespace d GROUP BY c.relkind, d.oid",
    "SELECT c.relkind, max(c.relname) FROM pg_class c GROUP BY c.oid + 1, c.relkind",
    "SELECT c.relkind AS oid, max(c.relname) FROM pg_class c GROUP BY 1",
  ].map((before) => ({ before, after: before.replace("pg_class c", `${CLASS}pg_class) c`) })),
  // The key by its position or AS, before an expression, in an alias list, and a namesake of what is shown.
  ...[
    ["SELECT c.oid, c.relname FROM pg_class c GROUP BY 1", ", c.relname"],
    ["SELECT c.oid AS o, c.relname FROM pg_class c GROUP BY o", ", c.relname"],
    ["SELECT c.a, c.b FROM pg_class c (a, b) GROUP BY c.a", ", c.b"],
    ["SELECT c.relname FROM pg_class c, x GROUP BY x.relname, c.oid", ", c.relname"],
  ].map(([before = "", more = ""]) => ({
    before,
    after: before.replace("pg_class c", `${CLASS}pg_class) c`) + more,
  })),
  {
    before: "SELECT c.relname FROM pg_class c GROUP BY c.oid, (c.oid + 1)",
    after: `SELECT c.relname FROM ${CLASS}pg_class) c GROUP BY c.oid, c.relname, (c.oid + 1)`,
  },
  {
    before: "SELECT my_func(c.*, 1) FROM pg_class c",
    after: `SELECT my_func(CASE WHEN c.oid IS NOT NULL THEN ROW(c.*)::pg_catalog.pg_class END, 1) FROM ${CLASS}pg_class) c`,
  },
  {
    before: "SELECT i.*, c.xmin FROM pg_index i, pg_class c",
    after: `SELECT i.*, c.xmin FROM pg_index i, ${CLASS.replace(" FROM", ", tableoid, xmax, xmin, cmax, cmin, ctid FROM")}pg_class) c`,
  },
  {
    before: "SELECT oid, relname FROM pg_class GROUP BY 1, relname",
    after: `SELECT oid, relname FROM ${CLASS}pg_class) AS pg_class GROUP BY 1, relname`,
  },
];
for (const { before, after } of flipProof) {
  test(before, () => {
    expect(rewritten(before, BEFORE)).toEqual({ after });
    expect(rewritten(before, AFTER)).toEqual({ after });
    expect(rewrite(before, AFTER)).toMatchObject({ touched: [], dependsOnPhysical: false });
  });
}

const left = [
  { why: "nothing in it shows names", sql: "SELECT indrelid FROM pg_index" },
  {
    why: "a WITH query's name",
    sql: "WITH pg_class AS (SELECT 1 AS oid) SELECT oid FROM pg_class",
  },
  { why: "a table of the user's", sql: "SELECT * FROM tables, public.tables AS t" },
  { why: "a sample is of a table", sql: "SELECT oid FROM pg_class TABLESAMPLE system (9)" },
  { why: "a row may be wanted in its type", sql: "SELECT my_func(c) FROM pg_class c" },
  { why: "grouped by its key, in sets", sql: "SELECT relname FROM pg_class GROUP BY ROLLUP (oid)" },
  { why: "grouped by its key, all shown", sql: "SELECT c.* FROM pg_class c GROUP BY c.oid" },
  { why: "system columns beside a star", sql: "SELECT *, ctid FROM pg_class" },
  { why: "system columns beside a row", sql: "SELECT ctid, row_to_json(c) FROM pg_class c" },
  {
    why: "a row from the query around it",
    sql: "SELECT (SELECT my_func(c.*) FROM (SELECT 1) x) FROM pg_class c",
  },
  { why: "a namesake", sql: "SELECT FROM information_schema.tables, public.tables" },
  { why: "a view is for all versions", sql: "CREATE VIEW v AS SELECT relname FROM pg_class" },
  {
    why: "a policy is for all versions",
    sql: "CREATE POLICY p ON plain USING (pg_get_indexdef(id) IS NOT NULL)",
  },
  { why: "a row in its type", sql: "SELECT c::pg_class FROM pg_class c" },
  { why: "another expression", sql: "SELECT pg_get_indexdef(indexrelid + 0) FROM pg_index" },
  { why: "a function of the user's", sql: "SELECT my.pg_get_indexdef(indexrelid) FROM pg_index" },
  { why: "no text", sql: "SELECT indrelid::regclass FROM pg_index" },
];
for (const { why, sql } of left) {
  test(`${why}: ${sql}`, () => {
    expect(rewritten(sql, AFTER)).toEqual({ after: "=" });
  });
}

const COMPOSED = (text: string) =>
  `pg_catalog.regexp_replace((${text})::pg_catalog.text, '^((?:(?:.*[.])?"?public"?[.])?)(?:"person"|person)$',  E'\\\\1people')`;

const onceFlipped = [
  {
    sql: "SELECT pg_table_size(format('%I', $1))",
    after: `SELECT pg_table_size(${COMPOSED("format('%I', $1)")})`,
  },
  {
    sql: "SELECT relname::regclass, ('' || relname)::regclass, quote_ident(relname)::regclass FROM pg_index",
    after: `SELECT ${COMPOSED("relname")}::regclass AS relname, ${COMPOSED("('' || relname)")}::regclass AS regclass, ${COMPOSED("quote_ident(relname)")}::regclass AS quote_ident FROM pg_index`,
  },
  {
    sql: "SELECT ('' || $1)::regclass::oid",
    after: `SELECT ${COMPOSED("('' || $1)")}::regclass::oid AS oid`,
  },
  {
    sql: "SELECT has_table_privilege(a || '.' || b, 'SELECT')",
    after: `SELECT has_table_privilege(${COMPOSED("a || '.' || b")}, 'SELECT')`,
  },
  { sql: "SELECT 'person'::regclass::oid", after: "SELECT 'people'::regclass::oid" },
  { sql: "SELECT to_regclass('public.person')", after: "SELECT to_regclass('public.people')" },
  {
    sql: "SELECT pg_get_serial_sequence('orders', 'user_id')",
    after: "SELECT pg_get_serial_sequence('orders', 'customer_id')",
  },
];
for (const { sql, after } of onceFlipped) {
  test(`hangs on the physical name: ${sql}`, () => {
    expect(rewritten(sql, BEFORE)).toEqual({ after: "=" });
    expect(rewritten(sql, AFTER)).toEqual({ after });
    for (const place of [BEFORE, AFTER]) {
      expect(rewrite(sql, place)).toMatchObject({ kind: "edited", dependsOnPhysical: true });
    }
  });
}
