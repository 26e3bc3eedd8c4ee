import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { NamedRelation } from "../version/naming.ts";
import { isInChain, nameInFunctions } from "./current-name.ts";
import { listOf, locationOf, namesOf, type TypedNode, typedOf } from "./node.ts";
import { NOBODY, type Rewriting } from "./rewriting.ts";
import { escapedName, literal } from "./server-literal.ts";

/**
 * `('"' || table_schema || '"."' || table_name || '"')::regclass`, `relname::regclass`: the server puts the name
 * together, of names that are the version's, so it has to exchange the result as well.
 */
export function exchangeComposed(work: Rewriting, cast: AstNode): void {
  const { source } = work;
  const argument = typedOf(cast, "arg");
  const last = source.indexAt(locationOf(cast)) - 1;
  if (argument === undefined || source.spelling(last + 1) !== "::") return;
  if (!isTableText(argument)) return;
  const first = firstToken(work, argument, last);
  if (!exchangeText(work, first, last)) return;
  work.exchanged.add(argument.type === "A_Expr" ? cast : argument.node);
}

/** The same for an argument of a function that looks a table up, at this index: `pg_table_size(format('%I', relname))`. */
export function exchangeComposedArgument(work: Rewriting, call: AstNode, index: number): void {
  const { source } = work;
  const argument = listOf(call, "args")[index];
  if (argument === undefined || !isTableText(argument)) return;
  const parts = namesOf(call, "funcname").map((part) => part ?? "");
  const open = (source.dottedName(locationOf(call), parts)?.at(-1) ?? -2) + 1;
  const items = source.listItems(open);
  exchangeText(
    work,
    items[index] ?? -1,
    (items[index + 1] ?? source.closingParenthesis(open) + 1) - 2,
  );
}

/** Exchanges what the tokens from `first` to `last` make; says whether there is anything to exchange. */
function exchangeText(work: Rewriting, first: number, last: number): boolean {
  const start = work.source.token(first)?.start;
  const end = work.source.token(last)?.end;
  if (start === undefined || end === undefined) return false;
  const { opening, closing } = exchangedTable(work);
  if (opening === "") return false;
  work.insert(start, `${opening}(`);
  work.insert(end, `)${closing}`);
  return true;
}

/** The first token of an expression in front of a cast, whose last one is known. */
function firstToken(work: Rewriting, argument: TypedNode, last: number): number {
  const { source } = work;
  const { type, node } = argument;
  const member = type === "ColumnRef" ? "fields" : "funcname";
  const parts = namesOf(node, member).map((part) => part ?? "*");
  const indexes = parts.length === 0 ? undefined : source.dottedName(locationOf(node), parts);
  if (source.spelling(last) !== ")") return indexes?.at(-1) === last ? (indexes[0] ?? -1) : -1;
  const open = source.openingParenthesis(last);
  return type === "FuncCall" && indexes?.at(-1) === open - 1 ? (indexes[0] ?? -1) : open;
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
    // Without a schema it is the table that the search path finds.
    const isBare = work.lookup.find("", logicalName);
    const isFound = isBare.kind === "windowed" && isBare.relation === relation;
    const home = `(?:(?:.*[.])?"?${escapedName(schema)}"?[.])${isFound ? "?" : ""}`;
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

/**
 * Columns of the server's relations that show a table's name. One of a user's own table can have the name, and hold a
 * text or a regclass; of an OID the server finds no table then, since what it is cast from is a text.
 */
const TABLE_NAME_COLUMNS: ReadonlySet<string> = new Set([
  "matviewname",
  "relname",
  "table_name",
  "tablename",
  "viewname",
]);

/** Functions that make a text. */
const TEXT_FUNCTIONS: ReadonlySet<string> = new Set([
  "concat",
  "concat_ws",
  "format",
  "quote_ident",
]);

/** Whether an expression is a text that can name a table: put together from others, or out of the catalog. */
function isTableText({ type, node }: TypedNode): boolean {
  switch (type) {
    case "A_Expr":
      return namesOf(node, "name").join("") === "||";
    case "ColumnRef":
      return TABLE_NAME_COLUMNS.has(namesOf(node, "fields").at(-1) ?? "");
    case "FuncCall":
      return (
        listOf(node, "args").length > 0 &&
        TEXT_FUNCTIONS.has(namesOf(node, "funcname").at(-1) ?? "")
      );
    default:
      return false;
  }
}
