import { quoteIdentifier } from "../sql/tokens.ts";
import type { Relation } from "../version/catalog.ts";
import type { NamedColumn, NamedRelation } from "../version/naming.ts";
import { isInChain, nameInRows } from "./current-name.ts";
import { literal } from "./server-literal.ts";
import { exchangedText, INDEX_DEFINITION } from "./shown-definitions.ts";

/**
 * Which columns of the server's own relations show names of tables and columns, by what they are told
 * apart, and the expression that shows a version's names in their place.
 *
 * An expression goes by OID and position, or by both names of a window, of which a table has one at a
 * time: it is right before the rename and after it. Of a chain's column it asks the server for the one.
 */
interface ShownName {
  /** The column that shows a name. */
  readonly column: string;
  readonly shows: "table" | "column" | "expression" | "index" | "row_type";
  /** The columns that say of which table. */
  readonly table:
    | { readonly oid: string; readonly attnum?: string }
    | { readonly schema: string; readonly name: string };
}

const SHOWN: readonly ShownName[] = [
  { column: "attname", shows: "column", table: { oid: "attrelid", attnum: "attnum" } },
  { column: "attname", shows: "column", table: { schema: "schemaname", name: "tablename" } },
  { column: "relname", shows: "table", table: { oid: "relid" } },
  { column: "indexdef", shows: "index", table: { schema: "schemaname", name: "tablename" } },
  {
    column: "generation_expression",
    shows: "expression",
    table: { schema: "table_schema", name: "table_name" },
  },
  { column: "tablename", shows: "table", table: { schema: "schemaname", name: "tablename" } },
  { column: "viewname", shows: "table", table: { schema: "schemaname", name: "viewname" } },
  { column: "matviewname", shows: "table", table: { schema: "schemaname", name: "matviewname" } },
  { column: "table_name", shows: "table", table: { schema: "table_schema", name: "table_name" } },
  { column: "column_name", shows: "column", table: { schema: "table_schema", name: "table_name" } },
  {
    column: "dependent_column",
    shows: "column",
    table: { schema: "table_schema", name: "table_name" },
  },
  {
    column: "event_object_table",
    shows: "table",
    table: { schema: "event_object_schema", name: "event_object_table" },
  },
  {
    column: "event_object_column",
    shows: "column",
    table: { schema: "event_object_schema", name: "event_object_table" },
  },
  {
    column: "foreign_table_name",
    shows: "table",
    table: { schema: "foreign_table_schema", name: "foreign_table_name" },
  },
  {
    column: "object_name",
    shows: "table",
    table: { schema: "object_schema", name: "object_name" },
  },
];

/** `oid` is a column of many: only these two are a table's. */
const SHOWN_BY_RELATION: Readonly<Record<string, readonly ShownName[]>> = {
  pg_class: [{ column: "relname", shows: "table", table: { oid: "oid" } }],
  pg_type: [{ column: "typname", shows: "row_type", table: { oid: "typrelid" } }],
};

/** The relations that have such columns, all of pg_catalog or of information_schema. */
export const SHOWING_RELATIONS: ReadonlySet<string> = new Set([
  "pg_attribute",
  "pg_class",
  "pg_indexes",
  "pg_matviews",
  "pg_policies",
  "pg_publication_tables",
  "pg_rules",
  "pg_stat_all_indexes",
  "pg_stat_all_tables",
  "pg_stat_sys_indexes",
  "pg_stat_sys_tables",
  "pg_stat_user_indexes",
  "pg_stat_user_tables",
  "pg_stat_xact_all_tables",
  "pg_stat_xact_user_tables",
  "pg_statio_all_indexes",
  "pg_statio_all_sequences",
  "pg_statio_all_tables",
  "pg_statio_user_indexes",
  "pg_statio_user_tables",
  "pg_stats",
  "pg_stats_ext",
  "pg_stats_ext_exprs",
  "pg_tables",
  "pg_type",
  "pg_views",
  "column_column_usage",
  "column_domain_usage",
  "column_options",
  "column_privileges",
  "column_udt_usage",
  "columns",
  "constraint_column_usage",
  "constraint_table_usage",
  "data_type_privileges",
  "element_types",
  "foreign_table_options",
  "foreign_tables",
  "key_column_usage",
  "role_column_grants",
  "role_table_grants",
  "routine_column_usage",
  "routine_table_usage",
  "table_constraints",
  "table_privileges",
  "tables",
  "triggered_update_columns",
  "triggers",
  "view_column_usage",
  "view_table_usage",
  "views",
]);

