import type { Subject } from "../rule.ts";
import { type AddedConstraint, insteadOf } from "./added-constraints.ts";
import { newColumnSteps } from "./new-column.ts";

/** What to run in place of a statement that adds a constraint: by `steps`, or with its new column. */
export function safeConstraint(
  added: AddedConstraint,
  subject: Subject,
  steps: readonly string[] | undefined,
): readonly string[] | undefined {
  const { alter, action, newColumn } = added;
  return newColumn === undefined ? insteadOf(added, steps) : newColumnSteps(alter, action, subject);
}
