import { stringMember } from "../../sql/ast.ts";
import { lockedBy } from "../locks.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { textOf } from "../reading/words.ts";
import { isSameName, nameText, type RelationName } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banTruncateCascade: Rule = {
  id: "ban-truncate-cascade",
  group: "breaks",
  severity: "block",
  why: "TRUNCATE ... CASCADE also empties every table that refers to this one, and those that refer to them.",
  instead:
    "TRUNCATE without CASCADE, which fails where a table refers to it; name all tables that are meant.",
  refused: "TRUNCATE users CASCADE",
  allowed: "CREATE TABLE scratch (id int); TRUNCATE scratch CASCADE",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  if (kind !== "TruncateStmt" || stringMember(node, "behavior") !== "DROP_CASCADE") return [];
  const tables = lockedBy(subject.statement)?.relations ?? [];
  const reached = tables.filter((table) => !isNew(table, subject));
  const [first] = reached;
  if (first === undefined) return [];
  const referring = reached.map((table) => relationFacts(table, subject)?.referencedBy);
  const others: readonly RelationName[] = referring
    .flatMap((names) => names ?? [])
    .filter((name) => !tables.some((table) => isSameName(table, name)));
  if (others.length === 0 && !referring.includes(undefined)) return [];
  const names =
    others.length === 0 ? "every table that refers to it" : others.map(nameText).join(", ");
  return [
    {
      message: `TRUNCATE ${tables.map(nameText).join(", ")} CASCADE also empties ${names}`,
      detail:
        "And so on, with the tables that refer to those. Nothing in the statement says which they are.",
      hint: "TRUNCATE without CASCADE fails where a table refers to it, and says which. Name all tables that are meant.",
      safeSql: [textOf(subject).replace(/\s+CASCADE$/i, "")],
      table: first,
    },
  ];
}
