import { nameMember, stringMember } from "../../sql/ast.ts";
import { nameOfParts, nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";
import { isCreatedIn } from "../transaction-memory.ts";

export const requireEnumValueOrdering: Rule = {
  id: "require-enum-value-ordering",
  group: "later",
  severity: "warn",
  why:
    "A value that is added without BEFORE or AFTER becomes the last one, so that the order in which columns of " +
    "the type sort is that of migrations. It can't be changed later.",
  instead: "Say where it belongs: ADD VALUE ... AFTER ...",
  refused: "ALTER TYPE state ADD VALUE 'paid'",
  allowed: "ALTER TYPE state ADD VALUE 'paid' AFTER 'open'",
  check,
};

function check({ statement: { kind, node }, memory }: Subject): readonly Problem[] {
  const value = stringMember(node, "newVal");
  const [type] = nameOfParts(nameMember(node, "typeName"));
  if (kind !== "AlterEnumStmt" || value === "" || type === undefined) return [];
  if (node["oldVal"] !== undefined || node["newValNeighbor"] !== undefined) return [];
  if (isCreatedIn(memory, type)) return [];
  return [
    {
      message: `the value ${value} of ${nameText(type)} is added without its place`,
      detail:
        "It becomes the last one, wherever it belongs, and ORDER BY sorts by that. An enum's order can't be changed.",
      hint: `Say BEFORE or AFTER which value it comes: ALTER TYPE ${nameText(type)} ADD VALUE '${value.replaceAll("'", "''")}' AFTER '...'.`,
    },
  ];
}
