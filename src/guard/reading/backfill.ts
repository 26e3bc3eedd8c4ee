import { nameSql, type RelationName } from "../relation-name.ts";

/** 8 MiB at a time: short transactions, and few of them. */
const PAGES = 1_000;

/**
 * Changes all rows of a table, some pages at a time, each time in a transaction of its own. It reads every
 * page once and needs no index. What others write meanwhile has to be right already (by a default or a
 * trigger). `set`: `a = DEFAULT`; `where`: what tells that a row has yet to be changed.
 */
export function backfill(table: RelationName, set: string, where: string): string {
  const name = nameSql(table);
  const literal = `'${name.replaceAll("'", "''")}'`;
  const body =
    "DECLARE page bigint := 0; BEGIN " +
    `WHILE page <= pg_relation_size(${literal}) / current_setting('block_size')::bigint LOOP ` +
    `UPDATE ${name} SET ${set} WHERE ctid >= format('(%s,0)', page)::tid ` +
    `AND ctid < format('(%s,0)', page + ${PAGES})::tid AND ${where}; ` +
    `COMMIT; page := page + ${PAGES}; END LOOP; END`;
  return dollarQuoted("DO ", body);
}

/** With a tag that nothing in the body can close. */
export function dollarQuoted(before: string, body: string): string {
  let tag = "$$";
  for (let count = 1; body.includes(tag); count++) tag = `$straddle${count}$`;
  return `${before}${tag} ${body} ${tag}`;
}
