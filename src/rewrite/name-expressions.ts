import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { NamedRelation } from "../version/naming.ts";
import { isInChain, nameInFunctions } from "./current-name.ts";
import { listOf, locationOf, namesOf, type TypedNode, typedOf } from "./node.ts";
import { NOBODY, type Rewriting } from "./rewriting.ts";
import { escapedName, literal } from "./server-literal.ts";

/**
 * `('"' || table_schema || '"."' || table_name || '"')::regclass`: the server puts the name together, of
 * names that are the version's, so it has to exchange the result as well.
 */
export function exchangeComposed(work: Rewriting, cast: AstNode): void {
  const { source } = work;
  const close = source.indexAt(locationOf(cast)) - 1;
  const open = source.spelling(close + 1) === "::" ? source.openingParenthesis(close) : -1;
  const start = source.token(open)?.start;
  const end = source.token(close)?.end;
  if (start === undefined || end === undefined || !isComposed(typedOf(cast, "arg"))) return;
  const { opening, closing } = exchangedTable(work);
  if (opening === "") return;
  work.insert(start, opening);
  work.insert(end, closing);
}

/** The same for the arguments of `pg_get_serial_sequence`, whose second one is a column of the first. */
export function exchangeSequenceArguments(work: Rewriting, call: AstNode): void {
  const { source } = work;
  const parts = namesOf(call, "funcname").map((part) => part ?? "");
  const indexes = source.dottedName(locationOf(call), parts) ?? [];
  const open = (indexes.at(-1) ?? -2) + 1;
  const comma = source.token((source.listItems(open)[1] ?? 0) - 1);
  const start = source.token(indexes[0] ?? -1)?.start;
  const first = source.token(open)?.end;
  const close = source.token(source.closingParenthesis(open));
  if (start === undefined || first === undefined || comma === undefined || close === undefined) {
    return;
  }
  const columns = work.lookup.windowed.flatMap((relation) => columnBranches(work, relation));
  const { opening, closing } = exchangedTable(work);
  const column = columns.length === 0 ? "y.c" : `CASE ${columns.join(" ")} ELSE y.c END`;
  if (opening === "" && columns.length === 0) return;
  const name = "pg_get_serial_sequence";
  const found = `(SELECT pg_catalog.${name}(y.t, ${column}) AS ${name}`;
  work.replace(start, first, `${found} FROM (SELECT ${opening}(`);
  work.replace(comma.start, comma.end, `)${closing}::pg_catalog.text AS t, (`);
  work.replace(close.start, close.end, ")::pg_catalog.text AS c) y)");
}

function columnBranches(work: Rewriting, relation: NamedRelation): readonly string[] {
  if (relation.aliasCount === 0) return [];
  touch(work, relation);
  const oid = `${literal(String(relation.oid))}::pg_catalog.oid`;
  const isTable = `pg_catalog.to_regclass(y.t) OPERATOR(pg_catalog.=) ${oid}`;
  const names = new Map<string, string>();
  const chain = relation.columns.filter((column) => isInChain(relation, column));
  for (const { logical, otherName = logical } of chain) names.set(otherName, literal(NOBODY));
  for (const column of chain) names.set(column.logical, nameInFunctions(relation, column));
  for (const [logical, physical] of relation.exchange) {
    if (!names.has(logical)) names.set(logical, literal(physical));
  }
  return [...names].map(
    ([name, now]) => `WHEN ${isTable} AND y.c OPERATOR(pg_catalog.=) ${literal(name)} THEN ${now}`,
  );
}

/** What stands around a text that names a table, so that a renamed one's has its physical name. */
function exchangedTable(work: Rewriting): { opening: string; closing: string } {
  let opening = "";
  let closing = "";
  for (const relation of work.lookup.windowed) {
    if (!relation.isTableRenamed) continue;
    touch(work, relation);
    const { schema, logicalName, physicalName } = relation;
    if (logicalName === physicalName) continue;
    const home = `(?:(?:.*[.])?"?${escapedName(schema)}"?[.])?`;
    const name = escapedName(logicalName);
    const pattern = `^(${home})(?:"${name}"|${name})$`;
    const by = `\\1${quoteIdentifier(physicalName).replaceAll("\\", "\\\\")}`;
    if (opening === "") closing = "::pg_catalog.text";
    opening = `pg_catalog.regexp_replace(${opening}`;
    closing += `, ${literal(pattern)}, ${literal(by)})`;
  }
  return { opening, closing };
}

function touch(work: Rewriting, relation: NamedRelation): void {
  work.touched.add(relation);
  work.dependsOnPhysical = true;
}

/** Whether an expression is surely a text, put together from others. */
function isComposed(argument: TypedNode | undefined): boolean {
  if (argument?.type === "A_Expr") return namesOf(argument.node, "name").join("") === "||";
  if (argument?.type !== "FuncCall" || listOf(argument.node, "args").length === 0) return false;
  return ["concat", "format"].includes(namesOf(argument.node, "funcname").at(-1) ?? "");
}
