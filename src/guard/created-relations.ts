import { listMember, nameMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { nameOfParts, type RelationName, relationMember } from "./relation-name.ts";

type Statement = Pick<ParsedStatement, "kind" | "node">;

/**
 * The relations that a statement makes, and its enum type. IF NOT EXISTS may find one that was there: then it makes none,
 * and nothing that is known says so.
 */
export function createdRelations({ kind, node }: Statement): readonly RelationName[] {
  const made = madeBy({ kind, node });
  return isTemporary({ kind, node }) ? made.map(({ name }) => ({ schema: "pg_temp", name })) : made;
}

/** In the session's own schema, which is `pg_temp` to itself. */
function isTemporary({ kind, node }: Statement): boolean {
  const into = nodeMember(node, kind === "SelectStmt" ? "intoClause" : "into") ?? {};
  const members = kind === "IndexStmt" ? [] : ["relation", "sequence", "view"];
  const named = [...members.map((member) => nodeMember(node, member)), nodeMember(into, "rel")];
  return named.some((each) => each !== undefined && stringMember(each, "relpersistence") === "t");
}

function madeBy({ kind, node }: Statement): readonly RelationName[] {
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
        madeBy({ kind: element.type, node: element.node }).map(({ schema, name }) => ({
          schema: schema ?? stringMember(node, "schemaname"),
          name,
        })),
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
