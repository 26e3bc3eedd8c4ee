import { lockedBy } from "../locks.ts";
import { isNew } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banTruncate: Rule = {
  id: "ban-truncate",
  group: "breaks",
  severity: "block",
  why:
    "TRUNCATE takes all rows, also from versions that read them right now: transactions that began before " +
    "see an empty table. It takes ACCESS EXCLUSIVE, and fires no row triggers.",
  instead: "DELETE what has to go, in batches; or TRUNCATE when no live version uses the table.",
  refused: "TRUNCATE orders",
  allowed: "DELETE FROM orders WHERE id BETWEEN 1 AND 1000",
  check,
};

function check(subject: Subject): readonly Problem[] {
  if (subject.statement.kind !== "TruncateStmt") return [];
  const tables = lockedBy(subject.statement)?.relations ?? [];
  return tables.flatMap((table) => {
    if (isNew(table, subject)) return [];
    const users = usersOf(table, undefined, subject);
    if (users === undefined) return [];
    return [
      {
        message: `TRUNCATE takes all rows of ${nameText(table)} from versions that use it`,
        detail: users,
        hint: "DELETE the rows that have to go, some thousand at a time; or TRUNCATE when no live version uses the table.",
        table,
      },
    ];
  });
}
