import { addedConstraints, isEnforced } from "../reading/added-constraints.ts";
import { columnPart } from "../reading/column-value.ts";
import { isNew } from "../reading/exempt.ts";
import { newColumnSteps } from "../reading/new-column.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingForeignKeyInColumn: Rule = {
  id: "adding-foreign-key-in-column",
  group: "blocks",
  severity: "block",
  why:
    "A new column with REFERENCES takes an ACCESS EXCLUSIVE lock on its table and then waits for one on the " +
    "other: while it waits, no query on the first gets through. With a default every row is looked up, too.",
  instead: "Add the column, then the foreign key as NOT VALID, and VALIDATE CONSTRAINT.",
  refused: "ALTER TABLE orders ADD COLUMN shop_id bigint REFERENCES shops",
  allowed: "ALTER TABLE orders ADD COLUMN shop_id bigint",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return addedConstraints(subject).flatMap((added) => {
    const { alter, action, kind, node, newColumn, offset } = added;
    const { table } = alter;
    if (kind !== "CONSTR_FOREIGN" || newColumn === undefined || !isEnforced(added)) return [];
    const referenced = relationMember(node, "pktable");
    if (isNew(table, subject) || referenced.every((each) => isNew(each, subject))) return [];
    const other = referenced.map(nameText).join();
    return [
      {
        message: `new column ${newColumn} of ${nameText(table)} with a foreign key locks ${other} as well`,
        detail: `${whileLocked(subject, table, "adds the column")} It also waits for a lock on ${other} that blocks every write on it.`,
        hint: "Add the column without REFERENCES; then the foreign key as NOT VALID, and VALIDATE CONSTRAINT, in transactions of their own.",
        safeSql: newColumnSteps(alter, action, subject),
        offset,
        table,
        // Of a column that is NULL everywhere there is nothing to look up.
        work: columnPart(action.definition, "CONSTR_DEFAULT") === undefined ? "none" : "scan",
      },
    ];
  });
}
