import { listMember, nameMember, stringMember } from "../../sql/ast.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameOfParts, nameSql, nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const requireConcurrentIndexDeletion: Rule = {
  id: "require-concurrent-index-deletion",
  group: "blocks",
  severity: "block",
  why:
    "DROP INDEX takes an ACCESS EXCLUSIVE lock on the index's table: it waits for every query on it, and " +
    "every query on it waits behind it.",
  instead: "DROP INDEX CONCURRENTLY, one index at a time and outside of a transaction block.",
  refused: "DROP INDEX orders_user_id",
  allowed: "DROP INDEX CONCURRENTLY orders_user_id",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  if (kind !== "DropStmt" || stringMember(node, "removeType") !== "OBJECT_INDEX") return [];
  if (node["concurrent"] === true) return [];
  const dropped = listMember(node, "objects").flatMap((item) =>
    nameOfParts(nameMember(item.node, "items")),
  );
  const indexes = dropped.filter((index) => {
    const table = relationFacts(index, subject)?.table;
    return !isNew(index, subject) && (table === undefined || !isNew(table, subject));
  });
  const [first] = indexes;
  if (first === undefined) return [];
  const ifExists = node["missing_ok"] === true ? "IF EXISTS " : "";
  const isCascade = stringMember(node, "behavior") === "DROP_CASCADE";
  return [
    {
      message: `DROP INDEX ${indexes.map(nameText).join(", ")} without CONCURRENTLY blocks every query on its table`,
      detail: whileLocked(subject, relationFacts(first, subject)?.table, "locks the index's table"),
      hint: `Run DROP INDEX CONCURRENTLY, outside of a transaction block${isCascade ? "; it takes no CASCADE, so drop what depends on it first" : ""}.`,
      safeSql: isCascade
        ? undefined
        : dropped.map((index) => `DROP INDEX CONCURRENTLY ${ifExists}${nameSql(index)}`),
      table: relationFacts(first, subject)?.table,
    },
  ];
}
