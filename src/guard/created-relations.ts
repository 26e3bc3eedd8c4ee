import { listMember, nameMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { nameOfParts, type RelationName, relationMember } from "./relation-name.ts";

/**
 * The relations that a statement makes, and its enum type. IF NOT EXISTS may find one that was there: then it makes none,
 * and nothing that is known says so.
 */
export function createdRelations({ kind, node }: ParsedStatement): readonly RelationName[] {
  switch (kind) {
    case "CreateStmt":
      return relationMember(node, "relation");
    case "CreateForeignTableStmt":
      return relationMember(nodeMember(node, "base") ?? node, "relation");
    case "CreateTableAsStmt":
      return relationMember(nodeMember(node, "into") ?? {}, "rel");
    case "SelectStmt":
      return relationMember(nodeMember(node, "intoClause") ?? {}, "rel");
    case "ViewStmt":
      return node["replace"] === true ? [] : relationMember(node, "view");
    case "CreateEnumStmt":
      return nameOfParts(nameMember(node, "typeName"));
    case "CreateSeqStmt":
      return relationMember(node, "sequence");
    case "IndexStmt":
      return indexName(
        node["idxname"],
        stringMember(nodeMember(node, "relation") ?? {}, "schemaname"),
      );
    case "CreateSchemaStmt":
      return listMember(node, "schemaElts").flatMap((element) =>
        createdRelations({ kind: element.type, node: element.node, start: 0, end: 0 }).map(
          ({ schema, name }) => ({ schema: schema ?? stringMember(node, "schemaname"), name }),
        ),
      );
    default:
      return [];
  }
}

/** An index is in its table's schema. */
function indexName(name: unknown, schema: string): readonly RelationName[] {
  if (typeof name !== "string") return [];
  return [schema === "" ? { name } : { schema, name }];
}
