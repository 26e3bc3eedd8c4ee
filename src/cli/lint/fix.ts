import { applyEdits, type Edit } from "../../sql/edit.ts";
import { type LintedFile, type LintFinding, type LintOptions, lintFile } from "./lint.ts";
import type { MigrationText } from "./migration-script.ts";

export interface Fixed {
  readonly text: string;
  /** What is left to do by hand. */
  readonly left: LintedFile;
}

/** Each round can only find what the one before has brought up; there are few such. */
const ROUNDS_MAX = 10;

const TIMEOUTS: readonly string[] = ["lock-timeout", "statement-timeout"];
const OUTSIDE = "-- straddle: can't run in a transaction: move it to a migration that has none";
const NEXT = "-- straddle: in a transaction of its own: move it to a migration of its own";

/**
 * The file with the safe statements in the place of those that the guard is against, where there are
 * such. All else is kept as it is, byte for byte. What can't stay in the file's transaction is marked.
 */
export function fixFile(file: MigrationText, options: LintOptions): Fixed {
  const done = new Set<string>();
  let text = file.text;
  let linted = lintFile(file, options);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const chosen = choose(linted, text, done);
    if (chosen.length === 0) break;
    for (const finding of chosen) done.add(keyOf(finding, text));
    text = applyEdits(
      text,
      chosen.map((finding) => editFor(finding, text)),
    );
    linted = lintFile({ ...file, text }, options);
  }
  text = applyEdits(text, marksFor(linted, text));
  return { text, left: lintFile({ ...file, text }, options) };
}

/**
 * At most one for each statement. Timeouts come last, once for each part: a SET holds for what comes
 * after it, too.
 */
function choose(
  { findings }: LintedFile,
  text: string,
  done: ReadonlySet<string>,
): readonly LintFinding[] {
  const open = findings.filter(
    (finding) =>
      finding.allowed === undefined &&
      finding.safeSql !== undefined &&
      finding.safeSql.join() !== statementText(finding, text) &&
      !done.has(keyOf(finding, text)),
  );
  const changes = open.filter(({ rule }) => !TIMEOUTS.includes(rule));
  const isFirst = (of: (finding: LintFinding) => number, list: readonly LintFinding[]) =>
    list.filter((finding, index) => list.findIndex((each) => of(each) === of(finding)) === index);
  return changes.length > 0
    ? isFirst(({ statementStart }) => statementStart, changes)
    : isFirst(({ part }) => part, open);
}

function editFor(finding: LintFinding, text: string): Edit {
  const { statementStart: start, statementEnd: end, safeSql = [], isInBlock } = finding;
  const indent = indentAt(text, start);
  const isSequence = safeSql.filter((sql) => !/^SET\b/i.test(sql)).length > 1;
  const written = safeSql.map((sql, index) =>
    isSequence && isInBlock && index > 0 ? `${NEXT}\n${indent}${sql}` : sql,
  );
  return { start, end, text: written.join(`;\n${indent}`), kind: "frame" };
}

function marksFor({ findings }: LintedFile, text: string): readonly Edit[] {
  const outside = findings.filter(
    ({ rule, allowed }) => rule === "ban-concurrently-in-transaction" && allowed === undefined,
  );
  return outside.flatMap(({ statementStart: start }): readonly Edit[] => {
    const before = text.slice(0, start);
    const indent = indentAt(text, start);
    if (before.trimEnd().endsWith(OUTSIDE)) return [];
    const isFirstOnLine = before.endsWith(`\n${indent}`) || before === indent;
    const lineBreak = isFirstOnLine ? "" : "\n";
    return [{ start, end: start, text: `${lineBreak}${OUTSIDE}\n${indent}`, kind: "frame" }];
  });
}

/** The blanks in front of the first word of the line. */
function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function statementText({ statementStart, statementEnd }: LintFinding, text: string): string {
  return text.slice(statementStart, statementEnd);
}

/** The same change is made once, even if it does not help. */
function keyOf(finding: LintFinding, text: string): string {
  return `${finding.rule} ${finding.part} ${statementText(finding, text)}`;
}
