import { stringMember } from "../../sql/ast.ts";
import { tokenize } from "../../sql/tokens.ts";
import { lockedBy } from "../locks.ts";
import { isSmall, relationFacts } from "../reading/exempt.ts";
import { withWordAfter } from "../reading/keywords.ts";
import { whileLocked } from "../reading/words.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const requireConcurrentReindex: Rule = {
  id: "require-concurrent-reindex",
  group: "blocks",
  severity: "block",
  since: 12,
  why:
    "REINDEX locks the table against writes and the index against reads while it builds it anew, so every " +
    "query that would plan with that index waits.",
  instead: "REINDEX ... CONCURRENTLY, outside of a transaction block.",
  refused: "REINDEX TABLE orders",
  allowed: "REINDEX TABLE CONCURRENTLY orders",
  check,
};

const WORDS: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_INDEX: "INDEX",
  REINDEX_OBJECT_TABLE: "TABLE",
  REINDEX_OBJECT_SCHEMA: "SCHEMA",
  REINDEX_OBJECT_SYSTEM: "SYSTEM",
  REINDEX_OBJECT_DATABASE: "DATABASE",
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  const lock = lockedBy(subject.statement);
  if (kind !== "ReindexStmt" || lock === undefined || lock.level !== "ACCESS EXCLUSIVE") return [];
  const what = WORDS[stringMember(node, "kind")] ?? "TABLE";
  if (what === "SYSTEM") return []; // Catalogs can't be built anew CONCURRENTLY.
  const [named] = lock.relations;
  const table = (named && relationFacts(named, subject)?.table) ?? named;
  if (table !== undefined && isSmall(table, subject)) return [];
  return [
    {
      message: `REINDEX ${what} without CONCURRENTLY blocks writes, and reads that use the index`,
      detail: whileLocked(subject, table, "builds its indexes anew"),
      hint: `Run REINDEX ${what} CONCURRENTLY, outside of a transaction block. If it fails it leaves an index that ends in _ccnew: drop that.`,
      safeSql: safeSql(subject, what),
      table,
      work: "scan",
    },
  ];
}

function safeSql(subject: Subject, what: string): readonly string[] | undefined {
  const { statement, text } = subject;
  // An option in brackets may say CONCURRENTLY false: then it is not put there twice.
  const isSaid = tokenize(text).some(
    ({ start, end }) =>
      start >= statement.start &&
      end <= statement.end &&
      text.slice(start, end).toUpperCase() === "CONCURRENTLY",
  );
  const sql = isSaid ? undefined : withWordAfter(subject, what, "CONCURRENTLY");
  return sql === undefined ? undefined : [sql];
}
