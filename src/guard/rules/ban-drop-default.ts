import { type AlterTable, alterTableOf } from "../reading/alter-actions.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropDefault: Rule = {
  id: "ban-drop-default",
  group: "breaks",
  severity: "block",
  why: "Versions that leave the column out of their INSERT rely on its default: they write NULL, or fail where it is NOT NULL.",
  instead:
    "Deploy versions that give the column a value themselves; drop the default when no other one runs.",
  refused: "ALTER TABLE orders ALTER COLUMN state DROP DEFAULT",
  allowed: "ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isNew(alter.table, subject)) return [];
  const { table } = alter;
  const columns = relationFacts(table, subject)?.columns;
  return alter.actions.flatMap(({ kind, name, command, offset }) => {
    const isDropped = kind === "AT_ColumnDefault" && command["def"] === undefined;
    const hasNone = columns?.some((each) => each.name === name && each.default === undefined);
    if (!isDropped || hasNone === true || getsAnother(alter, name)) return [];
    // Those that rely on it do not name the column: what counts is who uses the table.
    const users = usersOf(table, undefined, subject);
    if (users === undefined) return [];
    return [
      {
        message: `without its default, ${nameText(table)}.${name} gets NULL, or an error, from versions that leave it out`,
        detail: users.replace(/^It is/, "The table is").replace("use it", "use the table"),
        hint: `Deploy versions that write ${name} themselves first. Where all of them do, allow this statement by a comment or the configuration.`,
        offset,
        table,
      },
    ];
  });
}

/** In the same statement: an identity, or another default. */
function getsAnother({ actions }: AlterTable, column: string): boolean {
  return actions.some(
    ({ kind, name, command }) =>
      name === column &&
      (kind === "AT_AddIdentity" || (kind === "AT_ColumnDefault" && command["def"] !== undefined)),
  );
}
