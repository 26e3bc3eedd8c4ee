import { stringMember } from "../../sql/ast.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const renamingSchema: Rule = {
  id: "renaming-schema",
  group: "breaks",
  severity: "block",
  why: "Every version that says the schema, or has it in its search_path, loses all of its tables at once.",
  instead:
    "Make the new schema with views of the old one's tables, and move the tables when no version needs them there.",
  refused: "ALTER SCHEMA sales RENAME TO orders",
  allowed: "CREATE SCHEMA orders",
  check,
};

function check({ statement: { kind, node } }: Subject): readonly Problem[] {
  if (kind !== "RenameStmt" || node["renameType"] !== "OBJECT_SCHEMA") return [];
  const [from, to] = [stringMember(node, "subname"), stringMember(node, "newname")];
  return [
    {
      message: `renaming the schema ${from} to ${to} breaks versions that say ${from}`,
      detail: `Every table in ${from} has another name from then on, for every version.`,
      hint: `Run CREATE SCHEMA ${to}, make a view in it of each table in ${from}, deploy versions that say ${to}, and move the tables (ALTER TABLE ... SET SCHEMA) when no live version says ${from}.`,
    },
  ];
}
