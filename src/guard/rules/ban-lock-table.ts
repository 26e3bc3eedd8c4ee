import { LOCK_LEVELS, WAITING_BEHIND } from "../lock-level.ts";
import { lockTableLevel } from "../lock-table.ts";
import { isNew } from "../reading/exempt.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banLockTable: Rule = {
  id: "ban-lock-table",
  group: "blocks",
  severity: "block",
  why:
    "LOCK TABLE takes ACCESS EXCLUSIVE unless it says otherwise, and keeps it until the transaction ends: " +
    "every query on the table waits for as long as the client takes.",
  instead: "Lock rows (SELECT ... FOR UPDATE) or use an advisory lock.",
  refused: "LOCK TABLE orders",
  allowed: "LOCK TABLE orders IN ROW EXCLUSIVE MODE",
  check,
};

function check(subject: Subject): readonly Problem[] {
  if (subject.statement.kind !== "LockStmt") return [];
  const lock = lockTableLevel(subject.statement.node);
  if (lock === undefined || LOCK_LEVELS.indexOf(lock.level) < LOCK_LEVELS.indexOf("SHARE")) {
    return [];
  }
  const tables = lock.relations.filter((table) => !isNew(table, subject));
  const [table] = tables;
  if (table === undefined) return [];
  return [
    {
      message: `LOCK TABLE takes ${lock.level} on ${tables.map(nameText).join(", ")} until the transaction ends`,
      detail: `Until then ${WAITING_BEHIND[lock.level]} on it has to wait, for as long as the client takes.`,
      hint: "Lock the rows that matter (SELECT ... FOR UPDATE), or take an advisory lock (pg_advisory_xact_lock), which blocks only those who ask for it.",
      table,
    },
  ];
}
