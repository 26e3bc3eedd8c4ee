import type { LintedFile, LintFinding, Problem } from "./lint.ts";
import { lineAt, type Position } from "./position.ts";
import { countsOf } from "./verdict.ts";

/** What people read: each finding under its line, and what there is of them in all. */
export function textReport(files: readonly LintedFile[]): string {
  const blocks = files.flatMap((file) => [
    ...file.problems.map((problem) => problemBlock(file, problem)),
    ...file.findings
      .filter(({ allowed }) => allowed === undefined)
      .map((finding) => findingBlock(file, finding)),
  ]);
  return `${[...blocks, summary(files)].join("\n")}\n`;
}

function problemBlock(file: LintedFile, { message, position }: Problem): string {
  return `${place(file, position)}: error: ${message}\n${source(file, position)}\n`;
}

function findingBlock(file: LintedFile, finding: LintFinding): string {
  const { severity, message, detail, hint, rule, start, safeSql } = finding;
  const level = severity === "block" ? "error" : "warning";
  const safe =
    safeSql === undefined ? [] : ["  safe:", ...safeSql.map((sql) => indented(`${sql};`))];
  return [
    `${place(file, start)}: ${level}: ${message} [${rule}]`,
    source(file, start),
    `  why: ${detail}`,
    `  instead: ${hint}`,
    ...safe,
    "",
  ].join("\n");
}

function place({ path }: LintedFile, { line, column }: Position): string {
  return `${path}:${line}:${column}`;
}

function indented(sql: string): string {
  return sql.replaceAll(/^/gm, "    ");
}

/** Columns of a source line that are shown. */
const WIDTH = 120;

/** The line, with a caret under the column. Of a long line the part around it. */
function source({ text }: LintedFile, { line, column }: Position): string {
  const whole = lineAt(text, line);
  const from = whole.length <= WIDTH ? 0 : Math.max(0, column - 1 - WIDTH / 4);
  const head = from > 0 ? "…" : "";
  const tail = whole.length > from + WIDTH ? "…" : "";
  const shown = head + whole.slice(from, from + WIDTH) + tail;
  const before = head + whole.slice(from, column - 1);
  const margin = `${line} | `;
  // Tabs stay, so that the caret is under its character however wide they are.
  const blank = " ".repeat(margin.length - 2);
  return `  ${margin}${shown}\n  ${blank}| ${before.replaceAll(/[^\t]/g, " ")}^`;
}

function summary(files: readonly LintedFile[]): string {
  const { problems, blocking, warnings, allowed } = countsOf(files);
  const parts = [
    `${files.length} ${files.length === 1 ? "file" : "files"}: ${counted(blocking, "error")}, ${counted(warnings, "warning")}`,
    ...(allowed > 0 ? [`${allowed} allowed`] : []),
    ...(problems > 0 ? [`${counted(problems, "problem")}, so that not all was judged`] : []),
  ];
  return parts.join(", ");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
