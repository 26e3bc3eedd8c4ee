import { LOCK_LEVELS } from "../../guard/lock-level.ts";
import { lockedBy } from "../../guard/locks.ts";
import { type ParsedStatement, parseSql } from "../../sql/parse.ts";
import type { Plan, Step } from "./plan.ts";

/** A plan for people, to be followed from top to bottom. */
export function planText({ steps, unsafe }: Plan): string {
  const blocks = steps.map((step, index) => `${index + 1}. ${stepText(step)}`);
  const problems = unsafe.map((problem) => `No safe way is known: ${problem}\n`);
  return [...blocks, ...problems].join("\n");
}

/** The same for programs: each step with the statements as they are to be run. */
export function planJson({ steps, unsafe }: Plan): string {
  const shown = steps.map((step) =>
    step.kind === "sql" ? { ...step, script: scriptOf(step.statements) } : step,
  );
  return `${JSON.stringify({ steps: shown, unsafe }, null, 2)}\n`;
}

function stepText(step: Step): string {
  if (step.kind === "task") return `${step.what}\n`;
  const why = step.kind === "sql" ? `${step.why} ${howToRun(step.statements)}`.trim() : step.why;
  return `${why}\n\n${bodyOf(step)
    .trimEnd()
    .replaceAll(/^(?=.)/gm, "    ")}\n`;
}

function bodyOf(step: Exclude<Step, { readonly kind: "task" }>): string {
  if (step.kind === "window") return step.yaml;
  return (step.kind === "commands" ? step.commands : scriptOf(step.statements)).join("\n");
}

function howToRun([only = "", another]: readonly string[]): string {
  if (another !== undefined) return "Run in one transaction:";
  const statement = statementOf(only);
  const isOutside =
    statement?.kind === "DoStmt" ||
    (statement !== undefined && lockedBy(statement)?.inBlock === "refused");
  return isOutside ? "Run outside of a transaction block:" : "Run in a transaction of its own:";
}

function statementOf(text: string): ParsedStatement | undefined {
  const parsed = parseSql(text);
  return parsed.kind === "parsed" ? parsed.statements[0] : undefined;
}

/** The statements with their timeouts; several are one transaction. Each line ends with `;`. */
export function scriptOf(statements: readonly string[]): readonly string[] {
  const [only = "", another] = statements;
  if (another === undefined) return [...timeoutsFor(only), only].map((line) => `${line};`);
  const lines = [
    "BEGIN",
    "SET LOCAL lock_timeout = '2s'",
    "SET LOCAL statement_timeout = '5s'",
    ...statements,
    "COMMIT",
  ];
  return lines.map((line) => `${line};`);
}

/** What holds a strong lock has to be short; what reads or writes all rows beside the traffic takes its time. */
function timeoutsFor(statement: string): readonly string[] {
  const first = statementOf(statement);
  const lock = first === undefined || first.kind === "DoStmt" ? undefined : lockedBy(first);
  if (lock === undefined) return ["SET lock_timeout = 0", "SET statement_timeout = 0"];
  const isStrong = LOCK_LEVELS.indexOf(lock.level) >= LOCK_LEVELS.indexOf("SHARE");
  return ["SET lock_timeout = '2s'", `SET statement_timeout = ${isStrong ? "'5s'" : "0"}`];
}
