import type { RuleGroup, RuleId, Severity } from "../base/rule-ids.ts";
import { stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { type Cost, costOf, costWords } from "./cost.ts";
import type { Facts } from "./facts.ts";
import type { GuardPolicy } from "./guard-policy.ts";
import { lockedBy } from "./locks.ts";
import type { RelationName } from "./relation-name.ts";
import type { Problem, Rule, Subject } from "./rule.ts";
import { RULES } from "./rules.ts";
import { subjectsWithin } from "./subjects-within.ts";
import {
  beginning,
  EMPTY_MEMORY,
  memoryAfter,
  type TransactionMemory,
  withEffects,
} from "./transaction-memory.ts";

/** What a rule found. */
export interface Finding {
  readonly rule: RuleId;
  readonly group: RuleGroup;
  readonly severity: "block" | "warn";
  /** What is wrong, what would break and for whom, and the safe way: as an ErrorResponse has them. */
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
  /**
   * Statements to run in place of this one, without `;`, each in a transaction of its own. Where they
   * don't end where it would have ended, the hint says what is left to do. Undefined where no SQL helps.
   */
  readonly safeSql: readonly string[] | undefined;
  /** Of the script's statements, from 0. */
  readonly statement: number;
  /** UTF-16 index in the script's text. */
  readonly offset: number;
  readonly table: RelationName | undefined;
  readonly cost: Cost | undefined;
}

export interface Script {
  readonly text: string;
  readonly statements: readonly ParsedStatement[];
  readonly grouping: Grouping;
}

/**
 * Which statements run in one transaction: all, each by itself whatever the text says, or as BEGIN and
 * COMMIT in the text have it.
 */
export type Grouping = "together" | "alone" | "as written";

/** What all rules have against a script, in the order of its statements. */
export function judge(script: Script, facts: Facts, policy: GuardPolicy): readonly Finding[] {
  const { text, statements, grouping } = script;
  const findings: Finding[] = [];
  let memory = EMPTY_MEMORY;
  statements.forEach((statement, index) => {
    if (grouping === "together" && !memory.isInBlock) memory = beginning(memory);
    findings.push(...judgeStatement({ statement, text, memory, facts, policy }, index));
    memory = afterInScript(memory, statement, facts);
    if (grouping === "alone") memory = { ...memory, isInBlock: false };
  });
  return findings;
}

/** What all rules have against one statement, with what its transaction did before it. */
export function judgeStatement(subject: Subject, index = 0): readonly Finding[] {
  const subjects = subjectsWithin(subject);
  return RULES.filter((rule) => isInForce(rule, subject)).flatMap((rule) =>
    subjects.flatMap((inner) =>
      rule.check(inner).map((problem) => finding(rule, problem, subject, inner, index)),
    ),
  );
}

export function severityOf(rule: Rule, policy: GuardPolicy): Severity {
  return policy.severities[rule.id] ?? rule.severity;
}

/** What a script has made is known to be new, and what it has proved proved, in its next transaction too. */
function afterInScript(
  before: TransactionMemory,
  statement: ParsedStatement,
  facts: Facts,
): TransactionMemory {
  const after = memoryAfter(before, statement, facts);
  const { kind, node } = statement;
  const isUndone = kind === "TransactionStmt" && stringMember(node, "kind").includes("ROLLBACK");
  if (after.isInBlock || isUndone) return after;
  const { created, checks } =
    kind === "TransactionStmt" ? before : withEffects(before, statement, facts);
  return { ...after, created, checks };
}

function isInForce(rule: Rule, { facts, policy }: Subject): boolean {
  if (severityOf(rule, policy) === "off") return false;
  return facts.serverVersion === undefined || facts.serverVersion / 10_000 >= (rule.since ?? 0);
}

function finding(
  rule: Rule,
  problem: Problem,
  outer: Subject,
  inner: Subject,
  index: number,
): Finding {
  const cost = costOfProblem(problem, inner);
  const words = cost === undefined ? "" : costWords(cost);
  const isHidden = inner !== outer;
  const isBlocking = severityOf(rule, outer.policy) === "block";
  return {
    rule: rule.id,
    group: rule.group,
    severity: isBlocking && problem.isWarningOnly !== true ? "block" : "warn",
    message: problem.message,
    detail: words === "" ? problem.detail : `${problem.detail} ${words}`,
    hint: problem.hint,
    // Inside of a block of PL/pgSQL nothing can be put in a statement's place.
    safeSql: isHidden ? undefined : problem.safeSql,
    statement: index,
    offset: isHidden ? outer.statement.start : (problem.offset ?? outer.statement.start),
    table: problem.table,
    cost,
  };
}

function costOfProblem({ table, work }: Problem, { statement, facts }: Subject): Cost | undefined {
  if (table === undefined || work === undefined) return undefined;
  const level = lockedBy(statement)?.level;
  return level === undefined ? undefined : costOf({ table, level, work }, facts);
}
