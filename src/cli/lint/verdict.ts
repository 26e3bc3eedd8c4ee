import { SETUP_EXIT_CODE } from "../fail.ts";
import type { LintedFile } from "./lint.ts";

export interface Counts {
  readonly blocking: number;
  readonly warnings: number;
  readonly allowed: number;
  readonly problems: number;
}

export function countsOf(files: readonly LintedFile[]): Counts {
  const findings = files.flatMap((file) => file.findings);
  const open = findings.filter(({ allowed }) => allowed === undefined);
  const blocking = open.filter(({ severity }) => severity === "block").length;
  return {
    blocking,
    warnings: open.length - blocking,
    allowed: findings.length - open.length,
    problems: files.reduce((sum, { problems }) => sum + problems.length, 0),
  };
}

/** 0: nothing blocks. 1: something does. 2: not all could be judged. */
export function exitStatus(files: readonly LintedFile[]): number {
  const { blocking, problems } = countsOf(files);
  if (problems > 0) return SETUP_EXIT_CODE;
  return blocking > 0 ? 1 : 0;
}
