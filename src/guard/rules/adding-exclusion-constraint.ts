import { addedConstraints } from "../reading/added-constraints.ts";
import { isSmall } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingExclusionConstraint: Rule = {
  id: "adding-exclusion-constraint",
  group: "blocks",
  severity: "block",
  why:
    "An exclusion constraint builds its index under an ACCESS EXCLUSIVE lock, and there is neither NOT VALID " +
    "nor USING INDEX for it: no query on the table gets through until it is built.",
  instead: "Add it while the table is small, or to a new table that rows are copied to in batches.",
  refused: "ALTER TABLE bookings ADD EXCLUDE USING gist (room WITH =, during WITH &&)",
  allowed:
    "CREATE TABLE bookings_new (room int4range, during tsrange, " +
    "EXCLUDE USING gist (room WITH =, during WITH &&))",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return addedConstraints(subject).flatMap(({ alter, kind, name, offset }) => {
    const { table } = alter;
    if (kind !== "CONSTR_EXCLUSION" || isSmall(table, subject)) return [];
    return [
      {
        message: `exclusion constraint ${name} on ${nameText(table)} builds its index under its lock`,
        detail: whileLocked(subject, table, "compares every row"),
        hint: "PostgreSQL has no way to build one beside the traffic. Make a new table that has the constraint, keep it up to date by a trigger, copy rows over in batches, and change to it under a window; or do it where nobody uses the table.",
        offset,
        table,
        work: "scan",
      },
    ];
  });
}
