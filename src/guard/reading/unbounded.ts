import { type AstNode, listMember, nodeMember, stringMember } from "../../sql/ast.ts";
import { verbOf } from "../../sql/verb.ts";
import { type RelationName, relationMember, relationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { isSmall } from "./exempt.ts";

/** A table of which a query may read or change many rows. */
export interface UnboundedTable {
  readonly verb: string;
  readonly name: RelationName;
}

/**
 * Undefined for what is bounded by `column = constant`, for tables that are new or small, and for the
 * catalogs: so migration tools can keep their books in the transaction.
 */
export function unboundedTable(subject: Subject): UnboundedTable | undefined {
  const { statement } = subject;
  const name = manyRowsOf(statement.kind, statement.node);
  if (name === undefined || isCatalog(name) || isSmall(name, subject)) return undefined;
  return { verb: verbOf(statement), name };
}

function manyRowsOf(kind: string, node: AstNode): RelationName | undefined {
  switch (kind) {
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return isPoint(node) ? undefined : relationMember(node, "relation")[0];
    case "SelectStmt":
      return readOf(node);
    case "InsertStmt":
      return readOf(nodeMember(node, "selectStmt") ?? {});
    case "CreateTableAsStmt":
      return readOf(nodeMember(node, "query") ?? {});
    case "CopyStmt":
      return relationMember(node, "relation")[0];
    default:
      return undefined;
  }
}

function readOf(select: AstNode): RelationName | undefined {
  const [first] = listMember(select, "fromClause");
  if (first?.type !== "RangeVar" || isPoint(select)) return undefined;
  return relationName(first.node);
}

/** Whether WHERE has `column = constant`, or IN of constants, among its ANDs. */
function isPoint(node: AstNode): boolean {
  const where = nodeMember(node, "whereClause");
  return where !== undefined && conditions(where).some(isEquality);
}

function conditions(where: AstNode): readonly AstNode[] {
  if (stringMember(where, "boolop") !== "AND_EXPR") return [where];
  return listMember(where, "args").flatMap((item) => conditions(item.node));
}

function isEquality(condition: AstNode): boolean {
  if (!["AEXPR_OP", "AEXPR_IN"].includes(stringMember(condition, "kind"))) return false;
  const [operator] = listMember(condition, "name");
  if (operator === undefined || stringMember(operator.node, "sval") !== "=") return false;
  const sides = [condition["lexpr"], condition["rexpr"]].map((side) => JSON.stringify(side) ?? "");
  return (
    sides.some((side) => side.includes("ColumnRef")) &&
    sides.some((side) => !side.includes("ColumnRef"))
  );
}

function isCatalog({ schema, name }: RelationName): boolean {
  if (schema === undefined) return name.startsWith("pg_");
  return schema === "pg_catalog" || schema === "information_schema";
}
