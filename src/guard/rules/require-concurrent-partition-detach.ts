import { alterTableOf } from "../reading/alter-actions.ts";
import { isNew } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const requireConcurrentPartitionDetach: Rule = {
  id: "require-concurrent-partition-detach",
  group: "blocks",
  severity: "block",
  since: 14,
  why:
    "DETACH PARTITION takes an ACCESS EXCLUSIVE lock on the partitioned table: every query on any of its " +
    "partitions waits.",
  instead: "DETACH PARTITION ... CONCURRENTLY, outside of a transaction block.",
  refused: "ALTER TABLE orders DETACH PARTITION orders_2024",
  allowed: "ALTER TABLE orders DETACH PARTITION orders_2024 CONCURRENTLY",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isNew(alter.table, subject)) return [];
  return alter.actions.flatMap(({ kind, definition, text, offset }) => {
    if (kind !== "AT_DetachPartition" || definition["concurrent"] === true) return [];
    const [partition] = relationMember(definition, "name");
    const name = partition === undefined ? "" : ` ${nameText(partition)}`;
    return [
      {
        message: `DETACH PARTITION${name} without CONCURRENTLY blocks every query on ${nameText(alter.table)}`,
        detail: whileLocked(subject, alter.table, "detaches the partition"),
        hint: "Run ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY, outside of a transaction block. It can't be done while there is a default partition.",
        safeSql: text === undefined ? undefined : [`${alter.head} ${text} CONCURRENTLY`],
        offset,
        table: alter.table,
      },
    ];
  });
}
