import { isSmall } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText, relationMember } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const banCluster: Rule = {
  id: "ban-cluster",
  group: "blocks",
  severity: "block",
  why:
    "CLUSTER writes the whole table and its indexes anew, in another order, under an ACCESS EXCLUSIVE " +
    "lock: no query on it gets through until it is done.",
  instead: "Use an extension that rewrites a table in the background (pg_repack, pg_squeeze).",
  refused: "CLUSTER orders USING orders_pkey",
  allowed: "ALTER TABLE orders CLUSTER ON orders_pkey",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { kind, node } = subject.statement;
  if (kind !== "ClusterStmt") return [];
  const [table] = relationMember(node, "relation");
  if (table !== undefined && isSmall(table, subject)) return [];
  return [
    {
      message: `CLUSTER rewrites ${table === undefined ? "every clustered table" : nameText(table)} under an ACCESS EXCLUSIVE lock`,
      detail: whileLocked(subject, table, "writes the whole table and its indexes anew"),
      hint: "Use pg_repack or pg_squeeze, which rewrite a table beside its traffic, or run it where nobody uses the table.",
      table,
      work: "rewrite",
    },
  ];
}
