import { alterTableOf } from "../reading/alter-actions.ts";
import { isSmall, relationFacts } from "../reading/exempt.ts";
import { whileLocked } from "../reading/words.ts";
import type { RelationName } from "../relation-name.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const rewritingTable: Rule = {
  id: "rewriting-table",
  group: "blocks",
  severity: "block",
  why:
    "SET LOGGED, SET UNLOGGED, SET ACCESS METHOD, SET TABLESPACE and SET EXPRESSION write the whole table " +
    "anew under an ACCESS EXCLUSIVE lock: no query on it gets through until it is done.",
  instead: "Make a new table that is as it should be, and copy rows over in batches.",
  refused: "ALTER TABLE orders SET UNLOGGED",
  allowed: "ALTER TABLE orders SET (fillfactor = 70)",
  check,
};

const REWRITES: Readonly<Record<string, string>> = {
  AT_SetLogged: "SET LOGGED",
  AT_SetUnLogged: "SET UNLOGGED",
  AT_SetAccessMethod: "SET ACCESS METHOD",
  AT_SetTableSpace: "SET TABLESPACE",
  AT_SetExpression: "SET EXPRESSION",
};

function check(subject: Subject): readonly Problem[] {
  const alter = alterTableOf(subject);
  if (alter === undefined || isSmall(alter.table, subject)) return [];
  // Of a partitioned table it is for partitions to come.
  const isPartitioned = relationFacts(alter.table, subject)?.kind === "partitioned table";
  return alter.actions.flatMap(({ kind, offset }) => {
    const action = REWRITES[kind];
    return action === undefined || (isPartitioned && kind !== "AT_SetExpression")
      ? []
      : [problem(subject, alter.table, action, offset)];
  });
}

function problem(
  subject: Subject,
  table: RelationName,
  action: string,
  offset: number | undefined,
): Problem {
  return {
    message: `${action} writes all of ${nameText(table)} anew under an ACCESS EXCLUSIVE lock`,
    detail: whileLocked(subject, table, "writes the whole table anew"),
    hint: "Make a new table that is as it should be, keep it up to date by a trigger, copy rows over in batches, and change to it under a window; or do it where nobody uses the table.",
    offset,
    table,
    work: "rewrite",
  };
}
