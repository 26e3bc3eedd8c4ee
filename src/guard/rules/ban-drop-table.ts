import { droppedRelations } from "../reading/dropped.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropTable: Rule = {
  id: "ban-drop-table",
  group: "breaks",
  severity: "block",
  why:
    "Versions that use the table fail at once, and its rows are gone. It passes when no live version uses the " +
    "table, and the last use is long enough ago.",
  instead:
    "Deploy a version that does not use it; drop it when Straddle has seen no use of it for a while.",
  refused: "DROP TABLE orders",
  allowed: "CREATE TABLE scratch (id int); DROP TABLE scratch",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return droppedRelations(subject, ["OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"]).flatMap((name) => {
    const users = usersOf(name, undefined, subject);
    if (users === undefined) return [];
    return [
      {
        message: `dropping the table ${nameText(name)} breaks versions that use it`,
        detail: users,
        hint: `Deploy a version that does not use ${nameText(name)}, and drop it when no live version does.`,
        table: name,
      },
    ];
  });
}
