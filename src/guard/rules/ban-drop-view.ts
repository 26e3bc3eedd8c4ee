import { droppedRelations } from "../reading/dropped.ts";
import { usersOf } from "../reading/users.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropView: Rule = {
  id: "ban-drop-view",
  group: "breaks",
  severity: "block",
  why:
    "Versions that read the view fail at once. It passes when no live version uses it, and the last use is long " +
    "enough ago.",
  instead:
    "Deploy a version that does not use it; drop it when Straddle has seen no use of it for a while.",
  refused: "DROP VIEW open_orders",
  allowed: "CREATE OR REPLACE VIEW open_orders AS SELECT * FROM orders",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return droppedRelations(subject, ["OBJECT_VIEW", "OBJECT_MATVIEW"]).flatMap((name) => {
    const users = usersOf(name, undefined, subject);
    if (users === undefined) return [];
    return [
      {
        message: `dropping the view ${nameText(name)} breaks versions that use it`,
        detail: users,
        hint: `Deploy a version that does not use ${nameText(name)}, and drop it when no live version does.`,
        table: name,
      },
    ];
  });
}
