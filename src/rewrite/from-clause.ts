import type { AstNode } from "../sql/ast.ts";
import {
  childrenOf,
  flagOf,
  listOf,
  namesOf,
  nodeOf,
  stringOf,
  type TypedNode,
  typedOf,
} from "./node.ts";
import { aliasColumns, aliasNames, mergedColumns } from "./output-columns.ts";
import type { Ctes, Rewriting } from "./rewriting.ts";
import {
  type Columns,
  NO_COLUMNS,
  type Scope,
  type ScopeItem,
  starColumns,
  UNKNOWN_COLUMNS,
  UNKNOWN_ROW,
} from "./scope.ts";
import { rewriteTableReference } from "./table-reference.ts";
import { refuseUnknownMerge } from "./unknown-row.ts";

export interface FromPlace {
  readonly outer: Scope | undefined;
  readonly ctes: Ctes;
  /** "possible", or why a table of this level can't become a subquery. */
  readonly rowForm: "possible" | string;
  /** The target of an UPDATE or DELETE: only LATERAL items see it, and the server forbids it to them. */
  readonly target: ScopeItem | undefined;
}

/** Rewrites FROM (or USING) and gives what the rest of the level can refer to. */
export function rewriteFrom(
  work: Rewriting,
  items: readonly TypedNode[],
  place: FromPlace,
): FromItem {
  const seen: ScopeItem[] = [];
  let columns = NO_COLUMNS;
  for (const item of items) {
    const next = rewriteFromItem(work, item, place, seen);
    seen.push(...next.items);
    columns = mergedColumns(columns, next.columns, undefined);
  }
  refuseNamesakes(work, place.target === undefined ? seen : [place.target, ...seen]);
  return { items: seen, columns };
}

/** What FROM, or a part of it, gives to its level. */
export interface FromItem {
  readonly items: readonly ScopeItem[];
  /** Those that its `*` stands for, in order. */
  readonly columns: Columns;
}

function alone(item: ScopeItem): FromItem {
  return { items: [item], columns: starColumns(item.columns) };
}

function rewriteFromItem(
  work: Rewriting,
  item: TypedNode,
  place: FromPlace,
  left: readonly ScopeItem[],
): FromItem {
  const { type, node } = item;
  const target = place.target === undefined ? [] : [{ ...place.target, isForbidden: true }];
  const before = [...target, ...left];
  const lateral: Scope = { items: before, outer: place.outer };
  switch (type) {
    case "RangeVar":
      return alone(rewriteTableReference(work, node, place));
    case "RangeTableSample":
      return rewriteSample(work, node, place, lateral);
    case "RangeSubselect":
      return alone(rewriteSubquery(work, node, place, lateral));
    case "JoinExpr":
      return rewriteJoin(work, node, place, left);
    default:
      // RangeFunction, RangeTableFunc, JsonTable: expressions over what stands to their left.
      for (const child of childrenOf(item)) {
        work.walk.expression(work, child, {
          scope: lateral,
          ctes: place.ctes,
          clause: "other",
          parents: undefined,
        });
      }
      return alone(functionItem(type, node));
  }
}

function rewriteSample(work: Rewriting, node: AstNode, place: FromPlace, lateral: Scope): FromItem {
  for (const argument of [
    ...listOf(node, "args"),
    ...(typedOf(node, "repeatable") ? [typedOf(node, "repeatable")] : []),
  ]) {
    if (argument === undefined) continue;
    work.walk.expression(work, argument, {
      scope: lateral,
      ctes: place.ctes,
      clause: "other",
      parents: undefined,
    });
  }
  const table = typedOf(node, "relation");
  if (table === undefined) return { items: [], columns: UNKNOWN_COLUMNS };
  const rowForm = "TABLESAMPLE needs the table itself";
  return rewriteFromItem(work, table, { ...place, rowForm }, lateral.items);
}

function rewriteSubquery(
  work: Rewriting,
  node: AstNode,
  place: FromPlace,
  lateral: Scope,
): ScopeItem {
  const query = typedOf(node, "subquery");
  const outer = flagOf(node, "lateral") ? lateral : place.outer;
  const columns =
    query === undefined
      ? UNKNOWN_COLUMNS
      : work.walk.query(work, query, { outer, ctes: place.ctes, isTop: false });
  return plainItem(nodeOf(node, "alias"), columns);
}

