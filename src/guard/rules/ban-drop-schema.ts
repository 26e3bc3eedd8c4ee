import { listMember, stringMember } from "../../sql/ast.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropSchema: Rule = {
  id: "ban-drop-schema",
  group: "breaks",
  severity: "block",
  why: "With CASCADE every table in the schema goes with it, whoever uses them. Without, the server drops an empty one only.",
  instead:
    "Drop its tables one by one, each when no version uses it, and then the empty schema without CASCADE.",
  refused: "DROP SCHEMA sales CASCADE",
  allowed: "DROP SCHEMA sales",
  check,
};

function check({ statement: { kind, node } }: Subject): readonly Problem[] {
  if (kind !== "DropStmt" || node["removeType"] !== "OBJECT_SCHEMA") return [];
  if (stringMember(node, "behavior") !== "DROP_CASCADE") return [];
  const names = listMember(node, "objects").map((item) => stringMember(item.node, "sval"));
  return [
    {
      message: `DROP SCHEMA ${names.join(", ")} CASCADE drops every table in it`,
      detail: "Which they are does not show in the statement, and so nor does who uses them.",
      hint: "Drop the tables one by one, so that each can be checked for its users, and then the empty schema without CASCADE.",
    },
  ];
}
