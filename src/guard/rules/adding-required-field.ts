import { stringMember } from "../../sql/ast.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { type AlterAction, alterTableOf } from "../reading/alter-actions.ts";
import { columnPart, serialType } from "../reading/column-value.ts";
import { isNew } from "../reading/exempt.ts";
import { newColumnSteps } from "../reading/new-column.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingRequiredField: Rule = {
  id: "adding-required-field",
  group: "breaks",
  severity: "block",
  why:
    "A new column that is NOT NULL without a default can't be added while there are rows, and running versions, " +
    "which don't know it, can't insert any more.",
  instead: "Add it with a default, or without NOT NULL until every version writes it.",
  refused: "ALTER TABLE orders ADD COLUMN shop_id bigint NOT NULL",
  allowed: "ALTER TABLE orders ADD COLUMN shop_id bigint NOT NULL DEFAULT 1",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isNew(alter.table, subject)) return [];
  const { table } = alter;
  return alter.actions.flatMap((action) => {
    if (action.kind !== "AT_AddColumn" || !isRequired(action)) return [];
    const users = usersOf(table, undefined, subject);
    if (users === undefined) return [];
    const column = stringMember(action.definition, "colname");
    return [
      {
        message: `new column ${column} of ${nameText(table)} is NOT NULL without a default: running versions can't insert`,
        detail: users.replace(/^It is/, "The table is").replace("use it", "use the table"),
        hint: `Add a DEFAULT, or add it without NOT NULL, deploy versions that write ${quoteIdentifier(column)}, fill the other rows, and set NOT NULL then, by way of a CHECK that is validated.`,
        safeSql: newColumnSteps(alter, action, subject, "not yet"),
        offset: action.offset,
        table,
        work: "scan",
      },
    ];
  });
}

function isRequired({ definition }: AlterAction): boolean {
  const has = (part: string) => columnPart(definition, part) !== undefined;
  if (serialType(definition) !== undefined) return false;
  if (has("CONSTR_DEFAULT") || has("CONSTR_IDENTITY") || has("CONSTR_GENERATED")) return false;
  return has("CONSTR_NOTNULL") || has("CONSTR_PRIMARY");
}