function rewriteJoin(
  work: Rewriting,
  node: AstNode,
  place: FromPlace,
  before: readonly ScopeItem[],
): FromItem {
  const left = rewriteSide(work, typedOf(node, "larg"), place, before);
  const right = rewriteSide(work, typedOf(node, "rarg"), place, [...before, ...left.items]);
  const condition = typedOf(node, "quals");
  const items = [...left.items, ...right.items];
  if (condition !== undefined) {
    work.walk.expression(work, condition, {
      scope: { items, outer: place.outer },
      ctes: place.ctes,
      clause: "other",
      parents: undefined,
    });
  }
  const using = namesOf(node, "usingClause").map((name) => name ?? "");
  const named = using.length > 0 ? using : undefined;
  const merged = flagOf(node, "isNatural") ? "natural" : named;
  if (merged !== undefined) refuseUnknownMerge(work, named, [left.columns, right.columns]);
  const columns = mergedColumns(left.columns, right.columns, merged);
  const alias = nodeOf(node, "alias");
  if (alias !== undefined) {
    refuseNamesakes(work, items);
    // What its `*` does not show can be reached by the join's name all the same.
    const isAll = items.every((item) => item.columns.hidesAdded !== true);
    return alone(plainItem(alias, isAll ? columns : { ...columns, isComplete: false }));
  }
  const isMerged = merged !== undefined;
  const joined = isMerged ? items.map((item) => ({ ...item, isMerged })) : items;
  const usingAlias = nodeOf(node, "join_using_alias");
  if (usingAlias === undefined) return { items: joined, columns };
  const usedColumns = plainItem(usingAlias, { names: using, isComplete: true });
  return { items: [...joined, { ...usedColumns, isQualifiedOnly: true }], columns };
}

function rewriteSide(
  work: Rewriting,
  side: TypedNode | undefined,
  place: FromPlace,
  left: readonly ScopeItem[],
): FromItem {
  if (side === undefined) return { items: [], columns: UNKNOWN_COLUMNS };
  return rewriteFromItem(work, side, place, left);
}

function plainItem(alias: AstNode | undefined, columns: Columns): ScopeItem {
  const aliases = aliasNames(alias?.["colnames"]);
  return {
    name: alias === undefined ? undefined : stringOf(alias, "aliasname"),
    qualified: undefined,
    columns: aliases.length > 0 ? aliasColumns(columns, aliases) : columns,
    relation: undefined,
    isTable: false,
    isTarget: false,
    isMerged: false,
    isQualifiedOnly: false,
    wholeRow: undefined,
  };
}

function functionItem(type: string, node: AstNode): ScopeItem {
  const alias = nodeOf(node, "alias");
  const item = plainItem(alias, functionColumns(type, node));
  return item.name === undefined ? { ...item, name: functionName(node) } : item;
}

/** Only what the text itself says: a column definition list, XMLTABLE's columns, generate_series. */
function functionColumns(type: string, node: AstNode): Columns {
  const members = type === "RangeTableFunc" ? "columns" : "coldeflist";
  const names = listOf(node, members).map((column) => stringOf(column.node, "colname"));
  if (names.length > 0) return { names, isComplete: true };
  const name = functionName(node);
  if (name !== "generate_series" || flagOf(node, "ordinality")) {
    return type === "RangeFunction" ? UNKNOWN_ROW : UNKNOWN_COLUMNS;
  }
  const alias = nodeOf(node, "alias");
  return { names: [alias === undefined ? name : stringOf(alias, "aliasname")], isComplete: true };
}

function functionName(node: AstNode): string | undefined {
  const [first, another] = listOf(node, "functions");
  if (first === undefined || another !== undefined) return undefined;
  const call = listOf(first.node, "items")[0];
  return call?.type === "FuncCall" ? namesOf(call.node, "funcname").at(-1) : undefined;
}

/**
 * `FROM a.orders, b.orders` is right without aliases, and an error with them ("specified more than
 * once"), which is what an alias list would make of it.
 */
function refuseNamesakes(work: Rewriting, items: readonly ScopeItem[]): void {
  for (const item of items) {
    if (item.relation === undefined || item.qualified === undefined) continue;
    const { logicalName, physicalName } = item.relation;
    if (item.isTarget && logicalName === physicalName) continue; // It gets no alias.
    const schema = item.qualified.schema;
    const other = items.find(
      ({ name, qualified }) =>
        name === item.name && qualified !== undefined && qualified.schema !== schema,
    );
    if (other === undefined) continue;
    work.refuseUncertain({
      detail: `Two tables of the name "${item.name}" stand in one FROM without an alias.`,
      hint: `Give ${schema}.${item.name} an alias.`,
      offset: undefined,
    });
  }
}
