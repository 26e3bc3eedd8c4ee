import { LOCK_LEVELS, type LockLevel, WAITING_BEHIND } from "../lock-level.ts";
import { lockedBy } from "../locks.ts";
import { longWork } from "../long-work.ts";
import { isNew } from "../reading/exempt.ts";
import { textOf } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const longWorkWithDdl: Rule = {
  id: "long-work-with-ddl",
  group: "blocks",
  severity: "block",
  why:
    "A transaction that reads or changes all of a table takes long, and its locks stay until it ends. DDL " +
    "in it waits with all of them in its hands, or holds its own lock for as long as the work takes.",
  instead: "One transaction for the schema change, others for the rows, in batches.",
  refused: "BEGIN; UPDATE orders SET note = ''; CREATE INDEX orders_note ON orders (note); COMMIT",
  allowed: "UPDATE orders SET note = ''; CREATE INDEX orders_note ON orders (note)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { statement, memory, facts } = subject;
  if (!memory.isInBlock || statement.kind === "DoStmt") return [];
  const hint =
    "COMMIT before it. Change the schema in one transaction and the rows in others, some thousand at a time.";
  const safeSql = [textOf(subject)];
  const lock = lockedBy(statement);
  if (lock !== undefined && memory.longWork !== undefined && isStrong(lock.level)) {
    const [table] = lock.relations;
    if (lock.relations.length > 0 && lock.relations.every((each) => isNew(each, subject)))
      return [];
    return [
      {
        message: `${lock.verb} in a transaction that has done long work before: ${memory.longWork}`,
        detail: `While it waits for its lock, what the long work has locked stays locked; and once it has the lock, ${WAITING_BEHIND[lock.level]} waits until all of the transaction is done.`,
        hint,
        safeSql,
        table,
      },
    ];
  }
  const held = memory.locks.find(({ level }) => isStrong(level) && level !== "ACCESS EXCLUSIVE");
  if (held === undefined) return [];
  const work = longWork(statement, facts, memory.created);
  if (work === undefined) return [];
  const name = nameText(held.relation);
  return [
    {
      message: `${work} in a transaction that has ${held.level} on ${name}`,
      detail: `${held.verb} took the lock, and the transaction keeps it until it ends: ${WAITING_BEHIND[held.level]} on ${name} has to wait until the long work is done.`,
      hint,
      safeSql,
      table: held.relation,
    },
  ];
}

/** Of ACCESS EXCLUSIVE, what comes after it is another rule's. */
function isStrong(level: LockLevel): boolean {
  return LOCK_LEVELS.indexOf(level) >= LOCK_LEVELS.indexOf("SHARE");
}
