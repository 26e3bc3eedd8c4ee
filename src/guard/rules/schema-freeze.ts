import { verbOf } from "../../sql/verb.ts";
import { createdRelations } from "../created-relations.ts";
import { isDdl } from "../ddl.ts";
import { lockedBy } from "../locks.ts";
import { isNew } from "../reading/exempt.ts";
import type { Problem, Rule, Subject } from "../rule.ts";
import { isCreatedIn } from "../transaction-memory.ts";

export const schemaFreeze: Rule = {
  id: "schema-freeze",
  group: "blocks",
  severity: "block",
  why:
    "While guard.policies says freeze, no schema change runs, however harmless: nobody is there to see what " +
    "comes of it. Temporary tables may be made and changed. Where nothing is frozen, the rule has nothing to say.",
  instead: "Run it when the freeze is over, or as a role that it is not for.",
  refused: "CREATE TABLE invoices (id bigint)",
  allowed: "CREATE TEMP TABLE invoices (id bigint)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const { statement, policy } = subject;
  const { freeze } = policy;
  // The statements inside of a DO block are looked at one by one.
  if (freeze === undefined || statement.kind === "DoStmt") return [];
  if (!isDdl(statement) && lockedBy(statement) === undefined) return [];
  if (isOwn(subject)) return [];
  const until = freeze.until === undefined ? "" : ` until ${freeze.until}`;
  const reason = freeze.reason === undefined ? "" : `: ${freeze.reason}`;
  return [
    {
      message: `${verbOf(statement)} does not run now: schema changes are frozen${until}`,
      detail: `Here guard.policies lets no schema change through${until}${reason}.`,
      hint: "Run it when the freeze is over, or as a role that it is not for.",
      table: lockedBy(statement)?.relations[0],
    },
  ];
}

/** Nobody else can see it: it is about temporary tables, or about those of its own transaction. */
function isOwn(subject: Subject): boolean {
  const { statement, memory } = subject;
  const locked = lockedBy(statement)?.relations;
  if (locked !== undefined)
    return locked.length > 0 && locked.every((each) => isNew(each, subject));
  const created = createdRelations(statement);
  const isTemporary = created.every(
    (each) => each.schema === "pg_temp" || isCreatedIn(memory, each),
  );
  return created.length > 0 && isTemporary;
}
