import { stringMember } from "../../sql/ast.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropDatabase: Rule = {
  id: "ban-drop-database",
  group: "breaks",
  severity: "block",
  why: "Every version that uses the database loses it, with all that is in it.",
  instead:
    "Take its connections away first (ALTER DATABASE ... ALLOW_CONNECTIONS false), and drop it some time after.",
  refused: "DROP DATABASE shop",
  allowed: "ALTER DATABASE shop ALLOW_CONNECTIONS false",
  check,
};

function check({ statement: { kind, node } }: Subject): readonly Problem[] {
  if (kind !== "DropdbStmt") return [];
  const name = stringMember(node, "dbname");
  return [
    {
      message: `dropping the database ${name} takes everything in it`,
      detail:
        "Who uses another database is not known here, and nothing brings it back but a backup.",
      hint: `Run ALTER DATABASE ${name} ALLOW_CONNECTIONS false, which can be taken back, and drop it directly on the server when nobody has missed it.`,
    },
  ];
}
