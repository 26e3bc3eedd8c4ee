import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import { columnNameReason, REASONS } from "./explanation.ts";
import { listOf, locationOf, nodeOf, stringOf, type TypedNode } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { type ScopeItem, UNKNOWN_COLUMNS } from "./scope.ts";
import { findTable, hideTable, referenceBounds, rewriteTableName } from "./table-reference.ts";
import { refuseAssignedField } from "./unknown-row.ts";

/**
 * Rewrites the table that a statement writes to. It takes no alias list, so the references to its
 * columns are exchanged one by one; a table that is renamed keeps its name as an alias.
 */
export function rewriteTarget(
  work: Rewriting,
  node: AstNode,
  takesAlias: "takes_alias" | "takes_no_alias" = "takes_alias",
): ScopeItem {
  work.handled.add(node);
  const name = stringOf(node, "relname");
  const alias = nodeOf(node, "alias");
  const found = findTable(work, node);
  const windowed = found.kind === "windowed" ? found.relation : undefined;
  if (found.kind === "hidden") hideTable(work, node, found.relation);
  let columns = UNKNOWN_COLUMNS;
  if (found.kind === "plain") {
    columns = { names: found.relation.columns.map((column) => column.name), isComplete: true };
  }
  if (windowed !== undefined) {
    columns = { names: windowed.columns.map((column) => column.logical), isComplete: true };
    work.dependsOnPhysical = true;
    const index = rewriteTableName(work, node, windowed);
    const isRenamed = alias === undefined && windowed.physicalName !== name;
    if (index !== undefined && isRenamed && takesAlias === "takes_alias") {
      const end = work.source.token(referenceBounds(work, node, index).last)?.end;
      if (end !== undefined) work.insert(end, ` AS ${quoteIdentifier(name)}`, REASONS.alias);
    }
  }
  const visible = alias === undefined ? name : stringOf(alias, "aliasname");
  if (windowed !== undefined) work.targets.set(visible, windowed);
  const home = windowed?.schema ?? (found.kind === "plain" ? found.relation.schema : undefined);
  return {
    name: visible,
    qualified: alias === undefined && home !== undefined ? { schema: home, name } : undefined,
    columns,
    relation: windowed,
    isTable: true,
    isTarget: true,
    isMerged: false,
    isQualifiedOnly: false,
    wholeRow: undefined,
  };
}

/** Exchanges the column names that a statement assigns to: `(a, b)` of INSERT, `SET a = ...`. */
export function rewriteAssigned(
  work: Rewriting,
  targets: readonly TypedNode[],
  target: ScopeItem,
): void {
  for (const { node } of targets) {
    refuseAssignedField(work, node);
    const name = stringOf(node, "name");
    renameColumnAt(work, work.source.indexAt(locationOf(node)), name, target);
  }
}

/** Exchanges a column's name that stands at this token. */
export function renameColumnAt(
  work: Rewriting,
  index: number,
  name: string,
  target: ScopeItem,
): void {
  const physical = target.relation?.exchange.get(name);
  if (physical === undefined) return;
  const why = columnNameReason(target.relation, name, physical);
  if (work.source.isName(index, name)) work.rename(index, physical, "", why);
  else {
    work.refuseUncertain({
      detail: `The column "${name}" is written in a way that can't be rewritten.`,
      hint: "Write it as a plain or a double-quoted identifier.",
      offset: work.source.token(index)?.start,
    });
  }
}

/** The nodes inside of assigned names and values: `SET a[i] = ...`. */
export function subscriptsOf(targets: readonly TypedNode[]): readonly TypedNode[] {
  return targets.flatMap(({ node }) =>
    listOf(node, "indirection").filter(({ type }) => type === "A_Indices"),
  );
}