/**
 * The columns of a system relation that show names of these tables, with what is to stand in their
 * place; none for any other relation.
 */
export function shownNames(
  relation: Relation,
  windowed: readonly NamedRelation[],
): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  const { schema, name } = relation;
  const isInformation = schema === "information_schema";
  if ((!isInformation && schema !== "pg_catalog") || !SHOWING_RELATIONS.has(name)) return result;
  const type = isInformation ? "information_schema.sql_identifier" : "pg_catalog.name";
  for (const shown of [...SHOWN, ...(SHOWN_BY_RELATION[name] ?? [])]) {
    const needed = [shown.column, ...Object.values(shown.table)];
    if (!needed.every((column) => relation.columns.some((each) => each.name === column))) continue;
    const branches = windowed.flatMap((table) => branchesFor(shown, table, type));
    if (branches.length === 0) continue;
    result.set(shown.column, `CASE ${branches.join(" ")} ELSE ${shown.column} END`);
  }
  return result;
}

const TEXT_TYPE = "information_schema.character_data";

function branchesFor(shown: ShownName, table: NamedRelation, type: string): readonly string[] {
  const isTable = isOfTable(shown, table);
  if (shown.shows === "table" || shown.shows === "row_type") {
    if (table.otherName === undefined) return [];
    const own = `WHEN ${isTable} THEN ${literal(table.logicalName)}::${type}`;
    return shown.shows === "table" ? [own] : [own, arrayBranch(table)];
  }
  if (shown.shows !== "column") {
    const spelling = shown.shows === "index" ? INDEX_DEFINITION : {};
    const text = `${shown.column}::pg_catalog.text`;
    const exchanged = exchangedText(text, spelling, table);
    const textType = type === "pg_catalog.name" ? "pg_catalog.text" : TEXT_TYPE;
    return exchanged === text ? [] : [`WHEN ${isTable} THEN ${exchanged}::${textType}`];
  }
  return table.columns.flatMap((column) => {
    if (column.otherName === undefined) return [];
    const isColumn = isOfColumn(shown, table, column, column.otherName);
    return [`WHEN ${isTable} AND ${isColumn} THEN ${literal(column.logical)}::${type}`];
  });
}

/** The array type of a table's row type goes by an underscore and the table's name. */
function arrayBranch({ oid, logicalName }: NamedRelation): string {
  const isTable = `c.oid OPERATOR(pg_catalog.=) ${literal(String(oid))}::pg_catalog.oid`;
  const rows =
    "pg_catalog.pg_class c JOIN pg_catalog.pg_type r ON r.oid OPERATOR(pg_catalog.=) c.reltype";
  const array = `(SELECT r.typarray FROM ${rows} WHERE ${isTable})`;
  return `WHEN oid OPERATOR(pg_catalog.=) ${array} THEN ${literal(`_${logicalName}`)}::pg_catalog.name`;
}

function isOfColumn(
  shown: ShownName,
  table: NamedRelation,
  column: NamedColumn,
  otherName: string,
): string {
  if ("oid" in shown.table && shown.table.attnum !== undefined) {
    return `${shown.table.attnum} OPERATOR(pg_catalog.=) ${column.attnum}`;
  }
  if (isInChain(table, column)) {
    return `${shown.column} OPERATOR(pg_catalog.=) ${nameInRows(table, column)}`;
  }
  return isAnyOf(shown.column, [column.logical, otherName]);
}

function isOfTable({ table: by }: ShownName, table: NamedRelation): string {
  if ("oid" in by) {
    return `${by.oid} OPERATOR(pg_catalog.=) ${literal(String(table.oid))}::pg_catalog.oid`;
  }
  const { logicalName, otherName } = table;
  const names = otherName === undefined ? [logicalName] : [logicalName, otherName];
  return `${isAnyOf(by.schema, [table.schema])} AND ${isAnyOf(by.name, names)}`;
}

function isAnyOf(column: string, names: readonly string[]): string {
  const tests = names.map(
    (name) => `${column} OPERATOR(pg_catalog.=) ${literal(name)}::pg_catalog.name`,
  );
  return tests.length === 1 ? tests.join("") : `(${tests.join(" OR ")})`;
}

/** `SELECT` list of a system relation in which a version's names stand, all columns in their order. */
export function shownList(
  relation: Relation,
  names: ReadonlyMap<string, string>,
  more: readonly string[],
): string {
  const columns = relation.columns.map(({ name }) => {
    const shown = names.get(name);
    return shown === undefined ? quoteIdentifier(name) : `${shown} AS ${quoteIdentifier(name)}`;
  });
  return [...columns, ...more].join(", ");
}
