import { isSmall, relationFacts } from "../reading/exempt.ts";
import { withWordAfter } from "../reading/keywords.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const requireConcurrentRefresh: Rule = {
  id: "require-concurrent-refresh",
  group: "blocks",
  severity: "block",
  why:
    "REFRESH MATERIALIZED VIEW runs the view's whole query under an ACCESS EXCLUSIVE lock: every SELECT " +
    "from the view waits until it is done.",
  instead: "REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index on the view.",
  refused: "REFRESH MATERIALIZED VIEW totals",
  allowed: "REFRESH MATERIALIZED VIEW CONCURRENTLY totals",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  const [view] = relationMember(node, "relation");
  if (kind !== "RefreshMatViewStmt" || view === undefined || node["concurrent"] === true) return [];
  if (node["skipData"] === true || isSmall(view, subject)) return [];
  const indexes = relationFacts(view, subject)?.indexes;
  const lacksIndex = indexes?.every(({ isUnique }) => !isUnique) === true;
  const sql = withWordAfter(subject, "VIEW", "CONCURRENTLY");
  return [
    {
      message: `REFRESH of ${nameText(view)} without CONCURRENTLY blocks every SELECT from it`,
      detail: whileLocked(subject, view, "runs the view's whole query"),
      hint: lacksIndex
        ? "Create a unique index on the view first: REFRESH MATERIALIZED VIEW CONCURRENTLY needs one that covers all rows."
        : "Run REFRESH MATERIALIZED VIEW CONCURRENTLY. It needs a unique index that covers all rows.",
      safeSql: sql === undefined || lacksIndex ? undefined : [sql],
      table: view,
      work: "rewrite",
    },
  ];
}
