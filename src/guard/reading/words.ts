import { WAITING_BEHIND } from "../lock-level.ts";
import { lockedBy } from "../locks.ts";
import { nameText, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";

/** `ALTER TABLE reads every row of t, under an ACCESS EXCLUSIVE lock: every query ... on it waits.` */
export function whileLocked(
  subject: Subject,
  table: RelationName | undefined,
  doing: string,
): string {
  const lock = lockedBy(subject.statement);
  if (lock === undefined) return `It ${doing}.`;
  const { level, verb } = lock;
  const article = /^[AE]/.test(level) ? "an" : "a";
  const where = table === undefined ? "" : ` on ${nameText(table)}`;
  return (
    `${verb} ${doing}, and has ${article} ${level} lock${where} until its transaction ends: ` +
    `${WAITING_BEHIND[level]} has to wait as long.`
  );
}

/** As the statement is written, without `;`. */
export function textOf({ statement, text }: Subject): string {
  return text.slice(statement.start, statement.end);
}
