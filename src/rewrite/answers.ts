import { type Edit, originalOffset } from "../sql/edit.ts";
import { identifierName, tokenize } from "../sql/tokens.ts";
import { columnsAt, turnBackAssignedTwice } from "./assigned-columns.ts";
import {
  NO_OPERATOR,
  turnBackContext,
  turnBackRowTypes,
  turnBackSentence,
} from "./error-context.ts";
import {
  editInList,
  editInName,
  editOfConstraint,
  exchangeNamedIn,
  undoConstants,
  undoName,
} from "./named-edit.ts";
import { exchangeIdentifiers, exchangeQuoted, QUOTED, replaceWord } from "./quoted-names.ts";

/** What is needed to turn the server's answers to a rewritten statement back into the client's names. */
export interface Answers {
  /** Physical to logical column name of the tables that are written to, where they agree on it. */
  readonly columns: ReadonlyMap<string, string>;
  /** Physical to logical table name, where all tables of the statement agree on it. */
  readonly tables: ReadonlyMap<string, string>;
  /** Fields of a RowDescription to rename: those of `RETURNING *`. */
  readonly renameFields: readonly FieldRename[];
  readonly relations: readonly AnsweredRelation[];
  /** What the statement calls the tables that it writes to: their columns are physical to the server. */
  readonly targets: readonly {
    readonly name: string;
    readonly columns: ReadonlyMap<string, string>;
  }[];
  /** Where there are several: which tokens each of them has, from its first to its last, and its own columns. */
  readonly writes: readonly AnsweredWrite[];
  /** Columns that are assigned to more than once, in the server's order. */
  readonly assignedTwice: readonly { readonly physical: string; readonly logical: string }[];
}

export interface FieldRename {
  readonly tableOid: number;
  readonly attnum: number;
  readonly from: string;
  readonly to: string;
}

export interface AnsweredWrite {
  readonly first: number;
  readonly last: number;
  readonly columns: ReadonlyMap<string, string>;
}

export interface AnsweredRelation {
  readonly schema: string;
  readonly physical: string;
  readonly logical: string;
  readonly columns: ReadonlyMap<string, string>;
}

/** Fields of an ErrorResponse or NoticeResponse by their code letter. */
export type ErrorFields = ReadonlyMap<string, string>;

