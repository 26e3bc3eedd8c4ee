import { stringMember } from "../../sql/ast.ts";
import { isNew } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { expectsColumn, openWindowHint } from "../reading/windows.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const renamingColumn: Rule = {
  id: "renaming-column",
  group: "breaks",
  severity: "block",
  why: "Versions that say the column's old name fail from the moment on when it has another one.",
  instead:
    "Open a rename window: then each version says its own name, before and after the rename.",
  refused: "ALTER TABLE orders RENAME COLUMN user_id TO customer_id",
  allowed: "ALTER TABLE orders ADD COLUMN customer_id bigint",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  const [table] = relationMember(node, "relation");
  if (kind !== "RenameStmt" || node["renameType"] !== "OBJECT_COLUMN") return [];
  if (table === undefined || isNew(table, subject)) return [];
  const names = { from: stringMember(node, "subname"), to: stringMember(node, "newname") };
  if (expectsColumn(table, names, subject)) return [];
  const users = usersOf(table, names.from, subject);
  if (users === undefined) return [];
  return [
    {
      message: `renaming ${nameText(table)}.${names.from} to ${names.to} breaks versions that say ${names.from}`,
      detail: users,
      hint: openWindowHint(table, { column: names.from, to: names.to }, subject),
      table,
    },
  ];
}
