import { type AstNode, listMember } from "../sql/ast.ts";
import { LOCK_LEVELS, type LockLevel } from "./lock-level.ts";
import { type RelationName, relationName } from "./relation-name.ts";

/** `LOCKMODE` numbers of the server's `lockdefs.h`. */
const MODES: Readonly<Record<number, LockLevel>> = {
  4: "SHARE UPDATE EXCLUSIVE",
  5: "SHARE",
  6: "SHARE ROW EXCLUSIVE",
  7: "EXCLUSIVE",
  8: "ACCESS EXCLUSIVE",
};

/** What LOCK TABLE takes; undefined for what queries take anyway. */
export function lockTableLevel(
  node: AstNode,
): { verb: string; level: LockLevel; relations: readonly RelationName[] } | undefined {
  const level = MODES[Number(node["mode"] ?? 0)];
  if (level === undefined || !LOCK_LEVELS.includes(level)) return undefined;
  const relations = listMember(node, "relations").map((item) => relationName(item.node));
  return { verb: "LOCK TABLE", level, relations };
}