/** Turns an error or notice about the text that ran into one about the text that was sent. */
export function turnBackError(
  fields: ErrorFields,
  input: { sentText: string; ranText: string; edits: readonly Edit[]; answers: Answers },
): Map<string, string> {
  const { answers, edits, sentText, ranText } = input;
  const result = new Map(fields);
  const position = fields.get("P");
  let edit: Edit | undefined;
  let columnsThere: ReadonlyMap<string, string> | undefined;
  if (position !== undefined) {
    const original = originalOffset(edits, indexOfCharacter(ranText, Number(position)));
    edit =
      original.edit ??
      editInName(sentText, original.offset, edits) ??
      editInList(sentText, original.offset, edits, fields.get("M") ?? "") ??
      editOfConstraint(fields.get("C"), fields.get("M") ?? "", edits);
    columnsThere = columnsAt(sentText, original.offset, answers.writes);
    result.set("P", String(characterAt(sentText, original.offset)));
  } else if (WRITTEN_NAME_ERRORS.has(fields.get("C") ?? "") && !isOfJoin(fields)) {
    edit = exchangeNamedIn(fields.get("M") ?? "", edits, sentText, answers.tables);
  }

  if (edit?.failure !== undefined && fields.get("C") === "42703") {
    result.set("C", edit.failure.sqlstate).set("M", edit.failure.message).delete("H");
    return result;
  }
  exchangeField(result, "W", (text) => turnBackContext(text, answers));
  // A text of RAISE is its author's, whatever stands in it.
  if (fields.get("R") === "exec_stmt_raise") return result;

  const relation = answers.relations.find(
    ({ schema, physical }) => schema === fields.get("s") && physical === fields.get("t"),
  );
  // Another table's error: its columns are called as they are.
  const columns = fields.has("t")
    ? (relation?.columns ?? NO_NAMES)
    : (columnsThere ?? answers.columns);
  if (relation !== undefined) {
    result.set("t", relation.logical);
    exchangeField(result, "c", (name) => columns.get(name) ?? name);
  }

  const sqlstate = fields.get("C") ?? "";
  exchangeField(result, "M", (text) => turnBackSentence(text, answers));
  if (!NAMING_ERRORS.test(sqlstate)) return result;
  if (sqlstate === "42P01" || sqlstate === "42703") {
    const there = edit === undefined ? [] : [edit];
    const constants = position === undefined ? edits : there;
    exchangeField(result, "M", (text) => undoConstants(text, constants));
  }
  if (sqlstate.startsWith("23")) {
    // Only this one is about a column: other violations name a constraint, which is called as it is.
    const named = sqlstate === "23502" ? columns : NO_NAMES;
    exchangeField(result, "M", (text) =>
      exchangeQuoted(exchangeQuoted(text, named), answers.tables),
    );
    const ofKey = sqlstate === "23503" ? referencedColumns(fields, columns, answers) : columns;
    exchangeField(result, "D", (text) => turnBackKey(text, fields, { columns: ofKey, answers }));
    return result;
  }

  exchangeField(result, "M", (text) => turnBackRowTypes(text, answers));
  // What the server points at has the client's name.
  const written = position === undefined ? "" : nameAt(sentText, Number(result.get("P")));
  const isAboutWrittenName = WRITTEN_NAME_ERRORS.has(sqlstate);
  // At a value, about the column that it is for.
  const isAboutValue = sqlstate === "42804";
  exchangeField(result, "M", (text) => {
    // The types of its sentence are turned back already, and look like names in quotation marks.
    if (isOfAlias(sqlstate, text) || isOfField(sqlstate, text)) return text;
    if (text.startsWith(NO_OPERATOR)) return text;
    if (sqlstate === "42601" && position === undefined) return turnBackAssignedTwice(text, answers);
    const undone =
      edit?.kind === "name" && !isAboutValue ? undoName(text, edit, edits, sentText) : text;
    // The name in the message is one that the client wrote, or one of an alias list: logical already.
    // Where there are two, the other one is the written table's, which is physical.
    if (isAboutWrittenName || (edit?.kind === "name" && !isAboutValue)) {
      const isWithTable = (undone.match(QUOTED)?.length ?? 0) > 1;
      return isWithTable ? exchangeQuoted(undone, answers.tables) : undone;
    }
    const kept = isAboutValue ? undefined : written;
    return exchangeQuoted(exchangeQuoted(text, columns, kept), answers.tables, kept);
  });
  exchangeField(result, "D", (text) =>
    isAboutWrittenName && answers.targets.length === 0
      ? text
      : exchangeQuoted(exchangeQuoted(text, columns), answers.tables),
  );
  exchangeField(result, "H", (text) => exchangeQualified(text, answers));
  return result;
}

/**
 * Errors whose texts name tables and columns: what stands in quotation marks in others is a value
 * (`invalid input syntax for type integer: "customer_id"`). 22P04 is about COPY's columns.
 */
const NAMING_ERRORS = /^(?:0A|22P04|23|2B|42|44|55)/;

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** undefined_column, ambiguous_column, undefined_table, duplicate_column, ...: about a name in the text. */
const WRITTEN_NAME_ERRORS: ReadonlySet<string> = new Set([
  "42601",
  "42701",
  "42702",
  "42703",
  "42704",
  "42712",
  "42803",
  "42883",
  "42P01",
  "42P10",
  "42P16",
  "42P19",
]);

/** invalid_column_reference, duplicate_alias, ambiguous_alias: what they name is an alias, which stays as it is; but for COPY's options. */
function isOfAlias(sqlstate: string, message: string): boolean {
  if (sqlstate === "42P10") return !message.includes("FORCE_");
  return sqlstate === "42712" || sqlstate === "42P09";
}

