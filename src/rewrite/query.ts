import type { AstNode } from "../sql/ast.ts";
import { rewriteExpression, rewriteExpressions } from "./expression.ts";
import { rewriteFrom } from "./from-clause.ts";
import { passCreatedName } from "./given-name.ts";
import { listOf, namesOf, nodeOf, type TypedNode, typedOf } from "./node.ts";
import { rewriteOutputs } from "./output-columns.ts";
import type { Ctes, QueryPlace, Rewriting } from "./rewriting.ts";
import { type Columns, hasColumn, type Scope, type ScopeItem } from "./scope.ts";
import type { Place } from "./whole-row.ts";
import { rewriteWith } from "./with-clause.ts";

/** Rewrites a SELECT, VALUES, TABLE or set operation, and gives its output columns. */
export function rewriteSelect(work: Rewriting, node: AstNode, place: QueryPlace): Columns {
  const ctes = rewriteWith(work, nodeOf(node, "withClause"), place);
  const inner: QueryPlace = { ...place, ctes };
  if (listOf(node, "lockingClause").length > 0) work.hasRowLock = true;
  for (const { node: lock } of listOf(node, "lockingClause")) {
    // These name items of FROM, not tables.
    for (const { node: item } of listOf(lock, "lockedRels")) work.handled.add(item);
  }
  passCreatedName(work, nodeOf(nodeOf(node, "intoClause") ?? {}, "rel"));

  const left = nodeOf(node, "larg");
  const right = nodeOf(node, "rarg");
  if (left !== undefined && right !== undefined) {
    const columns = rewriteSelect(work, left, inner);
    rewriteSelect(work, right, inner);
    rewriteOrder(work, node, { ctes, outer: place.outer, outputs: columns });
    return columns;
  }
  const rows = listOf(node, "valuesLists");
  if (rows.length > 0) return rewriteValues(work, node, rows, inner);
  return rewriteSimpleSelect(work, node, inner);
}

/** ORDER BY and LIMIT of a set operation or of VALUES: they see nothing but output names. */
function rewriteOrder(
  work: Rewriting,
  node: AstNode,
  place: { ctes: Ctes; outer: Scope | undefined; outputs: Columns },
): void {
  const scope = { items: [namelessItem(place.outputs)], outer: place.outer };
  const tail: Place = { scope, ctes: place.ctes, clause: "other", parents: undefined };
  rewriteTail(work, node, tail, { names: [], isComplete: true });
}

/** What has columns, and no name by which they could be qualified. */
function namelessItem(columns: Columns): ScopeItem {
  return {
    name: undefined,
    qualified: undefined,
    columns,
    relation: undefined,
    isTable: false,
    isTarget: false,
    isMerged: false,
    isQualifiedOnly: false,
    wholeRow: undefined,
  };
}

function rewriteValues(
  work: Rewriting,
  node: AstNode,
  rows: readonly TypedNode[],
  place: QueryPlace,
): Columns {
  const scope: Scope = { items: [], outer: place.outer };
  let width = 0;
  for (const { node: row } of rows) {
    width = listOf(row, "items").length;
    const clause = place.isTop ? "top_outputs" : "outputs";
    rewriteExpressions(work, row, ["items"], {
      scope,
      ctes: place.ctes,
      clause,
      parents: undefined,
    });
  }
  const names = Array.from({ length: width }, (_, index) => `column${index + 1}`);
  const columns: Columns = { names, isComplete: true };
  rewriteOrder(work, node, { ctes: place.ctes, outer: place.outer, outputs: columns });
  return columns;
}

function rewriteSimpleSelect(work: Rewriting, node: AstNode, place: QueryPlace): Columns {
  const rowForm =
    listOf(node, "groupClause").length > 0
      ? "GROUP BY may hang on the table's primary key"
      : "possible";
  const { outer, ctes } = place;
  const from = { outer, ctes, rowForm, target: undefined };
  const { items, columns } = rewriteFrom(work, listOf(node, "fromClause"), from);
  const scope: Scope = { items, columns, outer };
  const clause = place.isTop ? "top_outputs" : "outputs";
  const outputs = rewriteOutputs(work, listOf(node, "targetList"), { scope, ctes, clause });

  const other: Place = { scope, ctes, clause: "other", parents: undefined };
  for (const member of ["whereClause", "havingClause"]) {
    const condition = typedOf(node, member);
    if (condition !== undefined) rewriteExpression(work, condition, other);
  }
  rewriteExpressions(work, node, ["windowClause"], other);
  for (const key of groupKeys(listOf(node, "groupClause"))) {
    // GROUP BY takes this level's own columns before output names.
    const name = bareName(key);
    const isColumn = items.some((item) => name !== undefined && hasColumn(item, name) !== "no");
    if (isColumn) rewriteExpression(work, key, other);
    else rewriteKey(work, key, other, outputs);
  }
  for (const key of listOf(node, "distinctClause")) rewriteKey(work, key, other, outputs);
  rewriteTail(work, node, other, outputs);
  return outputs;
}

/** What GROUP BY's members are, in grouping sets and parentheses too (flatten_grouping_sets). */
function groupKeys(members: readonly TypedNode[]): readonly TypedNode[] {
  return members.flatMap((member) => {
    const { type, node } = member;
    if (type === "GroupingSet") return groupKeys(listOf(node, "content"));
    const isList = type === "RowExpr" && node["row_format"] === "COERCE_IMPLICIT_CAST";
    return isList ? groupKeys(listOf(node, "args")) : [member];
  });
}

/** ORDER BY, LIMIT and OFFSET. ORDER BY takes output names before columns. */
function rewriteTail(work: Rewriting, node: AstNode, place: Place, outputs: Columns): void {
  for (const { node: sort } of listOf(node, "sortClause")) {
    const key = typedOf(sort, "node");
    if (key !== undefined) rewriteKey(work, key, place, outputs);
  }
  for (const member of ["limitCount", "limitOffset"]) {
    const count = typedOf(node, member);
    if (count !== undefined) rewriteExpression(work, count, place);
  }
}

/** A key of ORDER BY, DISTINCT ON or GROUP BY: an output's name, or else an expression. */
function rewriteKey(work: Rewriting, key: TypedNode, place: Place, outputs: Columns): void {
  const name = bareName(key);
  if (name === undefined) rewriteExpression(work, key, place);
  else if (!outputs.names.includes(name)) {
    // It may be one of the outputs whose names are not known, and must not become one of the others.
    const items = [...(place.scope?.items ?? []), namelessItem(outputs)];
    rewriteExpression(work, key, { ...place, scope: { items, outer: place.scope?.outer } });
  }
}

function bareName({ type, node }: TypedNode): string | undefined {
  if (type !== "ColumnRef") return undefined;
  const [name, another] = namesOf(node, "fields");
  return another === undefined && listOf(node, "fields").length === 1 ? name : undefined;
}
