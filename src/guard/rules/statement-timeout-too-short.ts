import { costOf } from "../cost.ts";
import { lockedBy } from "../locks.ts";
import { alterTableOf } from "../reading/alter-actions.ts";
import { isSmall } from "../reading/exempt.ts";
import { statementTimeoutInForce } from "../reading/timeout-in-force.ts";
import { textOf } from "../reading/words.ts";
import { formatDuration } from "../refusal-text.ts";
import { nameText } from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

/** A timeout that is meant for locks that are held, not for work that takes as long as it takes. */
const SHORT_MS = 60_000;

export const statementTimeoutTooShort: Rule = {
  id: "statement-timeout-too-short",
  group: "later",
  severity: "warn",
  why:
    "What is done CONCURRENTLY, and VALIDATE CONSTRAINT, blocks no reads and no writes, and takes as long as " +
    "the table is large. A statement_timeout that is meant for short locks ends it half-way: the work is lost, " +
    "and CREATE INDEX and REINDEX CONCURRENTLY leave an invalid index, which every write still has to keep up.",
  instead: "Run it with statement_timeout = 0, and set it again for what comes after.",
  refused:
    "SET statement_timeout = '5s'; CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id)",
  allowed:
    "SET statement_timeout = 0; CREATE INDEX CONCURRENTLY orders_user_id ON orders (user_id)",
  check,
};

function check(subject: Subject): readonly Problem[] {
  const work = unblockingWork(subject);
  if (work === undefined) return [];
  const { what, level, table, left } = work;
  if (table !== undefined && isSmall(table, subject)) return [];
  const timeout = statementTimeoutInForce(subject) ?? 0;
  const cost = table && costOf({ table, level, work: "scan" }, subject.facts);
  const neededMs = Math.max(SHORT_MS, (cost?.secondsLikely ?? 0) * 1000);
  if (timeout === 0 || timeout >= neededMs) return [];
  const on = table === undefined ? "" : ` of ${nameText(table)}`;
  return [
    {
      message: `${what} has ${formatDuration(timeout)} of statement_timeout, and may take longer`,
      detail: `It takes as long as the work${on} takes, and waits for transactions that are open. When the time is over the server ends it with 57014: ${left}.`,
      hint: "Run SET statement_timeout = 0 before it: it blocks no reads and no writes while it works. Set it again for what comes after.",
      safeSql: ["SET statement_timeout = 0", textOf(subject)],
      table,
    },
  ];
}

/** Long work under a lock that lets others read and write. `left` says what is there when it ends early. */
function unblockingWork(subject: Subject) {
  const { statement, memory } = subject;
  const lock = lockedBy(statement);
  if (lock === undefined) return undefined;
  // Where it is in the wrong place, other rules say so.
  if (memory.isInBlock && (lock.inBlock === "refused" || memory.locks.length > 0)) return undefined;
  const { verb, level, relations } = lock;
  const [table] = relations;
  const made = (what: string, left: string) => ({ what, level, table, left });
  if (verb === "CREATE INDEX CONCURRENTLY") {
    return made(verb, "an invalid index is left, which writes keep up and no query uses");
  }
  if (verb === "REINDEX CONCURRENTLY") {
    return made(verb, "the new index is left as an invalid one, which writes keep up");
  }
  if (verb === "REFRESH MATERIALIZED VIEW CONCURRENTLY") {
    return made(verb, "what it has read is lost");
  }
  const actions = alterTableOf(subject)?.actions ?? [];
  const isValidation = actions.length > 0 && actions.every(isValidate);
  return isValidation ? made("VALIDATE CONSTRAINT", "what it has read is lost") : undefined;
}

const isValidate = ({ kind }: { readonly kind: string }) => kind === "AT_ValidateConstraint";
