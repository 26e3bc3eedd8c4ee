import type { Refusal, TextPlan } from "./text-plan.ts";

/** The plan of a text that is refused as a whole. */
export function refusedPlan(plan: TextPlan, refusal: Refusal): TextPlan {
  const statements = plan.statements.map((statement) => ({
    ...statement,
    verdict: "refuse" as const,
    refusal,
    lock: undefined,
    concern: "none" as const,
    touched: [],
    reliesOnNames: false,
    flips: undefined,
  }));
  // One failing statement is enough: none of a text that is refused as a whole may run.
  return { statements: statements.slice(0, 1), edits: [], ranText: undefined, isWhole: true };
}

export const UNCOMMITTED_DDL: Refusal = {
  rule: "window",
  sqlstate: "0A000",
  message: "straddle cannot tell the column names of a windowed table in this transaction",
  detail: "The transaction holds schema changes that are not committed yet.",
  hint: "Commit the schema change first, or run it in a session without a version tag.",
  offset: undefined,
};

export const UNKNOWN_VERSION: Refusal = {
  rule: "version",
  sqlstate: "28000",
  message: "straddle does not know the version of the application",
  detail: "The configuration says version.unknown: reject, and no source names a version.",
  hint: "Give application_name as app@version, or a sqlcommenter comment.",
  offset: undefined,
};

/** Of a text that the parser can't take apart, and that has words of schema changes in it. */
export const TOO_COMPLEX: Refusal = {
  rule: "guard",
  sqlstate: "54001",
  message: "straddle cannot analyse this statement",
  detail: "It nests too deeply, and may have a schema change in it that the guard has to see to.",
  hint: "Split the statement into smaller ones.",
  offset: undefined,
};
