import { nameMember, stringMember } from "../../sql/ast.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { type AlterAction, alterTableOf, inPlaceOf } from "../reading/alter-actions.ts";
import { isProvenNotNull, isSmall } from "../reading/exempt.ts";
import { defaultName } from "../reading/object-names.ts";
import { setNotNull } from "../reading/set-not-null.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingNotNullableField: Rule = {
  id: "adding-not-nullable-field",
  group: "blocks",
  severity: "block",
  why:
    "SET NOT NULL reads every row under an ACCESS EXCLUSIVE lock, unless a CHECK that has been validated " +
    "proves that there is no NULL: no query on the table gets through until it is done.",
  instead:
    "Add CHECK (... IS NOT NULL) as NOT VALID, VALIDATE it, then SET NOT NULL, then drop the CHECK.",
  refused: "ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL",
  allowed:
    "ALTER TABLE orders ADD CONSTRAINT present CHECK (user_id IS NOT NULL) NOT VALID; " +
    "ALTER TABLE orders VALIDATE CONSTRAINT present; " +
    "ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL",
  check,
};

/** PostgreSQL 18 has NOT NULL constraints that can be NOT VALID. */
const NOT_VALID_SINCE = 180_000;

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  const { table, head } = alter;
  return alter.actions.flatMap((action) => {
    const column = columnOf(action);
    if (column === undefined || isProvenNotNull(table, column, subject)) return [];
    const isDirect = (subject.facts.serverVersion ?? 0) >= NOT_VALID_SINCE;
    const name = quoteIdentifier(
      stringMember(action.definition, "conname") ||
        defaultName({ table: table.name, columns: [column], label: "not_null" }, new Set()),
    );
    const steps = isDirect
      ? [
          `${head} ADD CONSTRAINT ${name} NOT NULL ${quoteIdentifier(column)} NOT VALID`,
          `${head} VALIDATE CONSTRAINT ${name}`,
        ]
      : setNotNull(head, table, column);
    return [
      {
        message: `NOT NULL for ${nameText(table)}.${column} reads every row under its lock`,
        detail: whileLocked(subject, table, "checks every row"),
        hint: isDirect
          ? "Add NOT NULL as a constraint that is NOT VALID, and VALIDATE it in another transaction, which reads the table beside its traffic."
          : "Add a CHECK as NOT VALID and VALIDATE it in another transaction, which reads the table beside its traffic. SET NOT NULL takes it as proof and reads nothing; then the CHECK can go.",
        safeSql: inPlaceOf(alter, new Map([[action, steps]]), "first"),
        offset: action.offset,
        table,
        work: "scan",
      },
    ];
  });
}

/** Of SET NOT NULL, and of ADD CONSTRAINT ... NOT NULL without NOT VALID. */
function columnOf({ kind, name, definition }: AlterAction): string | undefined {
  if (kind === "AT_SetNotNull") return name;
  const isConstraint =
    kind === "AT_AddConstraint" &&
    stringMember(definition, "contype") === "CONSTR_NOTNULL" &&
    definition["skip_validation"] !== true;
  return isConstraint ? nameMember(definition, "keys")[0] : undefined;
}
