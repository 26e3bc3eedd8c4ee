import { type AstNode, listMember, nameMember, nodeMember, stringMember, walk } from "./ast.ts";
import type { ParsedStatement } from "./parse.ts";

type Statement = Pick<ParsedStatement, "kind" | "node">;

/**
 * Whether what is known of the session's search_path, temporary tables or version may be wrong once
 * this has run. What happens inside a function that a SELECT calls does not show in its text.
 */
export function changesSession({ kind, node }: Statement): boolean {
  if (ALWAYS.has(kind)) return true;
  switch (kind) {
    case "VariableSetStmt":
      return (
        stringMember(node, "kind") === "VAR_RESET_ALL" ||
        RESOLVING.has(stringMember(node, "name").toLowerCase())
      );
    case "TransactionStmt":
      return stringMember(node, "kind").startsWith("TRANS_STMT_ROLLBACK");
    case "DropStmt":
      return DROPPED.has(stringMember(node, "removeType"));
    case "RenameStmt":
      return stringMember(node, "renameType") === "OBJECT_SCHEMA";
    default:
      return (
        createsTemporary(node) || callsSetConfig({ kind, node }) || writesSettings({ kind, node })
      );
  }
}

/** The literal that `straddle.version` is set to; "" for DEFAULT and RESET of it. */
export function versionSetting({ kind, node }: Statement): string | undefined {
  if (kind !== "VariableSetStmt") return setConfigLiteral({ kind, node });
  if (stringMember(node, "name") !== VERSION_SETTING) return undefined;
  const [value] = listMember(node, "args");
  return value === undefined ? "" : constantText(value.node);
}

const VERSION_SETTING = "straddle.version";

/** Settings that names are resolved by, or a session's version: `"$user"` makes the role one. */
const RESOLVING: ReadonlySet<string> = new Set([
  "search_path",
  "role",
  "session_authorization",
  VERSION_SETTING,
]);

const ALWAYS: ReadonlySet<string> = new Set([
  "DiscardStmt",
  "DoStmt",
  "CallStmt",
  "CreateSchemaStmt",
  "DropOwnedStmt",
  "CreateExtensionStmt",
  "AlterExtensionStmt",
]);

/** Dropped relations can be temporary ones that hid others. */
const DROPPED: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_SEQUENCE",
  "OBJECT_SCHEMA",
  "OBJECT_EXTENSION",
]);

function createsTemporary(node: AstNode): boolean {
  const into = nodeMember(node, "into") ?? nodeMember(node, "intoClause");
  const created =
    (into === undefined ? undefined : nodeMember(into, "rel")) ??
    nodeMember(node, "view") ??
    nodeMember(node, "sequence") ??
    nodeMember(node, "relation");
  if (created === undefined) return false;
  const isTemporary = stringMember(created, "relpersistence") === "t";
  return isTemporary || stringMember(created, "schemaname").startsWith("pg_temp");
}

function callsSetConfig(statement: Statement): boolean {
  let isFound = false;
  forEachSetConfig(statement, () => {
    isFound = true;
  });
  return isFound;
}

/** An UPDATE of the view pg_settings is a SET, also inside of WITH. */
function writesSettings({ kind, node }: Statement): boolean {
  let isFound = false;
  walk({ [kind]: node }, (type, inner) => {
    if (type !== "UpdateStmt") return;
    const target = nodeMember(inner, "relation");
    if (target !== undefined && stringMember(target, "relname") === "pg_settings") isFound = true;
  });
  return isFound;
}

function setConfigLiteral(statement: Statement): string | undefined {
  let found: string | undefined;
  forEachSetConfig(statement, (call) => {
    const [name, value] = listMember(call, "args");
    if (name === undefined || constantText(name.node).toLowerCase() !== VERSION_SETTING) return;
    found = value === undefined ? "" : constantText(value.node);
  });
  return found;
}

function forEachSetConfig({ kind, node }: Statement, visit: (call: AstNode) => void): void {
  walk({ [kind]: node }, (type, call) => {
    if (type === "FuncCall" && nameMember(call, "funcname").at(-1) === "set_config") visit(call);
  });
}

/** The text of an A_Const, "" for anything else. */
function constantText(node: AstNode): string {
  const value = nodeMember(node, "sval");
  return value === undefined ? "" : stringMember(value, "sval");
}
