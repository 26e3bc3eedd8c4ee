import { type AstNode, stringMember } from "./ast.ts";
import type { ParsedStatement } from "./parse.ts";

/** The command in capitals, as the server's command tag names it: `ALTER TABLE`, `CREATE INDEX`. */
export function verbOf({ kind, node }: Pick<ParsedStatement, "kind" | "node">): string {
  switch (kind) {
    case "SelectStmt":
      return node["intoClause"] === undefined ? "SELECT" : "SELECT INTO";
    case "TransactionStmt":
      return TRANSACTION_VERBS[stringMember(node, "kind")] ?? "BEGIN";
    case "VariableSetStmt":
      return stringMember(node, "kind").startsWith("VAR_RESET") ? "RESET" : "SET";
    case "DropStmt":
      return `DROP ${objectName(stringMember(node, "removeType"))}`;
    case "AlterTableStmt":
      return `ALTER ${objectName(stringMember(node, "objtype"))}`;
    case "AlterObjectSchemaStmt":
    case "AlterOwnerStmt":
    case "AlterObjectDependsStmt":
      return `ALTER ${objectName(stringMember(node, "objectType"))}`;
    case "RenameStmt":
      return `ALTER ${renamedName(node)}`;
    case "CreateTableAsStmt":
      return stringMember(node, "objtype") === "OBJECT_MATVIEW"
        ? "CREATE MATERIALIZED VIEW"
        : "CREATE TABLE AS";
    case "DefineStmt":
      return `CREATE ${objectName(stringMember(node, "kind"))}`;
    case "GrantStmt":
      return node["is_grant"] === true ? "GRANT" : "REVOKE";
    case "GrantRoleStmt":
      return node["is_grant"] === true ? "GRANT ROLE" : "REVOKE ROLE";
    case "CreateFunctionStmt":
      return node["is_procedure"] === true ? "CREATE PROCEDURE" : "CREATE FUNCTION";
    case "AlterFunctionStmt":
      return `ALTER ${objectName(stringMember(node, "objtype"))}`;
    case "VacuumStmt":
      return node["is_vacuumcmd"] === true ? "VACUUM" : "ANALYZE";
    case "FetchStmt":
      return node["ismove"] === true ? "MOVE" : "FETCH";
    case "DeallocateStmt":
      return node["isall"] === true ? "DEALLOCATE ALL" : "DEALLOCATE";
    case "DiscardStmt":
      return stringMember(node, "target").replace("_", " ");
    case "ClosePortalStmt":
      return node["portalname"] === undefined ? "CLOSE CURSOR ALL" : "CLOSE CURSOR";
    default:
      return VERBS[kind] ?? wordsOf(kind);
  }
}

const TRANSACTION_VERBS: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: "BEGIN",
  TRANS_STMT_START: "START TRANSACTION",
  TRANS_STMT_COMMIT: "COMMIT",
  TRANS_STMT_ROLLBACK: "ROLLBACK",
  TRANS_STMT_SAVEPOINT: "SAVEPOINT",
  TRANS_STMT_RELEASE: "RELEASE",
  TRANS_STMT_ROLLBACK_TO: "ROLLBACK",
  TRANS_STMT_PREPARE: "PREPARE TRANSACTION",
  TRANS_STMT_COMMIT_PREPARED: "COMMIT PREPARED",
  TRANS_STMT_ROLLBACK_PREPARED: "ROLLBACK PREPARED",
};

