import { stringMember } from "../../sql/ast.ts";
import { isNew } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { expectsTable, openWindowHint } from "../reading/windows.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const renamingTable: Rule = {
  id: "renaming-table",
  group: "breaks",
  severity: "block",
  why: "Versions that say the old name of a table or a view fail from the moment on when it has another one.",
  instead:
    "Open a rename window: then each version says its own name, before and after the rename.",
  refused: "ALTER TABLE person RENAME TO people",
  allowed: "ALTER INDEX person_name RENAME TO people_name",
  check,
};

const KINDS: ReadonlySet<unknown> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
]);

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  const [table] = relationMember(node, "relation");
  if (kind !== "RenameStmt" || !KINDS.has(node["renameType"])) return [];
  if (table === undefined || isNew(table, subject)) return [];
  const to = stringMember(node, "newname");
  if (expectsTable(table, to, subject)) return [];
  const users = usersOf(table, undefined, subject);
  if (users === undefined) return [];
  return [
    {
      message: `renaming ${nameText(table)} to ${to} breaks versions that say ${table.name}`,
      detail: users,
      hint: openWindowHint(table, { to }, subject),
      table,
    },
  ];
}
