import type { ParsedStatement } from "../sql/parse.ts";
import { tokenize } from "../sql/tokens.ts";
import { type Allowance, allowancesIn } from "./allowance.ts";

/** What a comment allows, and which statement it is about; undefined for one that is about none. */
export interface AllowComment {
  readonly allowance: Allowance;
  /** Of the text's statements, from 0. */
  readonly statement: number | undefined;
  readonly offset: number;
}

/**
 * The allowances in a text's comments. One is about the statement that it stands in, or behind on the
 * same line, or else about the next one.
 */
export function allowComments(
  text: string,
  statements: readonly ParsedStatement[],
): readonly AllowComment[] {
  const found: AllowComment[] = [];
  let gapStart = 0;
  for (const { start, end } of [...tokenize(text), { start: text.length, end: text.length }]) {
    for (const { index, allowance } of allowancesIn(text.slice(gapStart, start))) {
      const offset = gapStart + index;
      found.push({ allowance, offset, statement: statementOf(text, offset, statements) });
    }
    gapStart = end;
  }
  return found;
}

function statementOf(
  text: string,
  offset: number,
  statements: readonly ParsedStatement[],
): number | undefined {
  const next = statements.findIndex(({ end }) => end > offset);
  const before = next === -1 ? statements.length - 1 : next - 1;
  const isWithin = (statements[next]?.start ?? Number.POSITIVE_INFINITY) < offset;
  const endBefore = statements[before]?.end;
  const isBehind = endBefore !== undefined && !text.slice(endBefore, offset).includes("\n");
  if (isBehind && !isWithin) return before;
  return next === -1 ? undefined : next;
}
