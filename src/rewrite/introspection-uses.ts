import type { AstNode } from "../sql/ast.ts";
import type { Relation } from "../version/catalog.ts";
import { isNode, listOf, namesOf, nodeOf, stringOf, type TypedNode, typedOf } from "./node.ts";
import { aliasNames } from "./output-columns.ts";

/** The primary keys of system relations that queries group by. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  pg_attribute: ["attrelid", "attnum"],
  pg_class: ["oid"],
  pg_type: ["oid"],
};

export function keyOf(relation: string): readonly string[] {
  return KEYS[relation] ?? [];
}

/** What else a statement does that a subquery in place of a system relation would not bear. */
export class Uses {
  /** `*` of all tables, or a join by all common names: what columns there are is not the text's to say. */
  #hasStar = false;
  /** Names before a full stop and `*`, and names that may stand for a whole row. */
  readonly #starred = new Set<string>();
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
  /** `x.*` as an argument, and the query that it stands in. */
  readonly #starArguments = new Map<AstNode, AstNode | undefined>();

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
    if (value["isNatural"] === true) this.#hasStar = true;
    if (Array.isArray(value["fields"])) this.#addColumn(value);
    if (Array.isArray(value["funcname"])) this.#addArguments(value, home);
    if (isNode(value["typeName"]) && isNode(value["arg"])) this.#addCast(value);
    const sample = value["RangeTableSample"];
    const sampled = isNode(sample) ? typedOf(sample, "relation") : undefined;
    if (sampled !== undefined) this.sampled.add(sampled.node);
    const inner = Array.isArray(value["fromClause"]) ? value : home;
    for (const member of Object.values(value)) {
      if (typeof member === "object") this.visit(member, inner);
    }
  }

  /**
   * Where its row is given to a function as `x.*`, which may want it in its own type; undefined where that can't be
   * given to it, or may be something else.
   */
  rowsOf(table: AstNode, relation: Relation): readonly AstNode[] | undefined {
    const name = visibleName(table);
    if (this.#rowArguments.has(name)) return undefined;
    const home = this.#homes.get(table);
    const isTyped = relation.kind === "r" && relation.name in KEYS;
    const hasOwnNames = nodeOf(table, "alias")?.["colnames"] !== undefined;
    const rows: AstNode[] = [];
    for (const [row, query] of this.#starArguments) {
      if (namesOf(row, "fields")[0] !== name) continue;
      if (query === home) rows.push(row);
      else if (!this.#isReadIn(query, name)) return undefined;
    }
    return rows.length === 0 || (isTyped && !hasOwnNames) ? rows : undefined;
  }

  /** Whether a query has a table of that name in its own FROM. */
  #isReadIn(query: AstNode | undefined, name: string): boolean {
    return this.#tables.some(
      (table) => this.#homes.get(table) === query && visibleName(table) === name,
    );
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

  /** Whether a column more of this table would be seen. */
  isStarred(table: AstNode): boolean {
    return this.#hasStar || this.#starred.has(visibleName(table));
  }

  /**
   * What a query that groups by the table's primary key has to group by as well once the table has none: its other
   * columns that are shown. `last` is the column or position behind which they can be written. Undefined where that can't be.
   */
  dependentColumns(
    table: AstNode,
    relation: Relation,
  ): { readonly last: AstNode | undefined; readonly names: readonly string[] } | undefined {
    const home = this.#homes.get(table);
    const none = { last: undefined, names: [] };
    if (home === undefined || relation.kind !== "r") return none;
    const given = aliasNames(nodeOf(table, "alias")?.["colnames"]);
    const columns = relation.columns.map(({ name }, index) => ({
      name,
      seen: given[index] ?? name,
    }));
    const names = columns.map(({ seen }) => seen);
    const key = keyOf(relation.name).map(
      (part) => names[columns.findIndex((each) => each.name === part)],
    );
    const isKeyAmong = (found: ReadonlySet<string>) =>
      key.every((part) => part !== undefined && found.has(part));
    if (key.length === 0) return none;
    const grouped = groupedColumns(home, visibleName(table), names);
    const isGrouped = isKeyAmong(grouped.names);
    if (!isGrouped && !isKeyAmong(grouped.nested)) return none;
    const shown = new Set<string>();
    for (const member of ["targetList", "havingClause", "sortClause"]) {
      namesIn(home[member], shown);
    }
    const more = columns.filter(({ seen }) => shown.has(seen) && !grouped.names.has(seen));
    if (!shown.has("*") && more.length === 0) return none;
    const canBe = isGrouped && !shown.has("*") && !more.some(({ name }) => UNGROUPABLE.has(name));
    return canBe ? { last: grouped.last, names: more.map(({ seen }) => seen) } : undefined;
  }

  #addColumn(column: AstNode): void {
    this.#columns.push(column);
    const names = namesOf(column, "fields");
    if (names.length === 1 && names[0] === undefined) this.#hasStar = true;
    const row = names.at(-1) === undefined ? names.at(-2) : names[0];
    if (row !== undefined && (names.length === 1 || names.at(-1) === undefined)) {
      this.#starred.add(row);
    }
  }

  #addCast(cast: AstNode): void {
    this.casts.push(cast);
    const argument = typedOf(cast, "arg");
    if (argument?.type === "ColumnRef") this.#addRow(argument.node);
  }

  #addArguments(call: AstNode, home: AstNode | undefined): void {
    this.calls.push(call);
    if (TAKES_ANY_ROW.has(namesOf(call, "funcname").at(-1) ?? "")) return;
    for (const { type, node } of listOf(call, "args")) {
      if (type !== "ColumnRef") continue;
      const [first, second] = namesOf(node, "fields");
      const isStar =
        listOf(node, "fields").length === 2 && first !== undefined && second === undefined;
      if (isStar) this.#starArguments.set(node, home);
      else this.#addRow(node);
    }
  }

  /** A reference that may stand for a whole row. */
  #addRow(column: AstNode): void {
    const names = namesOf(column, "fields");
    const row = names.at(-1) === undefined ? names.at(-2) : names.length === 1 ? names[0] : "";
    if (row !== undefined) this.#rowArguments.add(row);
  }
}

