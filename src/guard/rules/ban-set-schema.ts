import { stringMember } from "../../sql/ast.ts";
import { isNew } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banSetSchema: Rule = {
  id: "ban-set-schema",
  group: "breaks",
  severity: "block",
  why: "Versions that find a table by its schema, or by their search_path, fail when it is in another schema.",
  instead: "Leave a view of its name in the old schema until no version needs it.",
  refused: "ALTER TABLE public.orders SET SCHEMA sales",
  allowed: "CREATE VIEW sales.orders AS SELECT * FROM public.orders",
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
  if (kind !== "AlterObjectSchemaStmt" || !KINDS.has(node["objectType"])) return [];
  if (table === undefined || isNew(table, subject)) return [];
  const users = usersOf(table, undefined, subject);
  if (users === undefined) return [];
  const schema = stringMember(node, "newschema");
  return [
    {
      message: `moving ${nameText(table)} to the schema ${schema} breaks versions that look for it where it is`,
      detail: users,
      hint: `Make a view ${schema}.${table.name} of it, deploy versions that say ${schema}.${table.name}, and move it when no live version says its old name; a plain view can be written to as well.`,
      table,
    },
  ];
}