/** Where the type's own name is not the command's. */
const VERBS: Readonly<Record<string, string>> = {
  CreateStmt: "CREATE TABLE",
  IndexStmt: "CREATE INDEX",
  ViewStmt: "CREATE VIEW",
  RuleStmt: "CREATE RULE",
  CreateTrigStmt: "CREATE TRIGGER",
  CreateEventTrigStmt: "CREATE EVENT TRIGGER",
  AlterEventTrigStmt: "ALTER EVENT TRIGGER",
  CreateSeqStmt: "CREATE SEQUENCE",
  AlterSeqStmt: "ALTER SEQUENCE",
  CreateStatsStmt: "CREATE STATISTICS",
  AlterStatsStmt: "ALTER STATISTICS",
  CreateEnumStmt: "CREATE TYPE",
  CreateRangeStmt: "CREATE TYPE",
  CompositeTypeStmt: "CREATE TYPE",
  AlterEnumStmt: "ALTER TYPE",
  CreatedbStmt: "CREATE DATABASE",
  DropdbStmt: "DROP DATABASE",
  AlterDatabaseSetStmt: "ALTER DATABASE",
  AlterRoleSetStmt: "ALTER ROLE",
  AlterTableMoveAllStmt: "ALTER TABLE",
  AlterExtensionContentsStmt: "ALTER EXTENSION",
  AlterDefaultPrivilegesStmt: "ALTER DEFAULT PRIVILEGES",
  CreateFdwStmt: "CREATE FOREIGN DATA WRAPPER",
  AlterFdwStmt: "ALTER FOREIGN DATA WRAPPER",
  CreateForeignServerStmt: "CREATE SERVER",
  AlterForeignServerStmt: "ALTER SERVER",
  CreatePLangStmt: "CREATE LANGUAGE",
  CreateAmStmt: "CREATE ACCESS METHOD",
  CreateOpClassStmt: "CREATE OPERATOR CLASS",
  CreateOpFamilyStmt: "CREATE OPERATOR FAMILY",
  AlterOpFamilyStmt: "ALTER OPERATOR FAMILY",
  AlterTSDictionaryStmt: "ALTER TEXT SEARCH DICTIONARY",
  AlterTSConfigurationStmt: "ALTER TEXT SEARCH CONFIGURATION",
  RefreshMatViewStmt: "REFRESH MATERIALIZED VIEW",
  TruncateStmt: "TRUNCATE TABLE",
  LockStmt: "LOCK TABLE",
  CheckPointStmt: "CHECKPOINT",
  VariableShowStmt: "SHOW",
  ConstraintsSetStmt: "SET CONSTRAINTS",
  SecLabelStmt: "SECURITY LABEL",
  DeclareCursorStmt: "DECLARE CURSOR",
};

const OBJECTS: Readonly<Record<string, string>> = {
  MATVIEW: "MATERIALIZED VIEW",
  TABCONSTRAINT: "TABLE",
  COLUMN: "TABLE",
  ATTRIBUTE: "TYPE",
  DOMCONSTRAINT: "DOMAIN",
  STATISTIC_EXT: "STATISTICS",
  FDW: "FOREIGN DATA WRAPPER",
  FOREIGN_SERVER: "SERVER",
  OPCLASS: "OPERATOR CLASS",
  OPFAMILY: "OPERATOR FAMILY",
  LARGEOBJECT: "LARGE OBJECT",
  TSDICTIONARY: "TEXT SEARCH DICTIONARY",
  TSCONFIGURATION: "TEXT SEARCH CONFIGURATION",
  TSPARSER: "TEXT SEARCH PARSER",
  TSTEMPLATE: "TEXT SEARCH TEMPLATE",
};

/** `OBJECT_FOREIGN_TABLE` in the words of SQL. */
function objectName(objectType: string): string {
  const name = objectType.replace(/^OBJECT_/, "");
  return OBJECTS[name] ?? name.replaceAll("_", " ");
}

function renamedName(node: AstNode): string {
  const renamed = stringMember(node, "renameType");
  return objectName(renamed === "OBJECT_COLUMN" ? stringMember(node, "relationType") : renamed);
}

/** `CreateForeignTableStmt` becomes `CREATE FOREIGN TABLE`. */
function wordsOf(kind: string): string {
  const words = kind.replace(/Stmt$/, "").replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ");
  return words.toUpperCase();
}
