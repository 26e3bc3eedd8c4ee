import type { Edit } from "../sql/edit.ts";
import { identifierName, tokenize } from "../sql/tokens.ts";
import { exchangeQuoted, replaceWord } from "./quoted-names.ts";
import { SourceText } from "./source-text.ts";

/** Whether another name was written, and not only a table put in front. */
function isExchange(edit: Edit, sentText: string): boolean {
  return lastName(edit.text) !== lastName(sentText.slice(edit.start, edit.end));
}

/** The server points at the first part of `table.column`; the edit is at a later one. */
export function editInName(
  sentText: string,
  offset: number,
  edits: readonly Edit[],
): Edit | undefined {
  const tokens = tokenize(sentText);
  let index = tokens.findIndex(({ start }) => start === offset);
  for (let part = tokens[index]; index >= 0 && part !== undefined; part = tokens[index]) {
    const { start, end } = part;
    const edit = edits.find((candidate) => candidate.kind === "name" && candidate.start === start);
    if (edit !== undefined) return edit;
    if (sentText[tokens[index + 1]?.start ?? end] !== ".") return undefined;
    index += 2;
  }
  return undefined;
}

/** At a column of ON CONFLICT the server points at the parenthesis: the message says which one. */
export function editInList(
  sentText: string,
  offset: number,
  edits: readonly Edit[],
  message: string,
): Edit | undefined {
  if (sentText[offset] !== "(") return undefined;
  const source = new SourceText(sentText);
  const close = source.token(source.closingParenthesis(source.indexAt(offset)));
  return edits.find((edit) => {
    const isInside = edit.start > offset && edit.end <= (close?.start ?? 0);
    return isInside && isNamedIn(message, edit);
  });
}

/** A column that a constraint has twice: the server points at the constraint. */
export function editOfConstraint(
  sqlstate: string | undefined,
  message: string,
  edits: readonly Edit[],
): Edit | undefined {
  if (sqlstate !== "42701" || !message.endsWith(" constraint")) return undefined;
  return edits.find((edit) => isNamedIn(message, edit));
}

/** Whether a message has the name that this edit wrote. */
function isNamedIn(message: string, edit: Edit): boolean {
  const name = edit.kind === "name" ? lastName(edit.text) : undefined;
  return name !== undefined && replaceName(message, name, "") !== message;
}

/** The exchange whose name a message says first: a column's before its table's. `tables` are those of tables. */
export function exchangeNamedIn(
  message: string,
  edits: readonly Edit[],
  sentText: string,
  tables: ReadonlyMap<string, string>,
): Edit | undefined {
  let first: Edit | undefined;
  let at = Number.POSITIVE_INFINITY;
  const isOfColumn = COLUMN_ALONE.test(message);
  const named = edits.filter(
    (edit) =>
      isNamedIn(message, edit) &&
      isExchange(edit, sentText) &&
      !(isOfColumn && tables.has(lastName(edit.text) ?? "")),
  );
  for (const edit of named) {
    const found = message.indexOf(lastName(edit.text) ?? "");
    if (found < at) [first, at] = [edit, found];
  }
  return first;
}

/** `column "a" specified more than once`. */
const COLUMN_ALONE = /^column "[^"]*"[^"]*$/;

/** A message with the names that constants had when they were sent: those of tables that the version does not know. */
export function undoConstants(message: string, edits: readonly Edit[]): string {
  const names = edits.flatMap(({ constant }) =>
    constant === undefined ? [] : [[constant.ran, constant.sent] as const],
  );
  return exchangeQuoted(message, new Map(names));
}

/** Puts the name that the client wrote in the place of the one that was sent: `table.column` in each of its parts. */
export function undoName(
  text: string,
  edit: Edit,
  edits: readonly Edit[],
  sentText: string,
): string {
  const next = edits.find(
    ({ kind, start }) => kind === "name" && start === edit.end + 1 && sentText[edit.end] === ".",
  );
  const undone = undoEdit(text, edit, sentText);
  return next === undefined ? undone : undoEdit(undone, next, sentText);
}

function undoEdit(text: string, edit: Edit, sentText: string): string {
  const written = lastName(sentText.slice(edit.start, edit.end));
  const ran = lastName(edit.text);
  if (written === undefined || ran === undefined) return text;
  // Its table may have the same name, in front of the dot.
  const isQualified = sentText[edit.start - 1] === "." && !text.includes('"');
  const dot = isQualified ? text.indexOf(`.${ran}`) + 1 : 0;
  return text.slice(0, dot) + replaceName(text.slice(dot), ran, written);
}

/** Where a message has quotation marks, names stand in them: `column "b" is a generated column`. */
function replaceName(text: string, from: string, to: string): string {
  if (!text.includes('"')) return replaceWord(text, from, to);
  return text.replaceAll(/"[^"]*"/g, (quoted) => replaceWord(quoted, from, to));
}

function lastName(sql: string): string | undefined {
  const token = tokenize(sql).at(-1);
  return token === undefined ? undefined : identifierName(sql, token);
}
