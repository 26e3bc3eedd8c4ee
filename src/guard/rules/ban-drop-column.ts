import { alterTableOf } from "../reading/alter-actions.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropColumn: Rule = {
  id: "ban-drop-column",
  group: "breaks",
  severity: "block",
  why:
    "Versions that read or write the column fail at once, and what was in it is gone. It passes when no live " +
    "version uses the column, and the last use is long enough ago.",
  instead:
    "Deploy a version that does not use it; drop it when Straddle has seen no use of it for a while.",
  refused: "ALTER TABLE orders DROP COLUMN note",
  allowed: "ALTER TABLE orders ADD COLUMN remark text",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isNew(alter.table, subject)) return [];
  const { table } = alter;
  const facts = relationFacts(table, subject);
  return alter.actions.flatMap(({ kind, name, offset }) => {
    if (kind !== "AT_DropColumn") return [];
    const column = facts?.columns?.find((each) => each.name === name);
    if (facts?.columns !== undefined && column === undefined) return [];
    const users = usersOf(table, name, subject);
    if (users === undefined) return [];
    const first =
      column?.isNotNull === true && column.default === undefined
        ? "It is NOT NULL without a default: give it one first, so that versions which leave it out can write. "
        : "";
    return [
      {
        message: `dropping ${nameText(table)}.${name} breaks versions that use it`,
        detail: users,
        hint: `${first}Deploy a version that does not use ${name}, and drop it when no live version does.`,
        offset,
        table,
      },
    ];
  });
}
