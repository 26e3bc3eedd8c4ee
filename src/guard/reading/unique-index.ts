import { type AstNode, nameMember, stringMember } from "../../sql/ast.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { nameSql } from "../relation-name.ts";
import type { AddedConstraint } from "./added-constraints.ts";

/**
 * The index of a UNIQUE or PRIMARY KEY constraint, built beside the traffic, and the constraint made of
 * it. Undefined where an index can't say the same. `between`: what has to be done before the second.
 */
export function byUniqueIndex(
  { alter, kind, node, name, columns }: AddedConstraint,
  between: readonly string[],
): readonly string[] | undefined {
  if (node["without_overlaps"] === true) return undefined; // It takes a GiST index that excludes.
  if (node["options"] !== undefined) return undefined;
  const index = quoteIdentifier(name);
  const space = stringMember(node, "indexspace");
  const including = nameMember(node, "including");
  const create = [
    `CREATE UNIQUE INDEX CONCURRENTLY ${index} ON ${nameSql(alter.table)} (${list(columns)})`,
    including.length === 0 ? "" : `INCLUDE (${list(including)})`,
    node["nulls_not_distinct"] === true ? "NULLS NOT DISTINCT" : "",
    space === "" ? "" : `TABLESPACE ${quoteIdentifier(space)}`,
  ];
  const word = kind === "CONSTR_PRIMARY" ? "PRIMARY KEY" : "UNIQUE";
  const add = [
    `${alter.head} ADD CONSTRAINT ${index} ${word} USING INDEX ${index}`,
    ...deferrable(node),
  ];
  return [create.filter((part) => part !== "").join(" "), ...between, add.join(" ")];
}

function deferrable(node: AstNode): readonly string[] {
  if (node["deferrable"] !== true) return [];
  return node["initdeferred"] === true ? ["DEFERRABLE INITIALLY DEFERRED"] : ["DEFERRABLE"];
}

function list(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}
