import type { AstNode } from "../sql/ast.ts";
import { rewriteFrom } from "./from-clause.ts";
import { listOf, nodeOf, typedOf } from "./node.ts";
import type { Ctes, QueryPlace, Rewriting } from "./rewriting.ts";
import { type Columns, type Scope, type ScopeItem, UNKNOWN_COLUMNS } from "./scope.ts";
import { rewriteAssigned, subscriptsOf } from "./target.ts";
import { beginWrite, endWrite, rewriteSet, walkAll } from "./write-query.ts";

/**
 * Rewrites a MERGE and gives the columns that it returns. Which tables a WHEN clause can see depends
 * on its kind (transformMergeStmt); `RETURNING *` has the source's columns before the target's.
 */
export function rewriteMerge(work: Rewriting, node: AstNode, place: QueryPlace): Columns {
  const { ctes, target } = beginWrite(work, node, place);
  const { outer } = place;
  const source = typedOf(node, "sourceRelation");
  const clauses = listOf(node, "mergeWhenClauses").map((clause) => clause.node);
  const from = rewriteFrom(work, source === undefined ? [] : [source], {
    outer,
    ctes,
    rowForm: "possible",
    target: undefined,
  });
  const others = from.items;
  const both: Scope = { items: [target, ...others], outer };
  const condition = typedOf(node, "joinCondition");
  if (condition !== undefined) walkAll(work, [condition], both, ctes);
  const isJoin = source?.type === "JoinExpr" && nodeOf(source.node, "alias") === undefined;
  // The server hides the source there, but of a join only its columns: its tables stay, by their names, and so
  // do the columns that it merged, which are not told apart.
  const members = (isJoin ? others : []).map((item) =>
    item.isMerged ? { ...item, columns: UNKNOWN_COLUMNS } : { ...item, isQualifiedOnly: true },
  );
  const scopes: Readonly<Record<string, Scope>> = {
    MERGE_WHEN_MATCHED: both,
    MERGE_WHEN_NOT_MATCHED_BY_SOURCE: {
      items: [target, ...members],
      outOfSight: others,
      outer,
    },
    MERGE_WHEN_NOT_MATCHED_BY_TARGET: { items: others, outer },
  };
  for (const clause of clauses) {
    const scope = scopes[String(clause["matchKind"])] ?? both;
    rewriteWhen(work, clause, { target, scope, ctes });
  }
  const isPartial = clauses.some(
    ({ matchKind }) => matchKind === "MERGE_WHEN_NOT_MATCHED_BY_SOURCE",
  );
  return endWrite(work, node, {
    target,
    from: isPartial ? { ...from, items: others.map(withoutRow) } : from,
    query: { ...place, ctes },
    isSourceFirst: true,
  });
}

/** Where nothing of the source matches, RETURNING has NULL for a table's row, and a row of NULLs for a subquery's. */
function withoutRow(item: ScopeItem): ScopeItem {
  if (item.wholeRow === undefined) return item;
  const because = "NOT MATCHED BY SOURCE has no row of it";
  return { ...item, wholeRow: { kind: "impossible", because, elsewhere: item.wholeRow } };
}

function rewriteWhen(
  work: Rewriting,
  clause: AstNode,
  place: { readonly target: ScopeItem; readonly scope: Scope; readonly ctes: Ctes },
): void {
  const { target, scope, ctes } = place;
  const condition = typedOf(clause, "condition");
  if (condition !== undefined) walkAll(work, [condition], scope, ctes);
  const assigned = listOf(clause, "targetList");
  if (clause["commandType"] === "CMD_INSERT") {
    rewriteAssigned(work, assigned, target);
    walkAll(work, [...subscriptsOf(assigned), ...listOf(clause, "values")], scope, ctes);
  } else {
    rewriteSet(work, assigned, target, { scope, ctes });
  }
}
