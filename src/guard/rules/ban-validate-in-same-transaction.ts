import { LOCK_LEVELS, type LockLevel } from "../lock-level.ts";
import { lockedBy } from "../locks.ts";
import { alterTableOf, inPlaceOf } from "../reading/alter-actions.ts";
import { isSmall } from "../reading/exempt.ts";
import { isSameName, nameText, type RelationName } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banValidateInSameTransaction: Rule = {
  id: "ban-validate-in-same-transaction",
  group: "blocks",
  severity: "block",
  why:
    "ADD CONSTRAINT ... NOT VALID holds its strong lock until the transaction ends. VALIDATE CONSTRAINT in " +
    "the same one reads every row under that lock, as if NOT VALID had not been said.",
  instead: "Commit between the two.",
  refused:
    "BEGIN; ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID; " +
    "ALTER TABLE orders VALIDATE CONSTRAINT positive; COMMIT",
  allowed:
    "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID; " +
    "ALTER TABLE orders VALIDATE CONSTRAINT positive",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  const { table, actions, head } = alter;
  const lock = strongLock(table, subject);
  if (lock === undefined) return [];
  return actions.flatMap((action) => {
    if (action.kind !== "AT_ValidateConstraint") return [];
    const { name, text, offset } = action;
    const validate = text === undefined ? [] : [`${head} ${text}`];
    return [
      {
        message: `VALIDATE CONSTRAINT ${name} in a transaction that has ${lock} on ${nameText(table)}`,
        detail: `It reads every row of ${nameText(table)}, and the lock that the transaction has already stays until it ends: that is as if the constraint had been added without NOT VALID.`,
        hint: "COMMIT first, and run VALIDATE CONSTRAINT in a transaction of its own; migration tools have a setting that turns their transaction off.",
        safeSql: inPlaceOf(alter, new Map([[action, validate]]), "first"),
        offset,
        table,
        work: "scan",
      },
    ];
  });
}

/** The lock on the table that blocks writes, of the transaction or of the statement itself. */
function strongLock(table: RelationName, { memory, statement }: Subject): LockLevel | undefined {
  const held = memory.locks.find(
    ({ relation, level }) => isSameName(relation, table) && isStrong(level),
  );
  const own = lockedBy(statement)?.level;
  return held?.level ?? (own !== undefined && isStrong(own) ? own : undefined);
}

function isStrong(level: LockLevel): boolean {
  return LOCK_LEVELS.indexOf(level) >= LOCK_LEVELS.indexOf("SHARE");
}
