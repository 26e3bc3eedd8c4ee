import { listMember, nodeMember, stringMember } from "./ast.ts";
import type { ParsedStatement } from "./parse.ts";

/**
 * Whether the statement can add, drop or rename relations, columns or schemas, so that a snapshot of
 * the catalog is stale after it. DO and CALL can do anything.
 */
export function changesCatalog({ kind, node }: Pick<ParsedStatement, "kind" | "node">): boolean {
  if (ALWAYS.has(kind)) return true;
  switch (kind) {
    case "SelectStmt":
      return node["intoClause"] !== undefined;
    case "DropStmt":
      return (
        DROPPED.has(stringMember(node, "removeType")) ||
        stringMember(node, "behavior") === "DROP_CASCADE"
      );
    case "AlterTableStmt":
      return listMember(node, "cmds").some(({ node: command }) =>
        COLUMN_COMMANDS.has(stringMember(command, "subtype")),
      );
    case "DiscardStmt":
      return TEMPORARY.has(stringMember(node, "target"));
    case "RenameStmt":
      return RENAMED.has(stringMember(node, "renameType"));
    case "ExplainStmt": {
      const query = node["query"];
      return (
        query !== undefined && nodeMember({ query }, "query")?.["into"] !== undefined // CREATE TABLE AS
      );
    }
    default:
      return false;
  }
}

/**
 * Whether such a statement can add, drop or rename relations that it does not name: those of a schema, an
 * owner or an extension, what hangs on something else, and temporary tables.
 */
export function changesUnnamed({ kind, node }: Pick<ParsedStatement, "kind" | "node">): boolean {
  switch (kind) {
    case "DropOwnedStmt":
    case "CreateExtensionStmt":
    case "AlterExtensionStmt":
    case "ImportForeignSchemaStmt":
    case "DiscardStmt":
      return true;
    case "DropStmt":
      return (
        stringMember(node, "behavior") === "DROP_CASCADE" ||
        UNNAMED.has(stringMember(node, "removeType"))
      );
    case "RenameStmt":
      return UNNAMED.has(stringMember(node, "renameType"));
    default:
      return false;
  }
}

const UNNAMED: ReadonlySet<string> = new Set(["OBJECT_SCHEMA", "OBJECT_EXTENSION"]);

const ALWAYS: ReadonlySet<string> = new Set([
  "CreateStmt",
  "CreateForeignTableStmt",
  "CreateTableAsStmt",
  "CreateSeqStmt",
  "CreateSchemaStmt",
  "ViewStmt",
  "CompositeTypeStmt",
  "AlterObjectSchemaStmt",
  "CreateExtensionStmt",
  "AlterExtensionStmt",
  "ImportForeignSchemaStmt",
  "DropOwnedStmt",
  "DoStmt",
  "CallStmt",
]);

/** What DISCARD lets go of with temporary tables among it. */
const TEMPORARY: ReadonlySet<string> = new Set(["DISCARD_ALL", "DISCARD_TEMP"]);

const DROPPED: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_SEQUENCE",
  "OBJECT_SCHEMA",
  "OBJECT_EXTENSION",
]);

const RENAMED: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_SEQUENCE",
  "OBJECT_SCHEMA",
  "OBJECT_COLUMN",
  "OBJECT_ATTRIBUTE",
  // ALTER TABLE of an index's name and ALTER INDEX of a table's are the same to the server.
  "OBJECT_INDEX",
]);

const COLUMN_COMMANDS: ReadonlySet<string> = new Set([
  "AT_AddColumn",
  "AT_AddColumnToView",
  "AT_DropColumn",
  "AT_AlterColumnType",
  "AT_AddInherit",
  "AT_AddOf",
  "AT_AttachPartition",
  "AT_DetachPartition",
]);
