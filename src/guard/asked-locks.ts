import { type AstNode, listMember, nameMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { alterTableLevel } from "./alter-table-level.ts";
import { type LockLevel, strongest } from "./lock-level.ts";
import { lockTableLevel } from "./lock-table.ts";
import { lockedBy } from "./locks.ts";
import {
  isSameName,
  nameOfParts,
  type RelationName,
  relationMember,
  relationName,
} from "./relation-name.ts";

/** A lock that a statement is going to ask for, and to wait for. */
export interface AskedLock {
  readonly relation: RelationName;
  readonly level: LockLevel;
  /** Whether it asks for the same on each partition and heir. */
  readonly reachesHeirs: boolean;
}

/**
 * The locks of one statement, each at its own level, where `lockedBy` has the strongest for all. Of DO,
 * and of LOCK TABLE with NOWAIT, none.
 */
export function askedLocks(statement: ParsedStatement): readonly AskedLock[] {
  const { kind, node } = statement;
  if (kind === "DoStmt" || node["nowait"] === true) return [];
  const lock = kind === "LockStmt" ? lockTableLevel(node) : lockedBy(statement);
  if (lock === undefined) return [];
  if (kind === "AlterTableStmt") return ofAlterTable(node, lock.relations);
  if (kind === "CreateStmt" || kind === "CreateForeignTableStmt") {
    return ofCreateTable(nodeMember(node, "base") ?? node, lock.relations);
  }
  const { level } = lock;
  const withHeirs = namedWithHeirs(statement);
  return lock.relations.map((relation) => ({
    relation,
    level,
    reachesHeirs: withHeirs.some((each) => isSameName(each, relation)),
  }));
}

/** Actions that are about one other table, and what they ask for on the target and on that one. */
const WITH_ANOTHER: Readonly<Record<string, readonly [target: LockLevel, other: LockLevel]>> = {
  AT_AttachPartition: ["SHARE UPDATE EXCLUSIVE", "ACCESS EXCLUSIVE"],
  AT_DetachPartition: ["ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"],
  AT_DetachPartitionFinalize: ["SHARE UPDATE EXCLUSIVE", "ACCESS EXCLUSIVE"],
  AT_AddInherit: ["ACCESS EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"],
};

/** Actions that go on to heirs (`ATPrepCmd`); others stay with the table that they name. */
const RECURSING: ReadonlySet<string> = new Set([
  "AT_AddColumn",
  "AT_DropColumn",
  "AT_ColumnDefault",
  "AT_AlterColumnType",
  "AT_SetNotNull",
  "AT_DropNotNull",
  "AT_SetExpression",
  "AT_DropExpression",
  "AT_AddConstraint",
  "AT_DropConstraint",
]);

function ofAlterTable(node: AstNode, relations: readonly RelationName[]): readonly AskedLock[] {
  const objectType = stringMember(node, "objtype");
  const commands = listMember(node, "cmds").map((command) => command.node);
  const [command] = commands;
  const both = command && WITH_ANOTHER[stringMember(command, "subtype")];
  const level = strongest(commands.map((each) => alterTableLevel(each, objectType)));
  const isConcurrent = command !== undefined && nodeMember(command, "def")?.["concurrent"] === true;
  const [targetLevel, otherLevel]: readonly LockLevel[] = isConcurrent
    ? ["SHARE UPDATE EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"]
    : (both ?? [level, "SHARE ROW EXCLUSIVE"]);
  const recurses = commands.some((each) => RECURSING.has(stringMember(each, "subtype")));
  return relations.map((relation, index) => ({
    relation,
    level: (index === 0 ? targetLevel : otherLevel) ?? level,
    reachesHeirs: index === 0 && recurses && isWithHeirs(nodeMember(node, "relation")),
  }));
}

function ofCreateTable(node: AstNode, relations: readonly RelationName[]): readonly AskedLock[] {
  const parentCount = listMember(node, "inhRelations").length;
  const parentLevel =
    node["partbound"] === undefined ? "SHARE UPDATE EXCLUSIVE" : "ACCESS EXCLUSIVE";
  return relations.map((relation, index) => ({
    relation,
    level: index < parentCount ? parentLevel : "SHARE ROW EXCLUSIVE",
    reachesHeirs: false,
  }));
}

/** Relations whose heirs are asked for as well. Of DROP, those that the text names can have some. */
function namedWithHeirs({ kind, node }: ParsedStatement): readonly RelationName[] {
  switch (kind) {
    case "DropStmt":
      return stringMember(node, "removeType") === "OBJECT_TABLE"
        ? listMember(node, "objects").flatMap((item) => nameOfParts(nameMember(item.node, "items")))
        : [];
    case "RenameStmt":
      if (stringMember(node, "renameType") !== "OBJECT_COLUMN") return [];
      return isWithHeirs(nodeMember(node, "relation")) ? relationMember(node, "relation") : [];
    case "IndexStmt":
      return isWithHeirs(nodeMember(node, "relation")) ? relationMember(node, "relation") : [];
    case "TruncateStmt":
    case "LockStmt":
      return listMember(node, "relations")
        .filter((item) => isWithHeirs(item.node))
        .map((item) => relationName(item.node));
    default:
      return [];
  }
}

/** Named without ONLY. */
function isWithHeirs(relation: AstNode | undefined): boolean {
  return relation?.["inh"] === true;
}
