import type { AstNode } from "../sql/ast.ts";
import type { NamedRelation } from "../version/naming.ts";
import { isNode, locationOf, namesOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";

/** Whether a node of a tree is a TypeName, also where its parent does not say so: only these have a typemod. */
export function isTypeName(node: AstNode): boolean {
  return Array.isArray(node["names"]) && "typemod" in node;
}

/** The table under a window whose row, array of rows or column a type's name stands for. */
export function tableOfType(work: Rewriting, node: AstNode): NamedRelation | undefined {
  const names = namesOf(node, "names");
  // `orders.user_id%TYPE` ends with a column.
  const table = node["pct_type"] === true ? names.slice(0, -1) : names;
  const name = table.at(-1);
  if (name === undefined || table.length > 3) return undefined;
  if (table.length === 3 && table[0] !== work.database) return undefined;
  // The array type of `orders` is called `_orders`.
  for (const candidate of [name, name.replace(/^_/, "")]) {
    const found = work.lookup.find(table.at(-2) ?? "", candidate);
    if (found.kind === "windowed" || found.kind === "hidden") return found.relation;
  }
  return undefined;
}

/** `NULL::orders` has the table's physical field names, and so has what is made of it. */
export function refuseRowType(work: Rewriting, node: AstNode): void {
  const relation = tableOfType(work, node);
  if (relation === undefined) return;
  work.touched.add(relation);
  const name = namesOf(node, "names").at(node["pct_type"] === true ? -2 : -1);
  work.refuseUncertain({
    detail: `The row type of table "${name}" has column names of another version.`,
    hint: "Use the columns that are needed instead of the whole row type.",
    offset: locationOf(node),
  });
}

/** Refuses the row types in a tree that is not run, but kept, while they have other names now. */
export function refuseRowTypesNow(work: Rewriting, value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) refuseRowTypesNow(work, item);
    return;
  }
  if (!isNode(value)) return;
  const relation = isTypeName(value) ? tableOfType(work, value) : undefined;
  if (relation !== undefined) {
    work.touched.add(relation);
    work.dependsOnPhysical = true;
    // Which of a chain's columns a name means can have changed by the time it runs.
    const isOfChain = value["pct_type"] === true && relation.chained.length > 0;
    const isNamedAlike = relation.exchange.size === 0 && !isOfChain;
    if (!isNamedAlike || relation.logicalName !== relation.physicalName) refuseRowType(work, value);
  }
  for (const member of Object.values(value)) refuseRowTypesNow(work, member);
}
