import { rewriteColumnReference } from "./column-reference.ts";
import { exchangeArguments, exchangeTableConstant } from "./name-constants.ts";
import { childrenOf, listOf, locationOf, stringOf, type TypedNode, typedOf } from "./node.ts";
import { outputName } from "./output-name.ts";
import type { Rewriting } from "./rewriting.ts";
import { refuseRowType } from "./row-type.ts";
import { refuseFieldCall, refuseUnknownField } from "./unknown-row.ts";
import type { Place } from "./whole-row.ts";

/** Walks an expression: every column reference in it, every query inside it. */
export function rewriteExpression(work: Rewriting, expression: TypedNode, place: Place): void {
  const { type, node } = expression;
  switch (type) {
    case "ColumnRef":
      rewriteColumnReference(work, node, place);
      return;
    case "SelectStmt":
      // Only reached through SubLink and the like: never the statement itself.
      work.walk.query(work, expression, { outer: place.scope, ctes: place.ctes, isTop: false });
      return;
    case "TypeName":
      refuseRowType(work, node);
      break;
    case "TypeCast":
      exchangeTableConstant(work, node);
      break;
    case "A_Indirection":
      refuseUnknownField(work, node, place.scope);
      break;
    case "FuncCall":
      refuseFieldCall(work, node);
      exchangeArguments(work, node);
      break;
  }
  const inner: Place = { ...place, parents: { parent: expression, up: place.parents } };
  for (const child of childrenOf(expression)) rewriteExpression(work, child, inner);
  if (type === "XmlExpr") refuseElementName(work, node);
}

/** `xmlforest(a)` names its element by the column, so an exchanged column would show. */
function refuseElementName(work: Rewriting, node: TypedNode["node"]): void {
  for (const { node: argument } of listOf(node, "named_args")) {
    const { from } = outputName(typedOf(argument, "val"));
    if (stringOf(argument, "name") !== "" || from === undefined) continue;
    if (!work.exchanged.has(from)) continue;
    work.refuseUncertain({
      detail: "An XML element or attribute gets its name from a column that is being renamed.",
      hint: "Give it a name with AS.",
      offset: locationOf(argument),
    });
  }
}

/** The expressions of a list member. */
export function rewriteExpressions(
  work: Rewriting,
  node: TypedNode["node"],
  members: readonly string[],
  place: Place,
): void {
  for (const member of members) {
    for (const child of listOf(node, member)) rewriteExpression(work, child, place);
  }
}
