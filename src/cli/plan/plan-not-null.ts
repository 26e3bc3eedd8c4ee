import { addedConstraints, columnWithout } from "../../guard/reading/added-constraints.ts";
import type { AlterAction, AlterTable } from "../../guard/reading/alter-actions.ts";
import { columnPart, serialType } from "../../guard/reading/column-value.ts";
import { relationFacts } from "../../guard/reading/exempt.ts";
import { setNotNull } from "../../guard/reading/set-not-null.ts";
import { nameSql } from "../../guard/relation-name.ts";
import { stringMember } from "../../sql/ast.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { type Plan, type Step, sql, task } from "./plan.ts";
import type { Change } from "./plan-change.ts";
import { safeStatements } from "./safe-statements.ts";

/** NOT NULL, once every version that runs gives a value and every row has one. */
export function setNotNullWithValues(
  alter: AlterTable,
  { name }: AlterAction,
  change: Change,
): Plan {
  const { subject } = change;
  const { text, statement } = subject;
  const safe = safeStatements(text.slice(statement.start, statement.end), change);
  const isSet = relationFacts(alter.table, subject)?.columns?.some(
    (column) => column.name === name && column.isNotNull,
  );
  if (isSet === true) return safe;
  return { ...safe, steps: [...values(alter, name, change), ...safe.steps] };
}

/** Whether an ADD COLUMN asks for a value that nothing gives. */
export function isRequired({ definition }: AlterAction): boolean {
  const has = (part: string) => columnPart(definition, part) !== undefined;
  const isGiven = ["CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"].some(has);
  return has("CONSTR_NOTNULL") && !isGiven && serialType(definition) === undefined;
}

/** A column that is NOT NULL without a default: first without, and NOT NULL at the end. */
export function addRequiredColumn(alter: AlterTable, action: AlterAction, change: Change): Plan {
  const { definition, text } = action;
  const name = stringMember(definition, "colname");
  const notNull = columnPart(definition, "CONSTR_NOTNULL");
  const isKey = addedConstraints(change.subject).some(({ kind }) => kind === "CONSTR_PRIMARY");
  const nullable = notNull && columnWithout(action, [notNull]);
  if (nullable === undefined || isKey) {
    const what = text ?? name;
    return { steps: [], unsafe: [`No sequence is known for ${what}: give the column a default.`] };
  }
  const added = safeStatements(`${alter.head} ${nullable}`, change);
  return {
    unsafe: added.unsafe,
    steps: [
      ...added.steps,
      ...values(alter, name, change),
      ...setNotNull(alter.head, alter.table, name).map((each) => sql("", each)),
    ],
  };
}

/** What has to be there before a CHECK on new rows is. */
function values({ table }: AlterTable, column: string, { version }: Change): readonly Step[] {
  const name = quoteIdentifier(column);
  return [
    task(
      `Deploy ${version}, which always gives a value to ${name}; wait until no version before it runs.`,
    ),
    task(
      `Give a value to the rows that have none, in batches: UPDATE ${nameSql(table)} SET ${name} = … WHERE ${name} IS NULL AND ….`,
    ),
  ];
}
