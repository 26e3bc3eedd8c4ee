import { type Token, tokenFrom } from "../../sql/tokens.ts";
import { blanked, type Range } from "./blanked.ts";

/** A file for psql with blanks for what the server never sees: meta-commands, and rows for COPY FROM stdin. */
export function withoutPsql(text: string): string {
  const ranges: Range[] = [];
  let statement: Token[] = []; // So far.
  let token = tokenFrom(text, 0);
  while (token !== undefined) {
    let next = token.end;
    const word = text.slice(token.start, token.end);
    if (word === "\\") {
      next = lineEnd(text, token.start);
      ranges.push({ start: token.start, end: next });
    } else if (word === ";") {
      if (isCopyFromStdin(statement, text)) {
        const rows = { start: lineEnd(text, token.end), end: rowsEnd(text, token.end) };
        ranges.push(rows);
        next = rows.end;
      }
      statement = [];
    } else {
      statement.push(token);
    }
    token = tokenFrom(text, next);
  }
  return blanked(text, ranges);
}

function isCopyFromStdin(tokens: readonly Token[], text: string): boolean {
  const words = tokens.map(({ start, end }) => text.slice(start, end).toUpperCase());
  return (
    words[0] === "COPY" && words.some((word, at) => word === "STDIN" && words[at - 1] === "FROM")
  );
}

/** One past the line `\.`, or the text's end. */
function rowsEnd(text: string, from: number): number {
  const end = /^\\\.[ \t]*\r?$/m.exec(text.slice(from));
  return end === null ? text.length : from + end.index + end[0].length;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}