/** Columns of types that can't be compared. */
const UNGROUPABLE: ReadonlySet<string> = new Set([
  "attmissingval",
  "relpartbound",
  "typdefaultbin",
]);

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

export function visibleName(table: AstNode): string {
  const alias = nodeOf(table, "alias");
  return alias === undefined ? stringOf(table, "relname") : stringOf(alias, "aliasname");
}

/** The columns of one table that a query groups by. */
interface GroupedColumns {
  readonly names: ReadonlySet<string>;
  /** Together with those in rows and grouping sets, of any table. */
  readonly nested: ReadonlySet<string>;
  /** The last column or position in the list. */
  readonly last: AstNode | undefined;
}

/** Also those that are grouped by under their position or their AS. Expressions of columns are another thing. */
function groupedColumns(query: AstNode, table: string, columns: readonly string[]): GroupedColumns {
  const outputs = listOf(query, "targetList").map(({ node }) => node);
  const names = new Set<string>();
  const nested = new Set<string>();
  let last: AstNode | undefined;
  for (const { type, node } of listOf(query, "groupClause")) {
    if (type === "GroupingSet" || type === "RowExpr") namesIn(node, nested);
    if (type !== "ColumnRef" && type !== "A_Const") continue;
    last = node;
    const column = groupedColumn({ type, node }, outputs, columns);
    if (column?.type !== "ColumnRef") continue;
    const path = namesOf(column.node, "fields");
    const name = path.at(-1);
    if (name === undefined || (path.length > 1 && path.at(-2) !== table)) continue;
    names.add(name);
    nested.add(name);
  }
  return { names, nested, last };
}

function groupedColumn(
  item: TypedNode,
  outputs: readonly AstNode[],
  columns: readonly string[],
): TypedNode | undefined {
  if (item.type === "A_Const") {
    const position = nodeOf(item.node, "ival")?.["ival"];
    const output = typeof position === "number" ? outputs[position - 1] : undefined;
    return output === undefined ? undefined : typedOf(output, "val");
  }
  const [name = "", ...others] = namesOf(item.node, "fields");
  // A column has precedence over an output.
  if (others.length > 0 || columns.includes(name)) return item;
  const output = outputs.find((each) => stringOf(each, "name") === name);
  return output === undefined ? item : typedOf(output, "val");
}

function namesIn(value: unknown, into: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) namesIn(item, into);
  if (!isNode(value)) return;
  if (Array.isArray(value["fields"])) into.add(namesOf(value, "fields").at(-1) ?? "*");
  for (const member of Object.values(value)) {
    if (typeof member === "object") namesIn(member, into);
  }
}
