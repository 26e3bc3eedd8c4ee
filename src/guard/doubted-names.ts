import { type AstNode, listMember, nameMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { changesSession } from "../sql/session-change.ts";
import { createdRelations } from "./created-relations.ts";
import { nameOfParts, relationMember } from "./relation-name.ts";

/**
 * What names may mean something else after a statement than what the server said before it: those that
 * it names anew, or `path` for all without a schema.
 */
export function doubtAfter(statement: ParsedStatement): readonly string[] | "path" {
  const { kind, node } = statement;
  switch (kind) {
    case "RenameStmt":
      return [stringMember(node, "newname"), ...named(node)];
    case "AlterObjectSchemaStmt":
      return named(node);
    case "DropStmt":
      return listMember(node, "objects")
        .flatMap((item) => nameOfParts(nameMember(item.node, "items")))
        .map(({ name }) => name);
    case "CreateStmt":
    case "CreateTableAsStmt":
    case "ViewStmt":
    case "SelectStmt":
      return changesSession(statement) && createdRelations(statement).length === 0 ? "path" : [];
    default:
      return changesSession(statement) ? "path" : [];
  }
}

function named(node: AstNode): readonly string[] {
  return relationMember(node, "relation").map(({ name }) => name);
}
