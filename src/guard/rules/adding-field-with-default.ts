import { stringMember } from "../../sql/ast.ts";
import { alterTableOf } from "../reading/alter-actions.ts";
import { columnPart, columnValue } from "../reading/column-value.ts";
import { isSmall } from "../reading/exempt.ts";
import { newColumnSteps } from "../reading/new-column.ts";
import { volatileCall } from "../reading/volatility.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingFieldWithDefault: Rule = {
  id: "adding-field-with-default",
  group: "blocks",
  severity: "block",
  why:
    "A new column with a volatile default, such as gen_random_uuid(), has another value in each row: the " +
    "whole table is written anew under an ACCESS EXCLUSIVE lock. A constant, or now(), is not.",
  instead: "Add the column without the default, then SET DEFAULT, then fill the rows in batches.",
  refused: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
  allowed: "ALTER TABLE orders ADD COLUMN added_at timestamptz DEFAULT now()",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  const { table, actions } = alter;
  return actions.flatMap((action) => {
    const { kind, definition, offset } = action;
    if (kind !== "AT_AddColumn" || columnValue(alter, action, subject)?.kind !== "volatile")
      return [];
    const column = stringMember(definition, "colname");
    const own = columnPart(definition, "CONSTR_DEFAULT") ?? {};
    const call = volatileCall(own) ?? "";
    return [
      {
        message: `new column ${column} with the default ${call}() writes all of ${nameText(table)} anew`,
        detail: whileLocked(
          subject,
          table,
          `works out ${call}() for every row, as it is or may be volatile,`,
        ),
        hint: "Add the column without the default, SET DEFAULT for new rows, and fill the others in batches; NOT NULL comes last, by way of a CHECK that is validated.",
        safeSql: newColumnSteps(alter, action, subject),
        offset,
        table,
        work: "rewrite",
      },
    ];
  });
}
