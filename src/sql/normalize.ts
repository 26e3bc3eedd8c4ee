import { type Token, tokenize } from "./tokens.ts";

/**
 * The text with its constants replaced by `$n` (counted on from its own parameters), blanks
 * collapsed and comments left out: what may be shown and counted without showing data.
 */
export function normalizeSql(text: string): string {
  const tokens = tokenize(text);
  let parameter = highestParameter(text, tokens);
  let normalized = "";
  let done = tokens[0]?.start ?? 0;
  for (const token of tokens) {
    if (token.start > done) normalized += " ";
    const isConstant = token.kind === "string" || token.kind === "number";
    normalized += isConstant ? `$${++parameter}` : text.slice(token.start, token.end);
    done = token.end;
  }
  return normalized;
}

function highestParameter(text: string, tokens: readonly Token[]): number {
  let highest = 0;
  for (const { kind, start, end } of tokens) {
    if (kind === "parameter") highest = Math.max(highest, Number(text.slice(start + 1, end)));
  }
  return highest;
}
