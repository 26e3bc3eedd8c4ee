import { quoteIdentifier } from "../sql/tokens.ts";
import type { Answers } from "./answers.ts";
import { replaceWord } from "./quoted-names.ts";

/**
 * Turns back the names that the server writes without quotation marks, or beside values. Only sentences
 * that match exactly: in another language they stay as they are, rather than that a value is changed.
 */
export function turnBackContext(context: string, answers: Answers): string {
  const copied = COPY_CONTEXT.exec(context);
  if (copied !== null) {
    const [whole, before = "", line = "", rest = ""] = copied;
    for (const { physical, logical, columns } of answers.relations) {
      if (!rest.startsWith(`${physical}, line ${line}`)) continue;
      const end = physical.length + `, line ${line}`.length;
      const after = turnBackColumn(rest.slice(end), columns);
      return `${before}COPY ${logical}, line ${line}${after}`;
    }
    return whole;
  }
  return context.replace(TUPLE_CONTEXT, (_, start: string, name: string, end: string) => {
    return `${start}${answers.tables.get(name) ?? name}${end}`;
  });
}

/** A message that is no error about a name, but says one. */
export function turnBackSentence(message: string, answers: Answers): string {
  const skipped = SKIPPED_ROW.exec(message);
  if (skipped !== null) {
    const [, before = "", name = "", after = ""] = skipped;
    return `${before}${answers.columns.get(name) ?? name}${after}`;
  }
  return message.replace(
    DENIED,
    (_, start: string, name: string) => `${start}${answers.tables.get(name) ?? name}`,
  );
}

/** A table's row as a type, which the server says as SQL does: in quotation marks only if it has to be. */
export function turnBackRowTypes(message: string, answers: Answers): string {
  let result = message;
  for (const [physical, logical] of answers.tables) {
    const [from, to] = [quoteIdentifier(physical), quoteIdentifier(logical)];
    result =
      result.startsWith(NO_OPERATOR) || NO_COMMON_TYPE.test(result)
        ? replaceType(result, from, to)
        : replaceWord(result, `type ${from}`, `type ${to}`);
  }
  return result;
}

/** The message of 42883 about an operator, in English. */
export const NO_OPERATOR = "operator does not exist: ";

/** `select_common_type`: `UNION types integer and orders cannot be matched`, `CASE/WHEN could not convert type orders to person`. */
const NO_COMMON_TYPE =
  /^[A-Z]+(?:[ /][A-Z]+)? (?:types \S[\s\S]* and \S[\s\S]* cannot be matched|could not convert type \S[\s\S]* to \S[\s\S]*)$/;

/** In a message that names types and an operator, which never has a blank in it. */
function replaceType(message: string, from: string, to: string): string {
  if (from.startsWith('"')) return replaceWord(message, from, to);
  return message
    .split(" ")
    .map((word) => {
      const qualified = word.endsWith(`.${from}`) ? word.slice(0, -from.length) : undefined;
      if (word === from) return to;
      return qualified === undefined ? word : `${qualified}${to}`;
    })
    .join(" ");
}

/** `CopyFromErrorCallback`: below triggers, if any, and with the row's text at its end. */
const COPY_CONTEXT = /^((?:PL\/pgSQL function [^\n]*\n)*)COPY (?=[\s\S]*?, line (\d+))([\s\S]*)$/;

const TUPLE_CONTEXT = /^(while [a-z ]+ tuple \(\d+,\d+\) in relation ")([^"\n]+)("(?:\n|$))/;

const SKIPPED_ROW =
  /^(skipping row due to data type incompatibility at line \d+ for column ")([^"]+)(": [\s\S]*)$/;

const DENIED =
  /^((?:permission denied for|must be owner of) (?:table|view|materialized view|foreign table) )([\s\S]+)$/;

/** `, column name: "value"`, `, column name: null input` or `, column name`. */
function turnBackColumn(text: string, columns: ReadonlyMap<string, string>): string {
  const start = ", column ";
  if (!text.startsWith(start)) return text;
  for (const [physical, logical] of columns) {
    const after = text.slice(start.length + physical.length);
    const isName = text.startsWith(physical, start.length);
    if (isName && (after === "" || after.startsWith(': "') || after === ": null input")) {
      return `${start}${logical}${after}`;
    }
  }
  return text;
}
