import type { NamedColumn, NamedRelation } from "../version/naming.ts";
import { literal } from "./server-literal.ts";

/**
 * A column of a chain (a to b, b to c) can't be told by its names, as one of them is another column's before the rename
 * or after it. What it is called by the time a statement runs is asked of the server, by table and position.
 */
export function isInChain(relation: NamedRelation, column: NamedColumn): boolean {
  return relation.chained.includes(column.physical);
}

/** SQL of type `name`: as the rows of the catalog have it that the query itself sees. */
export function nameInRows({ oid }: NamedRelation, { attnum }: NamedColumn): string {
  const row = `a.attrelid OPERATOR(pg_catalog.=) ${oidOf(oid)} AND a.attnum OPERATOR(pg_catalog.=) ${attnum}`;
  return `(SELECT a.attname FROM pg_catalog.pg_attribute a WHERE ${row})`;
}

/** SQL of type `text`: as functions see it, which look into the catalog of now even where a query's snapshot is older. */
export function nameInFunctions({ oid }: NamedRelation, { attnum }: NamedColumn): string {
  const table = "'pg_catalog.pg_class'::pg_catalog.regclass";
  const address = `pg_catalog.pg_identify_object_as_address(${table}, ${oidOf(oid)}, ${attnum})`;
  return `(${address}).object_names[3]`;
}

function oidOf(oid: number): string {
  return `${literal(String(oid))}::pg_catalog.oid`;
}
