import { tokenize } from "../sql/tokens.ts";
import type { AnsweredWrite, Answers } from "./answers.ts";
import { exchangeQuoted, QUOTED } from "./quoted-names.ts";

/**
 * Physical to logical column name of the table that is written to where an error points: of several writes
 * in a statement, by the innermost one. Undefined where it is not certain.
 */
export function columnsAt(
  sentText: string,
  offset: number,
  writes: readonly AnsweredWrite[],
): ReadonlyMap<string, string> | undefined {
  if (writes.length === 0) return undefined;
  const index = tokenize(sentText).findIndex(({ end }) => end > offset);
  const size = ({ first, last }: AnsweredWrite) => last - first;
  const [innermost] = writes
    .filter(({ first, last }) => first <= index && index <= last)
    .sort((a, b) => size(a) - size(b));
  return innermost?.columns;
}

/** `multiple assignments to same column "a"`, which points nowhere: of the first write that has that name twice. */
export function turnBackAssignedTwice(message: string, answers: Answers): string {
  const name = (message.match(QUOTED) ?? [""])[0].replace(QUOTED, "$2");
  const first = answers.assignedTwice.find(({ physical }) => physical === name);
  return first === undefined ? message : exchangeQuoted(message, new Map([[name, first.logical]]));
}
