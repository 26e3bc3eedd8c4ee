import { addedConstraints } from "../reading/added-constraints.ts";
import { isSmall, relationFacts } from "../reading/exempt.ts";
import { safeConstraint } from "../reading/safe-constraint.ts";
import { byUniqueIndex } from "../reading/unique-index.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const disallowedUniqueConstraint: Rule = {
  id: "disallowed-unique-constraint",
  group: "blocks",
  severity: "block",
  why:
    "ADD UNIQUE builds an index under an ACCESS EXCLUSIVE lock: no query on the table gets through until it " +
    "is built.",
  instead: "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... UNIQUE USING INDEX.",
  refused: "ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number)",
  allowed:
    "ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_key",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return addedConstraints(subject).flatMap((added) => {
    const { alter, kind, node, name, offset } = added;
    const { table } = alter;
    if (kind !== "CONSTR_UNIQUE" || node["indexname"] !== undefined) return [];
    if (isSmall(table, subject)) return [];
    const isPartitioned = relationFacts(table, subject)?.kind === "partitioned table";
    return [
      {
        message: `UNIQUE constraint ${name} on ${nameText(table)} builds its index under its lock`,
        detail: whileLocked(subject, table, "reads every row"),
        hint: isPartitioned
          ? "PostgreSQL builds no index of a partitioned table CONCURRENTLY. Run CREATE UNIQUE INDEX ON ONLY the parent, CREATE UNIQUE INDEX CONCURRENTLY on each partition, and ALTER INDEX ... ATTACH PARTITION for each."
          : "Run CREATE UNIQUE INDEX CONCURRENTLY, outside of a transaction block, and make the constraint of it by USING INDEX.",
        safeSql: isPartitioned
          ? undefined
          : safeConstraint(added, subject, byUniqueIndex(added, [])),
        offset,
        table,
        work: "scan",
      },
    ];
  });
}
