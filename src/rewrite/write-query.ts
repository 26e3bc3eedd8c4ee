import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import { unreachedReason } from "./explanation.ts";
import { rewriteExpression } from "./expression.ts";
import { rewriteFrom } from "./from-clause.ts";
import { listOf, locationOf, nodeOf, stringOf, type TypedNode, typedOf } from "./node.ts";
import { rewriteReturning } from "./returning.ts";
import type { Ctes, QueryPlace, Rewriting } from "./rewriting.ts";
import { type Columns, NO_COLUMNS, type Scope, type ScopeItem } from "./scope.ts";
import { renameColumnAt, rewriteAssigned, rewriteTarget, subscriptsOf } from "./target.ts";
import { rewriteWith } from "./with-clause.ts";
import { addWitness } from "./witness.ts";

/** Rewrites an INSERT and gives the columns that it returns. */
export function rewriteInsert(work: Rewriting, node: AstNode, place: QueryPlace): Columns {
  const { ctes, target } = beginWrite(work, node, place);
  const { outer } = place;
  rewriteAssigned(work, listOf(node, "cols"), target);
  const none: Scope = { items: [], outer };
  walkAll(work, subscriptsOf(listOf(node, "cols")), none, ctes);
  const source = typedOf(node, "selectStmt");
  // The rows go into the table: nothing can see their columns' names. The target is not in sight.
  if (source !== undefined) work.walk.query(work, source, { outer, ctes, isTop: true });

  const conflict = nodeOf(node, "onConflictClause");
  if (conflict !== undefined) rewriteConflict(work, conflict, { target, outer, ctes });
  const from = { items: [], columns: NO_COLUMNS };
  return endWrite(work, node, { target, from, query: { ...place, ctes } });
}

/** Rewrites an UPDATE and gives the columns that it returns. */
export function rewriteUpdate(work: Rewriting, node: AstNode, place: QueryPlace): Columns {
  return rewriteChange(work, node, place, "fromClause");
}

/** Rewrites a DELETE and gives the columns that it returns. */
export function rewriteDelete(work: Rewriting, node: AstNode, place: QueryPlace): Columns {
  return rewriteChange(work, node, place, "usingClause");
}

/** What a writing query begins with: WITH, and its target. */
export function beginWrite(
  work: Rewriting,
  node: AstNode,
  place: QueryPlace,
): { ctes: Ctes; target: ScopeItem } {
  const ctes = rewriteWith(work, nodeOf(node, "withClause"), place);
  const target = rewriteTarget(work, nodeOf(node, "relation") ?? {});
  work.writes.set(node, target.relation);
  return { ctes, target };
}

/** What it ends with: RETURNING, and what lets it fail under other names. Gives the columns that it returns. */
export function endWrite(
  work: Rewriting,
  node: AstNode,
  place: Parameters<typeof rewriteReturning>[2],
): Columns {
  const columns = rewriteReturning(work, node, place);
  const { relation } = place.target;
  if (relation !== undefined) addWitness(work, node, relation);
  return columns;
}

/** UPDATE and DELETE: they differ in SET, and in the word for further tables. */
function rewriteChange(
  work: Rewriting,
  node: AstNode,
  place: QueryPlace,
  tables: "fromClause" | "usingClause",
): Columns {
  const { ctes, target } = beginWrite(work, node, place);
  const { outer } = place;
  const fromPlace = { outer, ctes, rowForm: "possible", target };
  const from = rewriteFrom(work, listOf(node, tables), fromPlace);
  const scope: Scope = { items: [target, ...from.items], outer };
  rewriteSet(work, listOf(node, "targetList"), target, { scope, ctes });
  const condition = typedOf(node, "whereClause");
  if (condition !== undefined) walkAll(work, [condition], scope, ctes);
  return endWrite(work, node, { target, from, query: { ...place, ctes } });
}

/** `SET a = ..., (b, c) = ...`: what is assigned to, and the values. */
export function rewriteSet(
  work: Rewriting,
  targets: readonly TypedNode[],
  target: ScopeItem,
  place: { scope: Scope; ctes: Ctes },
): void {
  rewriteAssigned(work, targets, target);
  const names = targets.map(({ node }) => stringOf(node, "name"));
  for (const name of names.filter((each, index) => names.indexOf(each) < index)) {
    const physical = target.relation?.exchange.get(name) ?? name;
    work.assignedTwice.push({ physical, logical: name });
  }
  const values = targets.flatMap(({ node }) => typedOf(node, "val") ?? []);
  walkAll(work, [...subscriptsOf(targets), ...values], place.scope, place.ctes);
}

/** ON CONFLICT: the arbiter's columns are the target's alone; DO UPDATE also sees `excluded`. */
function rewriteConflict(
  work: Rewriting,
  conflict: AstNode,
  place: { target: ScopeItem; outer: Scope | undefined; ctes: Ctes },
): void {
  const { target, outer, ctes } = place;
  const alone: Scope = { items: [target], outer };
  const infer = nodeOf(conflict, "infer");
  if (infer !== undefined) {
    const elements = listOf(infer, "indexElems");
    const starts = work.source.listItems(work.source.indexAt(locationOf(infer)));
    for (const [position, { node }] of elements.entries()) {
      // An element has no location of its own, so its column is found by counting.
      const name = stringOf(node, "name");
      const index = starts[position] ?? -1;
      const physical = target.relation?.exchange.get(name);
      const isThere = target.relation?.columns.some((column) => column.physical === physical);
      const token = work.source.token(index);
      if (isWholeRow(target, name) && token !== undefined) {
        const row = `(${quoteIdentifier(name)}.*)`;
        work.replace(token.start, token.end, row, unreachedReason(name));
      } else if (physical !== undefined && isThere !== true) {
        // The server could take the name for the row of an alias, or for an output of SELECT.
        work.fail(index, undefined, unreachedReason(name));
      } else if (name !== "") renameColumnAt(work, index, name, target);
      const expression = typedOf(node, "expr");
      if (expression !== undefined) walkAll(work, [expression], alone, ctes);
    }
    const condition = typedOf(infer, "whereClause");
    if (condition !== undefined) walkAll(work, [condition], alone, ctes);
  }
  const excluded: ScopeItem = { ...target, name: "excluded", qualified: undefined };
  const scope: Scope = { items: [target, excluded], outer };
  rewriteSet(work, listOf(conflict, "targetList"), target, { scope, ctes });
  const condition = typedOf(conflict, "whereClause");
  if (condition !== undefined) walkAll(work, [condition], scope, ctes);
}

/** To the version the name means the row of the table that is called so; to the server, a column. */
function isWholeRow({ relation, name: called, columns }: ScopeItem, name: string): boolean {
  const isExchanged = relation?.exchange.has(name) === true;
  return isExchanged && called === name && !columns.names.includes(name);
}

export function walkAll(
  work: Rewriting,
  nodes: readonly TypedNode[],
  scope: Scope,
  ctes: Ctes,
): void {
  for (const node of nodes) {
    rewriteExpression(work, node, { scope, ctes, clause: "other", parents: undefined });
  }
}
