import type { GuardOutcome, GuardSettings } from "../guard/guard-settings.ts";
import type { Finding } from "../guard/judge.ts";
import type { Overrides } from "../guard/overrides.ts";
import type { RefusalText } from "../guard/refusal-text.ts";
import { findingsText, lastingFirst, RULE_SQLSTATE, sqlstateOf } from "../guard/refused-by.ts";
import type { StatementFacts } from "../sql/statement.ts";
import type { Refusal, StatementPlan, TextPlan } from "./text-plan.ts";

/** What the rules have against a text. */
export interface Ruling {
  readonly findings: readonly Finding[];
  readonly overrides: Overrides;
  /** Of the text's statements, with their own trees. */
  readonly facts: readonly StatementFacts[];
  readonly mode: GuardSettings["mode"];
  /** Whether this role may override rules. */
  readonly mayOverride: boolean;
}

/** What a ruling makes of a text's plan. */
export interface JudgedPlan {
  readonly plan: TextPlan;
  /** What the client is told of statements that run nevertheless. */
  readonly warnings: readonly RefusalText[];
}

export function judgedPlan(plan: TextPlan, ruling: Ruling): JudgedPlan {
  const warnings: RefusalText[] = [];
  const statements = plan.statements.map((statement, index) =>
    judgedStatement(statement, index, ruling, warnings),
  );
  return { plan: { ...plan, statements }, warnings };
}

function judgedStatement(
  statement: StatementPlan,
  index: number,
  ruling: Ruling,
  warnings: RefusalText[],
): StatementPlan {
  const { findings, overrides, facts, mode, mayOverride } = ruling;
  const read = { ...statement, facts: facts[index] ?? statement.facts };
  if (statement.refusal !== undefined) return read;
  const problem = overrides.problemOf(index);
  if (problem !== undefined && mode === "enforce") {
    return { ...read, verdict: "refuse", refusal: { ...BAD_OVERRIDE, message: problem } };
  }
  const outcomes: GuardOutcome[] = [];
  const blocking: Finding[] = [];
  const warning: Finding[] = [];
  for (const finding of findings) {
    if (finding.statement !== index) continue;
    const { rule, severity } = finding;
    const estimate = estimateOf(finding);
    const reason = reasonFor(ruling, finding);
    if (reason !== undefined) {
      outcomes.push({ rule, outcome: "override", reason, ...estimate });
    } else if (severity === "warn") {
      outcomes.push({ rule, outcome: "warn", ...estimate });
      warning.push(finding);
    } else {
      outcomes.push({ rule, outcome: mode === "observe" ? "observe" : "refuse", ...estimate });
      blocking.push(finding);
    }
  }
  const unlocked = withoutCheck(read, index, ruling, outcomes);
  if (mode === "observe") return { ...unlocked, outcomes };
  const [refusing, ...others] = lastingFirst(blocking);
  if (refusing !== undefined) {
    const { rule, offset } = refusing;
    const text = findingsText([refusing, ...others], mayOverride);
    const refusal = { rule, sqlstate: sqlstateOf(blocking), ...text, offset };
    return { ...unlocked, verdict: "refuse", refusal, outcomes };
  }
  if (warning.length === 0) return { ...unlocked, outcomes };
  for (const finding of warning) warnings.push(findingsText([finding], mayOverride));
  return { ...unlocked, verdict: "warn", outcomes };
}

function estimateOf({ cost }: Finding): Pick<GuardOutcome, "estimate"> {
  if (cost?.secondsLikely === undefined) return {};
  return { estimate: { seconds: cost.secondsLikely, requests: cost.requestsWaiting ?? 0 } };
}

/** Why a finding is overridden; undefined where it isn't. */
export function reasonFor(
  { overrides, mayOverride }: Pick<Ruling, "overrides" | "mayOverride">,
  { rule, statement }: Pick<Finding, "rule" | "statement">,
): string | undefined {
  return mayOverride ? overrides.reasonFor(rule, statement) : undefined;
}

/** lock_timeout is checked by the server: an override of it leaves the check away. */
function withoutCheck(
  read: StatementPlan,
  index: number,
  ruling: Ruling,
  outcomes: GuardOutcome[],
): StatementPlan {
  if (read.lock === undefined) return read;
  const rule = "lock-timeout";
  const reason = reasonFor(ruling, { rule, statement: index });
  if (reason === undefined) return read;
  outcomes.push({ rule, outcome: "override", reason });
  return { ...read, lock: undefined };
}

/** Every statement that rules are to be asked about is refused: the server did not say what they need. */
export function unaskedPlan(plan: TextPlan, serverError: Refusal["serverError"]): TextPlan {
  const statements = plan.statements.map((statement): StatementPlan => {
    if (statement.concern !== "rules" || statement.refusal !== undefined) return statement;
    return { ...statement, verdict: "refuse", refusal: { ...UNASKED, serverError } };
  });
  return { ...plan, statements };
}

const UNASKED: Refusal = {
  rule: "guard",
  sqlstate: RULE_SQLSTATE,
  message: "straddle could not ask the server about the tables of this statement",
  detail: "The guard's rules need to know how large they are, and the question was not answered.",
  hint: "Send the statement again.",
  offset: undefined,
};

const BAD_OVERRIDE: Refusal = {
  rule: "guard",
  sqlstate: "22023",
  message: "",
  detail: "An override names the rules that a statement may break, and why.",
  hint: "Write /* straddle:allow=rule-id reason='…' */ at the statement, or SET straddle.allow = 'rule-id reason=''…'''.",
  offset: undefined,
};
