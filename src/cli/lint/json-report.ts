import type { LintedFile, LintFinding } from "./lint.ts";
import { countsOf } from "./verdict.ts";

/** All that is known of the findings, for programs. */
export function jsonReport(files: readonly LintedFile[]): string {
  const report = {
    ...countsOf(files),
    files: files.map(({ path, findings, problems }) => ({
      path,
      findings: findings.map(findingJson),
      problems: problems.map(({ message, position }) => ({ ...position, message })),
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function findingJson({ start, end, statementStart, statementEnd, ...finding }: LintFinding) {
  const { rule, group, severity, message, detail, hint, safeSql, table, cost, allowed } = finding;
  return {
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    rule,
    group,
    severity,
    message,
    detail,
    hint,
    safeSql: safeSql ?? null,
    table: table ?? null,
    cost: cost ?? null,
    allowed: allowed ?? null,
    statementStart,
    statementEnd,
  };
}
