import { tokenize } from "../../sql/tokens.ts";
import type { Subject } from "../rule.ts";

/** The statement with a word put after the first occurrence of another: CONCURRENTLY after INDEX. */
export function withWordAfter(subject: Subject, word: string, added: string): string | undefined {
  const { statement, text } = subject;
  const token = tokenize(text).find(
    ({ start, end }) =>
      start >= statement.start &&
      end <= statement.end &&
      text.slice(start, end).toUpperCase() === word,
  );
  if (token === undefined) return undefined;
  return `${text.slice(statement.start, token.end)} ${added}${text.slice(token.end, statement.end)}`;
}
