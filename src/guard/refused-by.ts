import type { Finding } from "./judge.ts";
import type { RefusalText } from "./refusal-text.ts";

/** Of a refusal by a rule, as by `lock-timeout`: object_not_in_prerequisite_state. */
export const RULE_SQLSTATE = "55000";

/** As the server says that a lock is not had: lock_not_available. Tools that try again go by it. */
const NOT_NOW_SQLSTATE = "55P03";

/** Where nothing but the moment is against a statement, another one than for what never passes. */
export function sqlstateOf(findings: readonly Finding[]): string {
  return findings.every(isOfTheMoment) ? NOT_NOW_SQLSTATE : RULE_SQLSTATE;
}

/** Findings on one statement with those first that trying again does not help. */
export function lastingFirst(findings: readonly Finding[]): readonly Finding[] {
  return [...findings.filter((each) => !isOfTheMoment(each)), ...findings.filter(isOfTheMoment)];
}

function isOfTheMoment({ rule }: Finding): boolean {
  return rule === "lock-queue";
}

/** What a client reads of the findings on one statement: the first in full, the others in short. */
export function findingsText(
  findings: readonly [Finding, ...Finding[]],
  mayOverride: boolean,
): RefusalText {
  const [first, ...others] = findings;
  const more = others.map(({ rule, message }) => `Also (${rule}): ${message}.`);
  const { safeSql } = first;
  const sql = safeSql === undefined ? "" : `\n${safeSql.map((each) => `${each};`).join("\n")}`;
  const ids = [...new Set(findings.map(({ rule }) => rule))].join(",");
  const nevertheless = mayOverride
    ? `\nTo run it as it is, with a reason for the audit log: /* straddle:allow=${ids} reason='…' */`
    : "";
  return {
    message: first.message,
    detail: [first.detail, ...more].join(" "),
    hint: `${first.hint}${sql}${nevertheless}`,
  };
}
