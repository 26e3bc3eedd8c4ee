import {
  type AddedConstraint,
  addedConstraints,
  addedThenValidated,
  insteadOf,
  isEnforced,
} from "../reading/added-constraints.ts";
import { isSmall, relationFacts } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingForeignKeyConstraint: Rule = {
  id: "adding-foreign-key-constraint",
  group: "blocks",
  severity: "block",
  why:
    "A foreign key that is added without NOT VALID is checked at once: every row is looked up in the other " +
    "table, under locks that keep INSERT, UPDATE and DELETE on both tables waiting.",
  instead: "Add it as NOT VALID, and VALIDATE CONSTRAINT in another transaction.",
  refused: "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users",
  allowed: "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return addedConstraints(subject).flatMap((added) => {
    const { alter, kind, node, name, newColumn, offset } = added;
    const { table } = alter;
    if (kind !== "CONSTR_FOREIGN" || newColumn !== undefined || !isEnforced(added)) return [];
    if (node["skip_validation"] === true || isSmall(table, subject)) return [];
    const other = relationMember(node, "pktable").map(nameText).join();
    const isPossible = takesNotValid(added, subject);
    return [
      {
        message: `foreign key ${name} on ${nameText(table)} without NOT VALID blocks writes on it and on ${other}`,
        detail: whileLocked(
          subject,
          undefined,
          `looks up every row of ${nameText(table)} in ${other}`,
        ),
        hint: isPossible
          ? "Add the foreign key as NOT VALID: it holds for new rows at once. Then VALIDATE CONSTRAINT in another transaction, which lets writes through."
          : "Before PostgreSQL 18 a partitioned table takes no foreign key as NOT VALID: add it to each partition as NOT VALID and validate it there, and then to the table.",
        safeSql: isPossible ? insteadOf(added, addedThenValidated(added)) : undefined,
        offset,
        table,
        work: "scan",
      },
    ];
  });
}

function takesNotValid({ alter }: AddedConstraint, subject: Subject): boolean {
  const isPartitioned = relationFacts(alter.table, subject)?.kind === "partitioned table";
  return !isPartitioned || (subject.facts.serverVersion ?? 0) >= 180_000;
}
