import { lockedBy } from "../locks.ts";
import { isNew } from "../reading/exempt.ts";
import { textOf } from "../reading/words.ts";
import { formatDuration, refusalText } from "../refusal-text.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

const SUGGESTED_MS = 2_000;

export const lockTimeout: Rule = {
  id: "lock-timeout",
  group: "blocks",
  severity: "block",
  why:
    "A schema change that waits for its lock behind one long transaction makes every later query on " +
    "the table wait behind itself. Without lock_timeout that has no end: even a change of a " +
    "millisecond is an outage for all versions.",
  instead: "Set lock_timeout to a few seconds before it, and try again on 55P03.",
  refused: "ALTER TABLE orders ADD COLUMN note text",
  allowed: "SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN note text",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { statement, memory, facts, policy } = subject;
  const lock = lockedBy(statement);
  // The statements inside of a DO block are looked at one by one.
  if (lock === undefined || statement.kind === "DoStmt") return [];
  const { relations } = lock;
  if (relations.length > 0 && relations.every((each) => isNew(each, subject))) return [];
  const timeout =
    memory.local.lockTimeoutMs ?? memory.session.lockTimeoutMs ?? facts.lockTimeoutMs ?? 0;
  const max = policy.lockTimeoutMaxMs;
  if (timeout > 0 && timeout <= max) return [];
  const suggested = formatDuration(Math.min(SUGGESTED_MS, max));
  return [
    {
      ...refusalText(lock, timeout === 0 ? "missing" : "above", max),
      safeSql: [`SET lock_timeout = '${suggested}'`, textOf(subject)],
      table: relations[0],
    },
  ];
}