/** `column notation .a applied to type integer`: a field of a row, which stays as it is. */
function isOfField(sqlstate: string, message: string): boolean {
  return sqlstate === "42809" && message.match(QUOTED) === null;
}

/** Without a position: about columns of USING or NATURAL, or an alias, which all have the client's names. */
function isOfJoin(fields: ErrorFields): boolean {
  const sqlstate = fields.get("C") ?? "";
  const message = fields.get("M") ?? "";
  if (sqlstate === "42703") return message.includes(" USING ");
  return sqlstate === "42702" || isOfAlias(sqlstate, message);
}

function exchangeField(
  fields: Map<string, string>,
  code: string,
  exchange: (text: string) => string,
): void {
  const text = fields.get(code);
  if (text !== undefined) fields.set(code, exchange(text));
}

function nameAt(text: string, position: number): string | undefined {
  const offset = indexOfCharacter(text, position);
  const token = tokenize(text).find(({ start }) => start === offset);
  return token === undefined ? undefined : identifierName(text, token);
}

/**
 * `Key (a, b)=(1, 2) is not present in table "t".`: the names and the table, never the values. A row
 * that fails (`Failing row contains (1, 2).`) is nothing but values.
 */
function turnBackKey(
  text: string,
  fields: ErrorFields,
  names: { columns: ReadonlyMap<string, string>; answers: Answers },
): string {
  const isOfPartition = fields.get("C") === "23514" && !fields.has("n");
  const isOfKey = KEY_ERRORS.has(fields.get("C") ?? "");
  if (!isOfPartition && !isOfKey) return text;
  const middle = isOfPartition ? ") = (" : ")=(";
  const start = text.indexOf("(") + 1;
  const end = text.indexOf(middle);
  if (start === 0 || end < start) return text;
  const written = text.slice(start, end);
  // A foreign key's names are as the catalog has them, all others are SQL.
  const exchanged =
    fields.get("C") === "23503"
      ? written.split(", ").map((name) => names.columns.get(name) ?? name)
      : [exchangeIdentifiers(written, names.columns)];
  const last = text.lastIndexOf(")") + 1;
  let values = text.slice(end, last);
  // `conflicts with existing key (a, b)=(3, 4)`: the same names again.
  const again = values.split(`(${written})=(`);
  if (again.length === 2) values = again.join(`(${exchanged.join(", ")})=(`);
  const table = exchangeQuoted(text.slice(last), names.answers.tables);
  return text.slice(0, start) + exchanged.join(", ") + values + table;
}

/** The key of a row that is still referenced is one of the table that M names first, not of the one in `t`. */
function referencedColumns(
  fields: ErrorFields,
  columns: ReadonlyMap<string, string>,
  answers: Answers,
): ReadonlyMap<string, string> {
  const [first = ""] = (fields.get("M") ?? "").match(QUOTED) ?? [];
  const name = first.replace(QUOTED, "$2");
  if (name === fields.get("t")) return columns;
  return answers.relations.find(({ physical }) => physical === name)?.columns ?? NO_NAMES;
}

const KEY_ERRORS: ReadonlySet<string> = new Set(["23503", "23505", "23P01"]);

/** A hint names columns with their table. Only those of written tables are physical. */
function exchangeQualified(text: string, answers: Answers): string {
  let result = text;
  for (const { name, columns } of answers.targets) {
    for (const [physical, logical] of columns) {
      result = replaceWord(result, `${name}.${physical}`, `${name}.${logical}`);
    }
  }
  return result;
}

/** `P` counts characters from 1; an offset is a UTF-16 index. */
function indexOfCharacter(text: string, position: number): number {
  let index = 0;
  for (let count = 1; count < position && index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

function characterAt(text: string, offset: number): number {
  let count = 1;
  for (let index = 0; index < offset && index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}
