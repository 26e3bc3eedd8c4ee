import { walk } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { stepsOfDo } from "../sql/plpgsql.ts";
import { createdRelations } from "./created-relations.ts";
import { lockTableLevel } from "./lock-table.ts";
import { lockedBy } from "./locks.ts";
import { type RelationName, relationMember } from "./relation-name.ts";

const WRITES: ReadonlySet<string> = new Set([
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

/**
 * The relations that a statement changes, locks or makes, as it names them; of a DO block those of the
 * statements in it. None where it doesn't name them, as of DROP SCHEMA, and for a SELECT.
 */
export function tablesOf({ kind, node }: ParsedStatement): readonly RelationName[] {
  if (kind === "DoStmt") {
    const steps = stepsOfDo(node) ?? [];
    return steps.flatMap((step) => (step.kind === "statement" ? tablesOf(step.statement) : []));
  }
  const lock = kind === "LockStmt" ? lockTableLevel(node) : lockedBy({ kind, node });
  // An index is its table's.
  const created = kind === "IndexStmt" ? [] : createdRelations({ kind, node });
  const written: RelationName[] = WRITES.has(kind) ? [...relationMember(node, "relation")] : [];
  walk(node, (type, inner) => {
    if (WRITES.has(type)) written.push(...relationMember(inner, "relation"));
  });
  return [...(lock?.relations ?? []), ...created, ...written];
}
