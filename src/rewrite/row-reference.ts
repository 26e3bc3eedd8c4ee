import type { AstNode } from "../sql/ast.ts";
import { REASONS } from "./explanation.ts";
import { listOf, locationOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import type { ScopeItem } from "./scope.ts";
import { judgeRowUse, type Place } from "./whole-row.ts";

/** `item.*`: columns of an output list, or a row. */
export function rewriteStar(work: Rewriting, node: AstNode, item: ScopeItem, place: Place): void {
  const isExpanded = place.parents === undefined && place.clause !== "other";
  const isInRow = place.parents?.parent.type === "RowExpr";
  if (!isExpanded && !isInRow) rewriteWholeRow(work, node, item, place);
  else if (isExpanded && item.isTarget && hasWindowedColumns(item)) {
    work.refuseUncertain({
      detail: `"${item.name}.*" in a subquery would show columns under names of another version.`,
      hint: "List the columns that are needed.",
      offset: locationOf(node),
    });
  }
}

/** A row as one value: its field names are physical ones, whatever the alias list says. */
export function rewriteWholeRow(
  work: Rewriting,
  node: AstNode,
  item: ScopeItem,
  place: Place,
): void {
  if (!hasWindowedColumns(item)) return;
  const use = judgeRowUse(place);
  const form = item.wholeRow;
  if (use === "neutral") return;
  if (use === "hidden") {
    const elsewhere = form?.kind === "impossible" ? form.elsewhere : undefined;
    if (item.isTarget) refuseExchangedField(work, node, item, place);
    else if (form !== undefined) work.plainRows.set(elsewhere ?? form, locationOf(node));
    return;
  }
  if (use === "shown" && form?.kind === "possible") {
    work.insert(form.start, "(SELECT * FROM ", REASONS.row);
    work.insert(form.end, `) AS ${form.name}`, REASONS.row);
    work.rowForms.add(form);
    return;
  }
  const because =
    use === "unknown" || form === undefined
      ? "what is done with it may show column names of another version"
      : form.kind === "impossible"
        ? form.because
        : "";
  work.refuseUncertain({
    detail: `"${item.name}" stands for a whole row, and ${because}.`,
    hint: "Select the columns that are needed in a subquery, and use that subquery's row.",
    offset: locationOf(node),
  });
}

/** `(o).user_id` of a written table is looked up among its physical names. */
function refuseExchangedField(work: Rewriting, node: AstNode, item: ScopeItem, place: Place): void {
  const parent = place.parents?.parent;
  if (parent?.type !== "A_Indirection") return;
  for (const { type, node: step } of listOf(parent.node, "indirection")) {
    const name = type === "String" ? step["sval"] : undefined;
    const isStar = type === "A_Star";
    if (isStar || (typeof name === "string" && item.relation?.exchange.has(name))) {
      work.refuseUncertain({
        detail: `A field of the row "${item.name}" has another name in the database.`,
        hint: `Write ${item.name}.column instead of (${item.name}).column.`,
        offset: locationOf(node),
      });
    }
    return;
  }
}

function hasWindowedColumns(item: ScopeItem): boolean {
  return (item.relation?.aliasCount ?? 0) > 0;
}
