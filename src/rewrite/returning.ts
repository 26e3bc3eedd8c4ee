import type { AstNode } from "../sql/ast.ts";
import type { FromItem } from "./from-clause.ts";
import { listOf, locationOf, namesOf, nodeOf, stringOf, type TypedNode, typedOf } from "./node.ts";
import { mergedColumns, rewriteOutputs } from "./output-columns.ts";
import { outputName } from "./output-name.ts";
import type { QueryPlace, Rewriting } from "./rewriting.ts";
import { type Columns, findItem, NO_COLUMNS, type Scope, type ScopeItem } from "./scope.ts";

/**
 * Rewrites RETURNING. At the top `*` stays, and the answer's fields are renamed; in a WITH query the
 * first columns get an alias list instead, as many as `work.returnedStars` then says.
 */
export function rewriteReturning(
  work: Rewriting,
  node: AstNode,
  place: {
    readonly target: ScopeItem;
    /** What stands beside it. */
    readonly from: FromItem;
    readonly query: QueryPlace;
    /** In `*`, a MERGE has the other tables' columns before the target's. */
    readonly isSourceFirst?: boolean;
  },
): Columns {
  const clause = nodeOf(node, "returningClause");
  if (clause === undefined) return { names: [], isComplete: true };
  const { target, from } = place;
  const own: FromItem = { items: [target], columns: target.columns };
  const [first, second] = place.isSourceFirst === true ? [from, own] : [own, from];
  const level = [...first.items, ...second.items];
  const ofAll = mergedColumns(first.columns, second.columns, undefined);
  const outer = place.query.outer;
  const rows = rowVersions(clause, target, { items: level, outer });
  const scope = { items: [...level, ...rows], columns: ofAll, outer };

  const names: string[] = [];
  let isComplete = true;
  for (const output of listOf(clause, "exprs")) {
    const starred = starredItems(typedOf(output.node, "val"), scope);
    const hasTarget = starred?.some((item) => item.isTarget) ?? false;
    // `*` of all, or of the target alone.
    const isBare = starred !== undefined && starred.length !== 1;
    const columns =
      starred === undefined || !hasTarget
        ? rewriteOutputs(work, [output], {
            scope,
            ctes: place.query.ctes,
            clause: place.query.isTop ? "top_outputs" : "outputs",
          })
        : isBare
          ? ofAll
          : target.columns;
    const aliasCount = hasTarget ? (target.relation?.aliasCount ?? 0) : 0;
    if (aliasCount > 0 && place.query.isTop) showTarget(work, target);
    if (starred !== undefined && aliasCount > 0 && !place.query.isTop) {
      // What stands before the target's columns has to be certain, or the alias list would shift.
      const before = isBare && first === from ? from.columns : NO_COLUMNS;
      const isCertain = isComplete && before.isComplete;
      const count = names.length + before.names.length + aliasCount;
      work.returnedStars.set(node, isCertain ? count : Number.MAX_SAFE_INTEGER);
    }
    names.push(...columns.names);
    isComplete &&= columns.isComplete;
  }
  if (work.shownTargets.size > 0) refuseNamesakes(work, clause, target, scope);
  return { names, isComplete };
}

function showTarget(work: Rewriting, target: ScopeItem): void {
  if (target.relation !== undefined) work.shownTargets.add(target.relation);
}

/**
 * The fields of a `*` are told by table and name in the answer: another field of the same column that
 * the client itself calls by the physical name would be taken for one.
 */
function refuseNamesakes(work: Rewriting, clause: AstNode, target: ScopeItem, scope: Scope): void {
  const isPhysicalOnly = (name: string) =>
    target.relation?.columns.some((column) => column.physical === name && column.logical !== name);
  for (const { node } of listOf(clause, "exprs")) {
    const starred = starredItems(typedOf(node, "val"), scope);
    const own = starred === undefined ? ownColumn(typedOf(node, "val"), target, scope) : undefined;
    const called = stringOf(node, "name") || outputName(typedOf(node, "val")).name;
    // Another column than the one that has this name in the catalog can't be taken for it.
    if (own !== undefined && own.physical !== called) continue;
    const names =
      starred === undefined
        ? [called]
        : starred.flatMap((item) => (isShownByItself(item, target) ? [] : item.columns.names));
    const name = names.find(isPhysicalOnly);
    if (name === undefined) continue;
    work.refuseUncertain({
      detail: `RETURNING has a * of a table under a window, and also an output of the name "${name}".`,
      hint: "List the columns that are needed.",
      offset: locationOf(node),
    });
  }
}

/** The column of the written table that an output is, if it is certainly one. */
function ownColumn(value: TypedNode | undefined, target: ScopeItem, scope: Scope) {
  if (value?.type !== "ColumnRef") return undefined;
  const [first, second, third] = namesOf(value.node, "fields");
  if (first === undefined || third !== undefined) return undefined;
  if (second !== undefined && !isOf(findItem(scope, first), target)) return undefined;
  return target.relation?.columns.find(({ logical }) => logical === (second ?? first));
}

/** The written table itself, or a version of its row. */
function isOf(item: ScopeItem | undefined, target: ScopeItem): boolean {
  return item?.isTarget === true && item.relation === target.relation;
}

/** Another table's columns are told by its own OID; the written one's can stand there under names of an alias list. */
function isShownByItself(item: ScopeItem, target: ScopeItem): boolean {
  return item.isTable && (item.isTarget || item.relation !== target.relation);
}

/** `old` and `new`, or the names that `WITH (OLD AS o, NEW AS n)` gives them. */
function rowVersions(clause: AstNode, target: ScopeItem, level: Scope): readonly ScopeItem[] {
  const given = new Map<unknown, string>(
    listOf(clause, "options").map(({ node }) => [node["option"], stringOf(node, "value")]),
  );
  const versions = [
    ["RETURNING_OPTION_OLD", "old"],
    ["RETURNING_OPTION_NEW", "new"],
  ] as const;
  return versions.flatMap(([option, standard]) => {
    const name = given.get(option);
    if (name === undefined && findItem(level, standard) !== undefined) return [];
    return [{ ...target, name: name ?? standard, qualified: undefined, isQualifiedOnly: true }];
  });
}

/** The items whose columns `*` or `item.*` stands for; undefined for another expression. */
function starredItems(
  value: TypedNode | undefined,
  scope: Scope,
): readonly ScopeItem[] | undefined {
  if (value?.type !== "ColumnRef") return undefined;
  const parts = namesOf(value.node, "fields");
  if (parts.at(-1) !== undefined) return undefined;
  if (parts.length === 1) return scope.items.filter((item) => !item.isQualifiedOnly);
  const item = findItem(scope, parts.at(-2) ?? "");
  // A star behind a schema goes the common way, which shortens it.
  return item !== undefined && parts.length === 2 ? [item] : undefined;
}
