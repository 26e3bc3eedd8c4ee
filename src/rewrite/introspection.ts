import type { AstNode } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { Relation } from "../version/catalog.ts";
import { REASONS } from "./explanation.ts";
import { NAME_READERS } from "./name-constants.ts";
import { isNode, listOf, locationOf, namesOf, nodeOf, stringOf, typedOf } from "./node.ts";
import { aliasNames } from "./output-columns.ts";
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
    if (isTable && work.hasSystemColumn && uses.hasStar) continue;
    if (uses.sampled.has(node) || uses.isRowArgument(node)) continue;
    if (uses.hasNamesake(node) || uses.hangsOnKey(node, relation)) continue;
    if (!shorten(work, uses, node)) continue;
    const more = isTable && work.hasSystemColumn ? SYSTEM_COLUMNS : [];
    exchange(work, node, `(SELECT ${shownList(relation, names, more)} FROM `);
    work.showsNames = true;
  }
  exchangeDefinitions(work, uses.calls);
  exchangeRegclassTexts(work, uses.casts);
}

const SYSTEM_COLUMNS: readonly string[] = ["tableoid", "xmax", "xmin", "cmax", "cmin", "ctid"];

/** The primary keys of system relations that queries group by. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  pg_attribute: ["attrelid", "attnum"],
  pg_class: ["oid"],
  pg_type: ["oid"],
};

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

/** What else a statement does that a subquery would not bear. */
class Uses {
  /** `*`, or a join by all common names: what columns there are is not the text's to say. */
  hasStar = false;
  /** Tables with TABLESAMPLE. */
  readonly sampled = new Set<AstNode>();
  /** Function calls. */
  readonly calls: AstNode[] = [];
  readonly casts: AstNode[] = [];
  readonly #tables: AstNode[] = [];
  /** The query that a table stands in the FROM of. */
  readonly #homes = new Map<AstNode, AstNode>();
  readonly #columns: AstNode[] = [];
  readonly #rowArguments = new Set<string>();

  visit(value: unknown, home: AstNode | undefined): void {
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, home);
      return;
    }
    if (!isNode(value)) return;
    if (typeof value["relname"] === "string") {
      this.#tables.push(value);
      if (home !== undefined) this.#homes.set(value, home);
    }
    if (value["isNatural"] === true) this.hasStar = true;
    if (Array.isArray(value["fields"])) this.#addColumn(value);
    if (Array.isArray(value["funcname"])) this.#addArguments(value);
    if (isNode(value["typeName"]) && isNode(value["arg"])) this.#addCast(value);
    const sample = value["RangeTableSample"];
    const sampled = isNode(sample) ? typedOf(sample, "relation") : undefined;
    if (sampled !== undefined) this.sampled.add(sampled.node);
    const inner = Array.isArray(value["fromClause"]) ? value : home;
    for (const member of Object.values(value)) {
      if (typeof member === "object") this.visit(member, inner);
    }
  }

  /** Whether its row is given to a function, which may want it in its own type. */
  isRowArgument(table: AstNode): boolean {
    return this.#rowArguments.has(visibleName(table));
  }

  /** `FROM information_schema.tables, public.tables` is no error as long as neither has an alias. */
  hasNamesake(table: AstNode): boolean {
    const home = this.#homes.get(table);
    return this.#namesakes(table).some((other) => this.#homes.get(other) === home);
  }

  /** Columns that are written with the table's schema; undefined where its bare name may mean another. */
  qualifiedOf(table: AstNode, database: string): readonly AstNode[] | undefined {
    if (nodeOf(table, "alias") !== undefined) return [];
    const found = this.#columns.filter((column) => {
      const names = namesOf(column, "fields");
      const isHere = names.length === 3 || (names.length === 4 && names[0] === database);
      return isHere && names.at(-2) === visibleName(table);
    });
    return found.length > 0 && this.#namesakes(table).length > 0 ? undefined : found;
  }

  /** Other tables that go by its name. */
  #namesakes(table: AstNode): readonly AstNode[] {
    if (nodeOf(table, "alias") !== undefined) return [];
    const name = visibleName(table);
    const schema = stringOf(table, "schemaname");
    return this.#tables.filter(
      (other) => visibleName(other) === name && stringOf(other, "schemaname") !== schema,
    );
  }

  /** Grouped by its primary key, with other columns of it shown: a subquery has no key. */
  hangsOnKey(table: AstNode, relation: Relation): boolean {
    const home = this.#homes.get(table);
    const key = KEYS[relation.name];
    if (home === undefined || key === undefined || relation.kind !== "r") return false;
    const grouped = groupedNames(home);
    if (!key.every((name) => grouped.has(name))) return false;
    const shown = new Set<string>();
    for (const member of ["targetList", "havingClause", "sortClause"]) {
      namesIn(home[member], shown);
    }
    const given = aliasNames(nodeOf(table, "alias")?.["colnames"]);
    if (given.length > 0 || shown.has("*")) return true;
    return relation.columns.some(({ name }) => shown.has(name) && !grouped.has(name));
  }

  #addColumn(column: AstNode): void {
    this.#columns.push(column);
    if (namesOf(column, "fields").at(-1) === undefined) this.hasStar = true;
  }

  #addCast(cast: AstNode): void {
    this.casts.push(cast);
    const argument = typedOf(cast, "arg");
    if (argument?.type === "ColumnRef") this.#addRow(argument.node);
  }

  #addArguments(call: AstNode): void {
    this.calls.push(call);
    if (TAKES_ANY_ROW.has(namesOf(call, "funcname").at(-1) ?? "")) return;
    for (const { type, node } of listOf(call, "args")) {
      if (type === "ColumnRef") this.#addRow(node);
    }
  }

  /** A reference that may stand for a whole row. */
  #addRow(column: AstNode): void {
    const names = namesOf(column, "fields");
    const row = names.at(-1) === undefined ? names.at(-2) : names.length === 1 ? names[0] : "";
    if (row !== undefined) this.#rowArguments.add(row);
  }
}

const TAKES_ANY_ROW: ReadonlySet<string> = new Set([
  "array_agg",
  "count",
  "json_agg",
  "json_build_object",
  "jsonb_agg",
  "jsonb_build_object",
  "num_nulls",
  "row_to_json",
  "to_json",
  "to_jsonb",
]);

function visibleName(table: AstNode): string {
  const alias = nodeOf(table, "alias");
  return alias === undefined ? stringOf(table, "relname") : stringOf(alias, "aliasname");
}

/** The last names of the columns that a query groups by, also where it says so by their position. */
function groupedNames(query: AstNode): Set<string> {
  const names = new Set<string>();
  namesIn(query["groupClause"], names);
  const outputs = listOf(query, "targetList");
  for (const { type, node } of listOf(query, "groupClause")) {
    const position = type === "A_Const" ? nodeOf(node, "ival")?.["ival"] : undefined;
    if (typeof position === "number") namesIn(outputs[position - 1]?.node, names);
  }
  return names;
}

function namesIn(value: unknown, into: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) namesIn(item, into);
  if (!isNode(value)) return;
  if (Array.isArray(value["fields"])) into.add(namesOf(value, "fields").at(-1) ?? "*");
  for (const member of Object.values(value)) {
    if (typeof member === "object") namesIn(member, into);
  }
}
