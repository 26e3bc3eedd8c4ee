/** A part of a text: from `start` to one before `end`, as UTF-16 indexes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The text with blanks in the place of these ranges, which are in order: all else stays where it is. */
export function blanked(text: string, ranges: readonly Range[]): string {
  let result = "";
  let done = 0;
  for (const { start, end } of ranges) {
    result += text.slice(done, start) + text.slice(start, end).replaceAll(/[^\r\n]/g, " ");
    done = end;
  }
  return result + text.slice(done);
}

/** The text with blanks everywhere but in these ranges. */
export function blankedBut(text: string, ranges: readonly Range[]): string {
  const others: Range[] = [];
  let done = 0;
  for (const { start, end } of ranges) {
    others.push({ start: done, end: start });
    done = end;
  }
  return blanked(text, [...others, { start: done, end: text.length }]);
}
