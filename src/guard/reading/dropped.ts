import { listMember, nameMember, stringMember } from "../../sql/ast.ts";
import { nameOfParts, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { isNew } from "./exempt.ts";

/** The relations of some kinds that a DROP names, but for those that are new. */
export function droppedRelations(
  subject: Subject,
  kinds: readonly string[],
): readonly RelationName[] {
  const { kind, node } = subject.statement;
  if (kind !== "DropStmt" || !kinds.includes(stringMember(node, "removeType"))) return [];
  return listMember(node, "objects")
    .flatMap((item) => nameOfParts(nameMember(item.node, "items")))
    .filter((name) => !isNew(name, subject));
}
