import type { Facts } from "../../guard/facts.ts";
import type { GuardPolicy } from "../../guard/guard-policy.ts";
import { parseSql } from "../../sql/parse.ts";
import { fixFile } from "../lint/fix.ts";
import { type Plan, type Step, sql } from "./plan.ts";

/** Timeouts are put in front of each step where it is shown. */
const SHOWN = { "lock-timeout": "off", "statement-timeout": "off" } as const;

/** A statement as the guard's rules would have it, each part in a transaction of its own; or why not. */
export function safeStatements(
  text: string,
  known: { readonly facts: Facts; readonly policy: GuardPolicy },
): Plan {
  const policy = { ...known.policy, severities: { ...known.policy.severities, ...SHOWN } };
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
