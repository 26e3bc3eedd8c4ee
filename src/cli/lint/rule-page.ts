import type { Rule } from "../../guard/rule.ts";
import { RULES } from "../../guard/rules.ts";

const GROUPS: Readonly<Record<Rule["group"], string>> = {
  blocks: "blocks others",
  breaks: "breaks running versions",
  later: "bites later",
};

/** What a rule is about, for people. */
export function rulePage(rule: Rule): string {
  const { id, group, severity, since, why, instead, refused, allowed } = rule;
  const versions = since === undefined ? "" : `, since PostgreSQL ${since}`;
  return [
    `${id} (${GROUPS[group]}; ${severity} by default${versions})`,
    "",
    `Why: ${why}`,
    `Instead: ${instead}`,
    "",
    `Refused:\n    ${refused};`,
    `Allowed:\n    ${allowed};`,
    "",
    `To allow it once, in a comment: straddle:allow=${id} reason='…'`,
    "",
  ].join("\n");
}

/** All rules, a line each. */
export function ruleList(): string {
  const width = Math.max(...RULES.map(({ id }) => id.length));
  return RULES.map(
    ({ id, group, severity }) => `${id.padEnd(width)}  ${severity.padEnd(5)}  ${GROUPS[group]}\n`,
  ).join("");
}
