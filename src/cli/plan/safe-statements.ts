import type { Facts } from "../../guard/facts.ts";
import type { GuardPolicy } from "../../guard/guard-policy.ts";
import { RULES } from "../../guard/rules.ts";
import { parseSql } from "../../sql/parse.ts";
import { fixFile } from "../lint/fix.ts";
import { type Plan, type Step, sql } from "./plan.ts";

/**
 * Timeouts are put in front of each step where it is shown. What bites later is another schema, and a plan
 * ends in the one that was asked for.
 */
const LEFT_OUT: GuardPolicy["severities"] = {
  ...Object.fromEntries(
    RULES.filter(({ group }) => group === "later").map(({ id }) => [id, "off" as const]),
  ),
  "lock-timeout": "off",
  "statement-timeout": "off",
};

/** A statement as the guard's rules would have it, each part in a transaction of its own; or why not. */
export function safeStatements(
  text: string,
  known: { readonly facts: Facts; readonly policy: GuardPolicy },
): Plan {
  const policy = { ...known.policy, severities: { ...known.policy.severities, ...LEFT_OUT } };
  const options = { facts: known.facts, policy, grouping: "alone" } as const;
  const { text: fixed, left } = fixFile({ path: "", text }, options);
  const blocking = left.findings.filter(({ severity }) => severity === "block");
  if (blocking.length > 0) {
    return { steps: [], unsafe: blocking.map(({ message, hint }) => `${message}. ${hint}`) };
  }
  const parsed = parseSql(fixed);
  const statements = parsed.kind === "parsed" ? parsed.statements : [];
  return {
    steps: statements.map(({ start, end }): Step => sql("", fixed.slice(start, end))),
    unsafe: [],
  };
}
