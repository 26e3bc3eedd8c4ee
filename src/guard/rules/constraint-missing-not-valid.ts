import { addedConstraints, addedThenValidated, isEnforced } from "../reading/added-constraints.ts";
import { isSmall } from "../reading/exempt.ts";
import { safeConstraint } from "../reading/safe-constraint.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const constraintMissingNotValid: Rule = {
  id: "constraint-missing-not-valid",
  group: "blocks",
  severity: "block",
  why:
    "A CHECK constraint that is added without NOT VALID is checked at once: every row is read under an " +
    "ACCESS EXCLUSIVE lock, and no query on the table gets through until then.",
  instead: "Add it as NOT VALID, and VALIDATE CONSTRAINT in another transaction.",
  refused: "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)",
  allowed: "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return addedConstraints(subject).flatMap((added) => {
    const { alter, kind, node, name, offset } = added;
    const { table } = alter;
    if (kind !== "CONSTR_CHECK" || node["skip_validation"] === true || !isEnforced(added))
      return [];
    if (isSmall(table, subject)) return [];
    return [
      {
        message: `CHECK constraint ${name} on ${nameText(table)} without NOT VALID reads every row under its lock`,
        detail: whileLocked(subject, table, "checks every row"),
        hint: "Add the constraint as NOT VALID: it holds for new rows at once. Then VALIDATE CONSTRAINT in another transaction, which reads the table beside its traffic.",
        safeSql: safeConstraint(added, subject, addedThenValidated(added)),
        offset,
        table,
        work: "scan",
      },
    ];
  });
}
