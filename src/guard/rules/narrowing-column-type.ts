import { nodeMember } from "../../sql/ast.ts";
import { alterTableOf } from "../reading/alter-actions.ts";
import {
  columnText,
  currentType,
  isNarrower,
  typeText,
  writtenType,
} from "../reading/column-type.ts";
import { isNew } from "../reading/exempt.ts";
import { usersOf } from "../reading/users.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const narrowingColumnType: Rule = {
  id: "narrowing-column-type",
  group: "breaks",
  severity: "block",
  why:
    "A type that holds less fails on rows that are there, and on what running versions write (22001, 22003), " +
    "or changes it without a word (rounding, cutting).",
  instead:
    "Bound new values by a CHECK that is NOT VALID, once every version keeps to it; leave the type as it is.",
  refused: "ALTER TABLE orders ALTER COLUMN note TYPE varchar(20)",
  allowed: "ALTER TABLE orders ALTER COLUMN note TYPE text",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isNew(alter.table, subject)) return [];
  const { table } = alter;
  return alter.actions.flatMap(({ kind, name, definition, offset }) => {
    const typeName = nodeMember(definition, "typeName");
    if (kind !== "AT_AlterColumnType" || typeName === undefined) return [];
    const from = currentType(table, name, subject);
    const to = writtenType(typeName);
    if (!isNarrower(from, to)) return [];
    const users = usersOf(table, name, subject);
    if (users === undefined) return [];
    const holds =
      from === undefined
        ? "may hold less than what it is now"
        : `holds less than ${typeText(from)}`;
    return [
      {
        message: `${typeText(to)}, for ${columnText(table, name)}, ${holds}`,
        detail: users,
        hint: "Deploy versions that keep to the bound, add it as a CHECK that is NOT VALID, and VALIDATE it. A bound by a CHECK can be changed later without writing the table anew.",
        offset,
        table,
      },
    ];
  });
}
