import { listMember, stringMember } from "../../sql/ast.ts";
import { tokenize } from "../../sql/tokens.ts";
import { lockedBy } from "../locks.ts";
import { alterTableOf } from "../reading/alter-actions.ts";
import { isNew } from "../reading/exempt.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banDropCascade: Rule = {
  id: "ban-drop-cascade",
  group: "breaks",
  severity: "block",
  why:
    "CASCADE also drops what depends on the object: views, foreign keys, defaults, columns of its type. What " +
    "that is does not show in the statement.",
  instead: "Leave CASCADE out: the server then says what depends on it. Drop that first, by name.",
  refused: "DROP TYPE state CASCADE",
  allowed: "DROP TYPE state",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { statement } = subject;
  const what = cascading(subject);
  if (what === undefined) return [];
  const relations = lockedBy(statement)?.relations ?? [];
  if (relations.length > 0 && relations.every((each) => isNew(each, subject))) return [];
  const sql = withoutCascade(subject);
  return [
    {
      message: `${what} CASCADE drops more than it names`,
      detail:
        "Whatever depends on it goes as well: views, foreign keys, defaults, columns. Versions that use those fail.",
      hint: "Run it without CASCADE. It fails where something depends on it, and says what: drop that first, by name.",
      safeSql: sql === undefined ? undefined : [sql],
      table: relations[0],
    },
  ];
}

/** Of schemas it is another rule's. */
function cascading(subject: Subject): string | undefined {
  const { kind, node } = subject.statement;
  const isCascade = stringMember(node, "behavior") === "DROP_CASCADE";
  if (kind === "DropOwnedStmt") return isCascade ? "DROP OWNED" : undefined;
  if (kind === "DropStmt") {
    const isSchema = node["removeType"] === "OBJECT_SCHEMA";
    // An index has nothing that a version could use.
    const isIndex = node["removeType"] === "OBJECT_INDEX";
    return isCascade && !isSchema && !isIndex ? "DROP ..." : undefined;
  }
  const alter = alterTableOf(subject);
  const isAction = listMember(node, "cmds").some(
    ({ node: command }) => stringMember(command, "behavior") === "DROP_CASCADE",
  );
  return alter !== undefined && isAction ? "ALTER TABLE ... DROP ..." : undefined;
}

function withoutCascade({ statement, text }: Subject): string | undefined {
  const tokens = tokenize(text).filter(
    ({ start, end }) => start >= statement.start && end <= statement.end,
  );
  const words = tokens.filter(
    ({ kind, start, end }) =>
      kind === "identifier" && text.slice(start, end).toUpperCase() === "CASCADE",
  );
  const [word, second] = words;
  if (word === undefined || second !== undefined) return undefined;
  return (
    text.slice(statement.start, word.start).trimEnd() + text.slice(word.end, statement.end)
  ).trim();
}
