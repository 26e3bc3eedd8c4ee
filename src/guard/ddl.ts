import { nodeMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";

/** Everything else changes what the catalog says: PostgreSQL's `GetCommandLogLevel`. */
const NO_DDL: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "TruncateStmt",
  "ExplainStmt",
  "PrepareStmt",
  "ExecuteStmt",
  "DeallocateStmt",
  "DeclareCursorStmt",
  "FetchStmt",
  "ClosePortalStmt",
  "TransactionStmt",
  "ConstraintsSetStmt",
  "VariableSetStmt",
  "VariableShowStmt",
  "DiscardStmt",
  "NotifyStmt",
  "ListenStmt",
  "UnlistenStmt",
  "LockStmt",
  "VacuumStmt",
  "ReindexStmt",
  "CheckPointStmt",
  "LoadStmt",
  "CallStmt",
  "DoStmt",
]);

/** Whether the server logs it by `log_statement = 'ddl'`. Of a DO block, what is in it is not looked at. */
export function isDdl({ kind, node }: Pick<ParsedStatement, "kind" | "node">): boolean {
  if (kind === "SelectStmt") return nodeMember(node, "intoClause") !== undefined;
  return !NO_DDL.has(kind);
}
