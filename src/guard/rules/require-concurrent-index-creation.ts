import { isSmall, relationFacts } from "../reading/exempt.ts";
import { withWordAfter } from "../reading/keywords.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const requireConcurrentIndexCreation: Rule = {
  id: "require-concurrent-index-creation",
  group: "blocks",
  severity: "block",
  why:
    "CREATE INDEX reads the whole table under a SHARE lock: every INSERT, UPDATE and DELETE on it waits " +
    "until the index is built.",
  instead: "CREATE INDEX CONCURRENTLY, outside of a transaction block.",
  refused: "CREATE INDEX orders_user_id ON orders (user_id)",
  allowed: "CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  const [table] = relationMember(node, "relation");
  if (kind !== "IndexStmt" || table === undefined || node["concurrent"] === true) return [];
  if (isSmall(table, subject)) return [];
  const isPartitioned = relationFacts(table, subject)?.kind === "partitioned table";
  const isOnly = isPartitioned && node["relation"] !== undefined && !inheritsDown(subject);
  if (isOnly) return []; // An index on the parent alone is empty.
  return [
    {
      message: `CREATE INDEX on ${nameText(table)} without CONCURRENTLY blocks writes while it builds`,
      detail: whileLocked(subject, table, "reads every row"),
      hint: isPartitioned
        ? "PostgreSQL builds no index of a partitioned table CONCURRENTLY. Run CREATE INDEX ON ONLY the parent, CREATE INDEX CONCURRENTLY on each partition, and ALTER INDEX ... ATTACH PARTITION for each."
        : "Run CREATE INDEX CONCURRENTLY, outside of a transaction block. If it fails it leaves an invalid index: drop that before you try again.",
      safeSql: isPartitioned ? undefined : safeSql(subject),
      table,
      work: "scan",
    },
  ];
}

function inheritsDown({ statement }: Subject): boolean {
  const relation = statement.node["relation"];
  return typeof relation === "object" && relation !== null && "inh" in relation;
}

function safeSql(subject: Subject): readonly string[] | undefined {
  const sql = withWordAfter(subject, "INDEX", "CONCURRENTLY");
  return sql === undefined ? undefined : [sql];
}
