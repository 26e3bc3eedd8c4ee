import { lockedBy } from "../locks.ts";
import { textOf } from "../reading/words.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banConcurrentlyInTransaction: Rule = {
  id: "ban-concurrently-in-transaction",
  group: "blocks",
  severity: "block",
  why:
    "What is done CONCURRENTLY, and VACUUM FULL, takes transactions of its own. Inside of a block the " +
    "server refuses it (25001), and the migration stops half-way, with the locks that it has so far.",
  instead: "Run it by itself: before BEGIN, or in a migration without a transaction.",
  refused: "BEGIN; CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id); COMMIT",
  allowed: "CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const lock = lockedBy(subject.statement);
  if (lock === undefined || lock.inBlock !== "refused" || !subject.memory.isInBlock) return [];
  return [
    {
      message: `${lock.verb} can't run in a transaction block`,
      detail:
        "It takes transactions of its own. The server refuses it with SQLSTATE 25001, and what came before " +
        "it in the block is rolled back.",
      hint: "Run it by itself, outside of BEGIN and COMMIT; migration tools have a setting that turns their transaction off.",
      safeSql: [textOf(subject)],
      table: lock.relations[0],
    },
  ];
}
