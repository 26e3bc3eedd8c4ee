import { type AstNode, listMember, nameMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { type AddedCheck, checksAfter } from "./added-checks.ts";
import { createdRelations } from "./created-relations.ts";
import type { Facts } from "./facts.ts";
import { LOCK_LEVELS, type LockLevel } from "./lock-level.ts";
import { lockTableLevel } from "./lock-table.ts";
import { lockedBy } from "./locks.ts";
import { longWork } from "./long-work.ts";
import { isSameName, nameOfParts, type RelationName, relationMember } from "./relation-name.ts";
import { NO_TIMEOUTS, type Timeouts, timeoutsAfter } from "./timeouts.ts";

/** What is known of a transaction from its statements so far. A value: it never changes. */
export interface TransactionMemory {
  /** A BEGIN, or what stands for one, has come and no end of it. */
  readonly isInBlock: boolean;
  /** The strongest lock on each relation that was there before. */
  readonly locks: readonly HeldLock[];
  /** Relations made in it. In a script, also those of its transactions before. */
  readonly created: readonly RelationName[];
  /** Constraints that it has added as NOT VALID. In a script, also those of its transactions before. */
  readonly checks: readonly AddedCheck[];
  /** The first statement that read or changed a whole table: `UPDATE of t`. */
  readonly longWork: string | undefined;
  /** Timeouts that it has set: for the session, and by SET LOCAL. */
  readonly session: Timeouts;
  readonly local: Timeouts;
  /** As the session's were before the block. */
  readonly sessionBefore: Timeouts;
  readonly savepoints: readonly { readonly name: string; readonly memory: TransactionMemory }[];
}

export interface HeldLock {
  readonly relation: RelationName;
  readonly level: LockLevel;
  /** The command that took it: `ALTER TABLE`. */
  readonly verb: string;
}

export const EMPTY_MEMORY: TransactionMemory = {
  isInBlock: false,
  locks: [],
  created: [],
  checks: [],
  longWork: undefined,
  session: NO_TIMEOUTS,
  local: NO_TIMEOUTS,
  sessionBefore: NO_TIMEOUTS,
  savepoints: [],
};

/** The memory of a transaction block that has just begun. */
export function beginning(memory: TransactionMemory): TransactionMemory {
  return { ...memory, isInBlock: true, sessionBefore: memory.session };
}

/** What is known after a statement has run, if it did. */
export function memoryAfter(
  memory: TransactionMemory,
  statement: ParsedStatement,
  facts: Facts,
): TransactionMemory {
  if (statement.kind === "TransactionStmt") return afterTransaction(memory, statement.node);
  const after = withEffects(memory, statement, facts);
  return memory.isInBlock ? after : ended(after);
}

/** The same, whether or not the transaction ends with the statement. */
export function withEffects(
  memory: TransactionMemory,
  statement: ParsedStatement,
  facts: Facts,
): TransactionMemory {
  const { kind, node } = statement;
  const created = [...withoutDropped(memory.created, statement), ...createdRelations(statement)];
  return {
    ...memory,
    ...timeoutsAfter(memory, statement),
    created: kind === "RenameStmt" ? withRenamed(created, node) : created,
    locks: locksAfter({ ...memory, created }, statement),
    checks: checksAfter(memory.checks, statement),
    longWork: memory.longWork ?? longWork(statement, facts, created),
  };
}

/** After COMMIT or ROLLBACK: only what was set for the session stays. */
function ended({ session }: TransactionMemory): TransactionMemory {
  return { ...EMPTY_MEMORY, session, sessionBefore: session };
}

function afterTransaction(memory: TransactionMemory, node: AstNode): TransactionMemory {
  const name = stringMember(node, "savepoint_name");
  switch (stringMember(node, "kind")) {
    case "TRANS_STMT_BEGIN":
    case "TRANS_STMT_START":
      return memory.isInBlock ? memory : beginning(memory);
    case "TRANS_STMT_COMMIT":
    case "TRANS_STMT_PREPARE": {
      const after = ended(memory);
      return node["chain"] === true ? beginning(after) : after;
    }
    case "TRANS_STMT_ROLLBACK": {
      const after = ended({ ...memory, session: memory.sessionBefore });
      return node["chain"] === true ? beginning(after) : after;
    }
    case "TRANS_STMT_SAVEPOINT":
      return { ...memory, savepoints: [...memory.savepoints, { name, memory }] };
    case "TRANS_STMT_ROLLBACK_TO": {
      const index = memory.savepoints.findLastIndex((savepoint) => savepoint.name === name);
      const found = memory.savepoints[index];
      if (found === undefined) return memory;
      return { ...found.memory, savepoints: memory.savepoints.slice(0, index + 1) };
    }
    case "TRANS_STMT_RELEASE": {
      const index = memory.savepoints.findLastIndex((savepoint) => savepoint.name === name);
      return index < 0 ? memory : { ...memory, savepoints: memory.savepoints.slice(0, index) };
    }
    default:
      return memory;
  }
}

/** The lock of this level that the transaction already has on a relation. */
export function holds(
  { locks }: TransactionMemory,
  relation: RelationName,
  level: LockLevel,
): boolean {
  return locks.some((held) => held.level === level && isSameName(held.relation, relation));
}

export function isCreatedIn({ created }: TransactionMemory, relation: RelationName): boolean {
  return created.some(
    (each) =>
      isSameName(each, relation) ||
      // A temporary one comes first along the search path.
      (each.schema === "pg_temp" && relation.schema === undefined && each.name === relation.name),
  );
}

/** Without those that a DROP takes away: their names may be others' then. */
function withoutDropped(
  created: readonly RelationName[],
  { kind, node }: ParsedStatement,
): readonly RelationName[] {
  if (kind !== "DropStmt") return created;
  const dropped = listMember(node, "objects").flatMap((item) =>
    nameOfParts(nameMember(item.node, "items")),
  );
  return created.filter((each) => !dropped.some(({ name }) => name === each.name));
}

function locksAfter(memory: TransactionMemory, statement: ParsedStatement): readonly HeldLock[] {
  const taken =
    statement.kind === "LockStmt" ? lockTableLevel(statement.node) : lockedBy(statement);
  if (taken === undefined) return memory.locks;
  const { level, verb, relations } = taken;
  let locks = memory.locks;
  for (const relation of relations) {
    if (isCreatedIn(memory, relation)) continue;
    const before = locks.find((held) => isSameName(held.relation, relation));
    if (before !== undefined && rank(before.level) >= rank(level)) continue;
    locks = [...locks.filter((held) => held !== before), { relation, level, verb }];
  }
  if (statement.kind !== "RenameStmt") return locks;
  return locks.flatMap((held) =>
    withRenamed([held.relation], statement.node).map((relation) => ({ ...held, relation })),
  );
}

function rank(level: LockLevel): number {
  return LOCK_LEVELS.indexOf(level);
}

/** A relation that was renamed is the one that it was, under both names. */
function withRenamed(relations: readonly RelationName[], rename: AstNode): readonly RelationName[] {
  const [from] = relationMember(rename, "relation");
  const isWhole = rename["subname"] === undefined;
  if (from === undefined || !isWhole) return relations;
  return relations.flatMap((relation) =>
    isSameName(relation, from)
      ? [relation, { ...relation, name: stringMember(rename, "newname") }]
      : [relation],
  );
}
