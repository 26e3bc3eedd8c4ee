import type { AstNode } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { Relation } from "../version/catalog.ts";
import { REASONS } from "./explanation.ts";
import { keyOf, Uses, visibleName } from "./introspection-uses.ts";
import { NAME_READERS } from "./name-constants.ts";
import { locationOf, namesOf, nodeOf, stringOf } from "./node.ts";
import { exchangeRegclassTexts } from "./regclass-text.ts";
import type { Rewriting } from "./rewriting.ts";
import { DEFINITION_NAMES, exchangeDefinitions } from "./shown-definitions.ts";
import { SHOWING_RELATIONS, shownList, shownNames } from "./shown-names.ts";
import { referenceBounds, spellOutTable, tableNameIndex } from "./table-reference.ts";

const WORDS: ReadonlySet<string> = new Set([
  ...SHOWING_RELATIONS,
  ...DEFINITION_NAMES,
  ...NAME_READERS,
  "regclass",
  "regtype",
]);

/** Whether a statement with these identifiers could show or take names of tables and columns as data. */
export function mentionsShown(identifiers: ReadonlySet<string>): boolean {
  for (const identifier of identifiers) if (WORDS.has(identifier)) return true;
  return false;
}

/**
 * Where a query reads `pg_attribute`, `information_schema.columns` and their like, each version is to see
 * its own names: such a relation becomes a subquery with the same columns, in which the names are
 * exchanged. The query's own conditions on names then hold by themselves, parameters and all.
 *
 * Where a subquery can't stand in the relation's place the names stay the database's: what works today
 * is not refused.
 */
export function exchangeShownNames(work: Rewriting, statement: ParsedStatement): void {
  if (isKept(statement)) return;
  const uses = new Uses();
  uses.visit(statement.node, undefined);
  for (const { node, relation } of work.systemReferences) {
    const names = shownNames(relation, work.lookup.windowed);
    if (names.size === 0) continue;
    const isTable = relation.kind === "r";
    if (isTable && work.hasSystemColumn && uses.isStarred(node)) continue;
    const rows = uses.rowsOf(node, relation);
    if (uses.sampled.has(node) || rows === undefined) continue;
    const dependent = uses.dependentColumns(node, relation);
    if (uses.hasNamesake(node) || dependent === undefined) continue;
    if (!shorten(work, uses, node)) continue;
    groupBy(work, node, dependent);
    for (const row of rows) giveType(work, row, relation);
    const more = isTable && work.hasSystemColumn ? SYSTEM_COLUMNS : [];
    exchange(work, node, `(SELECT ${shownList(relation, names, more)} FROM `);
    work.showsNames = true;
  }
  exchangeDefinitions(work, uses.calls);
  exchangeRegclassTexts(work, uses.casts);
}

const SYSTEM_COLUMNS: readonly string[] = ["tableoid", "xmax", "xmin", "cmax", "cmin", "ctid"];

/** Statements whose queries run now. What is kept, such as a view's, all versions read later on. */
const RUN_NOW: ReadonlySet<string> = new Set([
  "CallStmt",
  "CopyStmt",
  "CreateTableAsStmt",
  "DeclareCursorStmt",
  "DeleteStmt",
  "ExplainStmt",
  "InsertStmt",
  "MergeStmt",
  "PrepareStmt",
  "SelectStmt",
  "UpdateStmt",
]);

function isKept({ kind, node }: ParsedStatement): boolean {
  return !RUN_NOW.has(kind) || node["objtype"] === "OBJECT_MATVIEW";
}

function exchange(work: Rewriting, node: AstNode, opening: string): void {
  const nameIndex = tableNameIndex(work, node);
  if (nameIndex === undefined) return;
  const { first, last } = referenceBounds(work, node, nameIndex);
  spellOutTable(work, first);
  const start = work.source.token(first)?.start;
  const end = work.source.token(last)?.end;
  if (start === undefined || end === undefined) return;
  const alias = nodeOf(node, "alias");
  work.insert(start, opening, REASONS.catalog);
  work.insert(
    end,
    alias === undefined ? `) AS ${quoteIdentifier(stringOf(node, "relname"))}` : ")",
    REASONS.catalog,
  );
}

/** Groups by more columns of a table; the groups are the same, since they hang on its key. */
function groupBy(
  work: Rewriting,
  table: AstNode,
  { last, names }: { readonly last: AstNode | undefined; readonly names: readonly string[] },
): void {
  if (last === undefined) return;
  const parts = namesOf(last, "fields").map((part) => part ?? "*");
  const indexes =
    parts.length === 0
      ? [work.source.indexAt(locationOf(last))]
      : work.source.dottedName(locationOf(last), parts);
  const end = work.source.token(indexes?.at(-1) ?? -1)?.end;
  const columns = names.map((name) =>
    [", ", quoteIdentifier(visibleName(table)), ".", quoteIdentifier(name)].join(""),
  );
  if (end !== undefined) work.insert(end, columns.join(""), REASONS.catalog);
}

/** A function that wants a row of `pg_attribute` gets one: a subquery's own is of no type. */
function giveType(work: Rewriting, row: AstNode, { name }: Relation): void {
  const parts = namesOf(row, "fields").map((part) => part ?? "*");
  const indexes = work.source.dottedName(locationOf(row), parts);
  const first = work.source.token(indexes?.[0] ?? -1);
  const last = work.source.token(indexes?.at(-1) ?? -1);
  if (first === undefined || last === undefined) return;
  const key = `${work.source.text.slice(first.start, first.end)}.${keyOf(name)[0] ?? ""}`;
  // Behind an outer join a row can be missing, which is another thing than a row of nulls.
  work.insert(first.start, `CASE WHEN ${key} IS NOT NULL THEN ROW(`, REASONS.catalog);
  work.insert(last.end, `)::pg_catalog.${name} END`, REASONS.catalog);
}

/** `information_schema.columns.column_name` reaches no subquery; `columns.column_name` does. */
function shorten(work: Rewriting, uses: Uses, node: AstNode): boolean {
  const spans: { start: number; end: number }[] = [];
  const references = uses.qualifiedOf(node, work.database);
  if (references === undefined) return false;
  for (const reference of references) {
    const parts = namesOf(reference, "fields").map((name) => name ?? "*");
    const indexes = work.source.dottedName(locationOf(reference), parts);
    const start = work.source.token(indexes?.[0] ?? -1)?.start;
    const end = work.source.token(indexes?.at(-2) ?? -1)?.start;
    if (start === undefined || end === undefined || parts.length < 3) return false;
    spans.push({ start, end });
  }
  for (const { start, end } of spans) work.replace(start, end, "", REASONS.qualified);
  return true;
}
