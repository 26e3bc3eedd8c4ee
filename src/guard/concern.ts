import type { RuleId } from "../base/rule-ids.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { createdRelations } from "./created-relations.ts";
import { NO_FACTS } from "./facts.ts";
import { DEFAULT_POLICY, type GuardPolicy } from "./guard-policy.ts";
import { KnownFacts } from "./known-facts.ts";
import { lockedBy } from "./locks.ts";
import { longWork } from "./long-work.ts";
import { allowSetBy } from "./overrides.ts";
import { RULES } from "./rules.ts";
import { subjectsWithin } from "./subjects-within.ts";
import { beginning, EMPTY_MEMORY } from "./transaction-memory.ts";

/**
 * What the rules have to do with a statement. `rules`: they are asked before it runs. `memory`: what it
 * does is remembered, for schema changes that come after it in its transaction. `none` is what most
 * statements are.
 */
export type Concern = "none" | "memory" | "rules";

/** What most statements are: only few rules need to be asked about them. */
const QUERIES: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

const RULES_ABOUT_QUERIES = RULES.filter(({ isAboutQueries }) => isAboutQueries === true);

/** Whether schema changes are frozen shows when they run. */
const FROZEN: GuardPolicy = {
  ...DEFAULT_POLICY,
  freeze: { until: undefined, reason: undefined },
};

/** `rules`: those that can have something to say; where there are none, nothing is of concern. */
export function concernOf(
  statement: ParsedStatement,
  text: string,
  rules: readonly RuleId[],
): Concern {
  if (rules.length === 0) return "none";
  if (statement.kind === "TransactionStmt") return "memory";
  if (allowSetBy(statement)) return "rules";
  if (statement.kind === "LockStmt" || lockedBy(statement) !== undefined) return "rules";
  if (createdRelations(statement).length > 0) return "rules";
  // A rule that looks at anything beyond the text, or has something to say without, is to be asked.
  const facts = new KnownFacts({ now: 0 });
  const memory = beginning(EMPTY_MEMORY);
  const subject = { statement, text, memory, facts, policy: FROZEN };
  const subjects = subjectsWithin(subject);
  for (const rule of QUERIES.has(statement.kind) ? RULES_ABOUT_QUERIES : RULES) {
    if (!rules.includes(rule.id)) continue;
    if (subjects.some((each) => rule.check(each).length > 0)) return "rules";
  }
  if (facts.wanted !== undefined) return "rules";
  return longWork(statement, NO_FACTS, []) === undefined ? "none" : "memory";
}
