import { alterTableOf } from "../reading/alter-actions.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropNotNull: Rule = {
  id: "ban-drop-not-null",
  group: "breaks",
  severity: "block",
  why: "Versions that were written for a column without NULLs read NULL as soon as another one writes it.",
  instead:
    "Deploy versions that can read NULL to all pods first; then drop NOT NULL, then write NULL.",
  refused: "ALTER TABLE orders ALTER COLUMN user_id DROP NOT NULL",
  allowed: "ALTER TABLE orders ALTER COLUMN user_id SET STATISTICS 500",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isNew(alter.table, subject)) return [];
  const { table } = alter;
  const columns = relationFacts(table, subject)?.columns;
  return alter.actions.flatMap(({ kind, name, offset }) => {
    const isNullable = columns?.some((each) => each.name === name && !each.isNotNull) === true;
    if (kind !== "AT_DropNotNull" || isNullable) return [];
    const users = usersOf(table, name, subject);
    if (users === undefined) return [];
    return [
      {
        message: `without NOT NULL, ${nameText(table)}.${name} can have NULLs that running versions do not expect`,
        detail: users,
        hint: `Deploy versions that can read NULL in ${name} first. Where all of them do, allow this statement by a comment or the configuration.`,
        offset,
        table,
      },
    ];
  });
}
