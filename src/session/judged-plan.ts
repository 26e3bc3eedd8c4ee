import type { GuardOutcome, GuardSettings } from "../guard/guard-settings.ts";
import type { Finding } from "../guard/judge.ts";
import type { RefusalText } from "../guard/refusal-text.ts";
import { findingsText, RULE_SQLSTATE } from "../guard/refused-by.ts";
import type { StatementFacts } from "../sql/statement.ts";
import type { Refusal, StatementPlan, TextPlan } from "./text-plan.ts";

/** What the rules have against a text, by its statements, and what that makes of its plan. */
export interface JudgedPlan {
  readonly plan: TextPlan;
  /** What the client is told of statements that run nevertheless. */
  readonly warnings: readonly RefusalText[];
}

/** `facts`: of the text's statements, with their own trees. */
export function judgedPlan(
  plan: TextPlan,
  findings: readonly Finding[],
  facts: readonly StatementFacts[],
  mode: GuardSettings["mode"],
): JudgedPlan {
  const warnings: RefusalText[] = [];
  const statements = plan.statements.map((statement, index): StatementPlan => {
    const read = { ...statement, facts: facts[index] ?? statement.facts };
    const own = findings.filter((finding) => finding.statement === index);
    if (own.length === 0 || statement.refusal !== undefined) return read;
    const outcomes = own.map(({ rule, severity }): GuardOutcome => {
      if (severity === "warn") return { rule, outcome: "warn" };
      return { rule, outcome: mode === "observe" ? "observe" : "refuse" };
    });
    if (mode === "observe") return { ...read, outcomes };
    const [refusing, ...others] = own.filter(({ severity }) => severity === "block");
    if (refusing !== undefined) {
      const refusal = refusalOf([refusing, ...others]);
      return { ...read, verdict: "refuse", refusal, outcomes };
    }
    for (const finding of own) warnings.push(findingsText([finding]));
    return { ...read, verdict: "warn", outcomes };
  });
  return { plan: { ...plan, statements }, warnings };
}

/** Every statement that rules are to be asked about is refused: the server did not say what they need. */
export function unaskedPlan(plan: TextPlan, serverError: Refusal["serverError"]): TextPlan {
  const statements = plan.statements.map((statement): StatementPlan => {
    if (statement.concern !== "rules" || statement.refusal !== undefined) return statement;
    return { ...statement, verdict: "refuse", refusal: { ...UNASKED, serverError } };
  });
  return { ...plan, statements };
}

function refusalOf(findings: readonly [Finding, ...Finding[]]): Refusal {
  const [{ rule, offset }] = findings;
  return { rule, sqlstate: RULE_SQLSTATE, ...findingsText(findings), offset };
}

const UNASKED: Refusal = {
  rule: "guard",
  sqlstate: RULE_SQLSTATE,
  message: "straddle could not ask the server about the tables of this statement",
  detail: "The guard's rules need to know how large they are, and the question was not answered.",
  hint: "Send the statement again.",
  offset: undefined,
};
