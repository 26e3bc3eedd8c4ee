import { type AstNode, listMember, nodeMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { verbOf } from "../sql/verb.ts";
import type { Facts } from "./facts.ts";
import {
  isSameName,
  nameText,
  type RelationName,
  relationMember,
  relationName,
} from "./relation-name.ts";

/** Rows below which to read a whole table takes no time that matters. */
const FEW_ROWS = 10_000;

/**
 * What a query does to all rows of a table, in words: `UPDATE of all of t`. Undefined for what is bounded by a
 * WHERE or a LIMIT, for tables made in the same transaction, and for those known to have few rows.
 */
export function longWork(
  statement: ParsedStatement,
  facts: Facts,
  created: readonly RelationName[],
): string | undefined {
  const table = wholeTable(statement);
  if (table === undefined || created.some((each) => isSameName(each, table))) return undefined;
  const found = facts.relation(table);
  if (found === "missing") return undefined;
  if (found?.tuples !== undefined && found.tuples < FEW_ROWS) return undefined;
  return `${verbOf(statement)} of all of ${nameText(table)}`;
}

function wholeTable({ kind, node }: ParsedStatement): RelationName | undefined {
  switch (kind) {
    case "UpdateStmt":
    case "DeleteStmt":
      return node["whereClause"] === undefined ? relationMember(node, "relation")[0] : undefined;
    case "SelectStmt":
      return wholeRead(node);
    case "InsertStmt":
      return wholeRead(nodeMember(node, "selectStmt") ?? {});
    case "CreateTableAsStmt":
      return wholeRead(nodeMember(node, "query") ?? {});
    case "CopyStmt":
      return relationMember(node, "relation")[0];
    default:
      return undefined;
  }
}

function wholeRead(select: AstNode): RelationName | undefined {
  if (select["whereClause"] !== undefined || select["limitCount"] !== undefined) return undefined;
  const [first] = listMember(select, "fromClause");
  return first?.type === "RangeVar" ? relationName(first.node) : undefined;
}
