import { LOCK_LEVELS } from "../lock-level.ts";
import { lockedBy } from "../locks.ts";
import { isSmall } from "../reading/exempt.ts";
import { statementTimeoutInForce } from "../reading/timeout-in-force.ts";
import { textOf, whileLocked } from "../reading/words.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const statementTimeout: Rule = {
  id: "statement-timeout",
  group: "blocks",
  severity: "warn",
  why:
    "lock_timeout bounds the wait for a lock, not how long it is held. A change that turns out to " +
    "rewrite or scan a large table holds its lock until it is done; statement_timeout is what ends it.",
  instead: "Set statement_timeout before a change whose lock blocks reads or writes.",
  refused: "ALTER TABLE orders ADD COLUMN note text",
  allowed: "SET statement_timeout = '5s'; ALTER TABLE orders ADD COLUMN note text",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { statement } = subject;
  const lock = lockedBy(statement);
  if (lock === undefined || statement.kind === "DoStmt") return [];
  const { level, verb, relations } = lock;
  if (LOCK_LEVELS.indexOf(level) < LOCK_LEVELS.indexOf("SHARE")) return [];
  if (relations.length > 0 && relations.every((each) => isSmall(each, subject))) return [];
  if ((statementTimeoutInForce(subject) ?? 0) > 0) return [];
  return [
    {
      message: `${verb} has no statement_timeout: it may hold its lock without limit`,
      detail: whileLocked(subject, relations[0], "runs for as long as it takes"),
      hint: "Run SET statement_timeout = '5s' before it: longer than it should take, and no longer than users can wait.",
      safeSql: ["SET statement_timeout = '5s'", textOf(subject)],
      table: relations[0],
    },
  ];
}
