import { stringMember } from "../../sql/ast.ts";
import { alterTableOf } from "../reading/alter-actions.ts";
import { columnValue } from "../reading/column-value.ts";
import { isSmall } from "../reading/exempt.ts";
import { newColumnSteps } from "../reading/new-column.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingSerialColumn: Rule = {
  id: "adding-serial-column",
  group: "blocks",
  severity: "block",
  why:
    "A new serial or identity column numbers every row that is there: the whole table is written anew under " +
    "an ACCESS EXCLUSIVE lock.",
  instead:
    "Add a plain column and a sequence, fill the rows in batches, and make it an identity at the end.",
  refused: "ALTER TABLE orders ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY",
  allowed: "CREATE TABLE invoices (number bigint GENERATED ALWAYS AS IDENTITY)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  const { table, actions } = alter;
  return actions.flatMap((action) => {
    if (action.kind !== "AT_AddColumn") return [];
    const kind = columnValue(alter, action, subject)?.kind;
    if (kind !== "serial" && kind !== "identity") return [];
    const column = stringMember(action.definition, "colname");
    return [
      {
        message: `new ${kind} column ${column} writes all of ${nameText(table)} anew`,
        detail: whileLocked(subject, table, "numbers every row"),
        hint: "Add the column without it, with a sequence as its default for new rows, and fill the others in batches. NOT NULL comes last, by way of a CHECK that is validated.",
        safeSql: newColumnSteps(alter, action, subject),
        offset: action.offset,
        table,
        work: "rewrite",
      },
    ];
  });
}
