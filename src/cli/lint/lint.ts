import { type AllowComment, allowComments } from "../../guard/allow-comments.ts";
import type { Facts } from "../../guard/facts.ts";
import type { GuardPolicy } from "../../guard/guard-policy.ts";
import { type Finding, type Grouping, judge } from "../../guard/judge.ts";
import type { MigrationText } from "./migration-script.ts";
import { type Position, positionAt } from "./position.ts";
import { blocksOf, readParts } from "./script-parts.ts";

/** What the guard has against a migration file. */
export interface LintedFile {
  readonly path: string;
  readonly text: string;
  readonly findings: readonly LintFinding[];
  /** Why it can't be judged, or not all of it. */
  readonly problems: readonly Problem[];
}

export interface LintFinding extends Finding {
  readonly start: Position;
  /** One past the statement's last token. */
  readonly end: Position;
  /** The statement's own place: UTF-16 indexes in the file. */
  readonly statementStart: number;
  readonly statementEnd: number;
  /** Of the file's parts, from 0. */
  readonly part: number;
  readonly isInBlock: boolean;
  /** Why a comment allows it; undefined for what is not allowed. */
  readonly allowed: string | undefined;
}

export interface Problem {
  readonly message: string;
  readonly position: Position;
}

export interface LintOptions {
  readonly facts: Facts;
  readonly policy: GuardPolicy;
  /** For files that no tool is known by. */
  readonly grouping: Grouping;
}

/** Pure; `loadParser` has to have been awaited. */
export function lintFile(file: MigrationText, options: LintOptions): LintedFile {
  const findings: LintFinding[] = [];
  const problems: Problem[] = [];
  const at = (offset: number) => positionAt(file.text, offset);
  readParts(file, options.grouping).forEach((part, index) => {
    if (part.kind === "problem") {
      problems.push({ message: part.message, position: at(part.offset) });
      return;
    }
    const { text, statements, grouping, restored } = part;
    const comments = allowComments(text, statements);
    const blocks = blocksOf(statements, grouping);
    problems.push(...problemsOf(comments, at));
    for (const finding of judge({ text, statements, grouping }, options.facts, options.policy)) {
      const { start = 0, end = 0 } = statements[finding.statement] ?? {};
      findings.push({
        ...withWords(finding, restored),
        start: at(finding.offset),
        end: at(end),
        statementStart: start,
        statementEnd: end,
        part: index,
        isInBlock: blocks[finding.statement] === true,
        allowed: reasonFor(finding, comments),
      });
    }
  });
  return { path: file.path, text: file.text, findings, problems };
}

function problemsOf(
  comments: readonly AllowComment[],
  at: (offset: number) => Position,
): readonly Problem[] {
  return comments.flatMap(({ allowance, statement, offset }) => {
    const position = at(offset);
    if (allowance.kind === "error") return [{ message: allowance.message, position }];
    if (statement !== undefined) return [];
    return [{ message: "straddle:allow: no statement comes after it", position }];
  });
}

function reasonFor(finding: Finding, comments: readonly AllowComment[]): string | undefined {
  for (const { allowance, statement } of comments) {
    if (allowance.kind === "error" || statement !== finding.statement) continue;
    if (allowance.rules.includes(finding.rule)) return allowance.reason;
  }
  return undefined;
}

function withWords(finding: Finding, restored: (made: string) => string): Finding {
  return {
    ...finding,
    message: restored(finding.message),
    detail: restored(finding.detail),
    hint: restored(finding.hint),
    safeSql: finding.safeSql?.map(restored),
  };
}
