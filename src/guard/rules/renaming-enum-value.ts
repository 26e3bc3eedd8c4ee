import { nameMember, stringMember } from "../../sql/ast.ts";
import { nameOfParts, nameSql, nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";
import { isCreatedIn } from "../transaction-memory.ts";

export const renamingEnumValue: Rule = {
  id: "renaming-enum-value",
  group: "breaks",
  severity: "block",
  why:
    "Versions that write the old value fail (22P02), and those that read the new one don't know it: for " +
    "values there is no window.",
  instead:
    "Add the new value, deploy versions that know both, change the rows, and leave the old value unused.",
  refused: "ALTER TYPE state RENAME VALUE 'open' TO 'active'",
  allowed: "ALTER TYPE state ADD VALUE 'active' AFTER 'open'",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  const from = stringMember(node, "oldVal");
  const [type] = nameOfParts(nameMember(node, "typeName"));
  if (kind !== "AlterEnumStmt" || from === "" || type === undefined) return [];
  if (isCreatedIn(subject.memory, type)) return [];
  const to = stringMember(node, "newVal");
  return [
    {
      message: `renaming the value ${from} of ${nameText(type)} to ${to} breaks versions that say ${from}`,
      detail: `From then on ${from} is no value of ${nameText(type)}: writing it fails, and rows that had it are read as ${to}.`,
      hint: `Add ${to} as a value of its own, deploy versions that can read both, then such that write ${to} only, and change the rows in batches.`,
      safeSql: [`ALTER TYPE ${nameSql(type)} ADD VALUE ${literal(to)} AFTER ${literal(from)}`],
    },
  ];
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
