import { type AddedConstraint, addedConstraints, insteadOf } from "../reading/added-constraints.ts";
import { isProvenNotNull, isSmall, relationFacts } from "../reading/exempt.ts";
import { safeConstraint } from "../reading/safe-constraint.ts";
import { setNotNull } from "../reading/set-not-null.ts";
import { byUniqueIndex } from "../reading/unique-index.ts";
import { whileLocked } from "../reading/words.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const addingSerialPrimaryKeyField: Rule = {
  id: "adding-serial-primary-key-field",
  group: "blocks",
  severity: "block",
  why:
    "ADD PRIMARY KEY builds an index, and reads every row for NULLs, under an ACCESS EXCLUSIVE lock: no " +
    "query on the table gets through until it is done.",
  instead:
    "CREATE UNIQUE INDEX CONCURRENTLY, prove NOT NULL by a validated CHECK, then ADD PRIMARY KEY USING INDEX.",
  refused: "ALTER TABLE orders ADD PRIMARY KEY (id)",
  allowed: "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_pkey",
  check,
};

function check(subject: Subject): readonly Problem[] {
  return addedConstraints(subject).flatMap((added) => {
    const { alter, kind, node, name, newColumn, offset } = added;
    const { table } = alter;
    if (kind !== "CONSTR_PRIMARY" || isSmall(table, subject)) return [];
    const isOfIndex = node["indexname"] !== undefined;
    const nullable = columnsOf(added, subject).filter(
      (column) => !isProvenNotNull(table, column, subject),
    );
    if (isOfIndex && nullable.length === 0) return [];
    const work = isOfIndex ? "checks every row for NULLs" : "builds its index from every row";
    const before = nullable.flatMap((column) => setNotNull(alter.head, table, column));
    const isPartitioned = relationFacts(table, subject)?.kind === "partitioned table";
    return [
      {
        message: `PRIMARY KEY ${name} on ${nameText(table)} reads every row under its lock`,
        detail: whileLocked(subject, table, work),
        hint:
          newColumn === undefined
            ? "Build a unique index CONCURRENTLY, set its columns NOT NULL by way of a CHECK that is validated, and make the primary key of it by USING INDEX."
            : "Add the column without PRIMARY KEY and fill it, build a unique index of it CONCURRENTLY, set it NOT NULL by way of a CHECK that is validated, and make the primary key of it by USING INDEX.",
        safeSql: isPartitioned ? undefined : safeSql(added, before, subject),
        offset,
        table,
        work: "scan",
      },
    ];
  });
}

/** Of USING INDEX they are known with the server only. */
function columnsOf({ alter, node, columns }: AddedConstraint, subject: Subject): readonly string[] {
  const { indexname } = node;
  if (indexname === undefined) return columns;
  const index = relationFacts(alter.table, subject)?.indexes?.find(
    ({ name }) => name === indexname,
  );
  return (index?.columns ?? []).flatMap((column) => column ?? []);
}

function safeSql(
  added: AddedConstraint,
  before: readonly string[],
  subject: Subject,
): readonly string[] | undefined {
  const { node, alter, action } = added;
  if (node["indexname"] === undefined) {
    return safeConstraint(added, subject, byUniqueIndex(added, before));
  }
  const own = action.text === undefined ? undefined : [...before, `${alter.head} ${action.text}`];
  return insteadOf(added, own);
}
