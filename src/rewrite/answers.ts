import { characterAt, indexOfCharacter } from "../sql/character.ts";
import { type Edit, originalOffset } from "../sql/edit.ts";
import { identifierName, tokenize } from "../sql/tokens.ts";
import { columnsAt, turnBackAssignedTwice } from "./assigned-columns.ts";
import {
  NO_OPERATOR,
  turnBackContext,
  turnBackRowTypes,
  turnBackSentence,
} from "./error-context.ts";
import { type ErrorFields, exchangeField } from "./error-fields.ts";
import {
  isOfAlias,
  isOfField,
  isOfJoin,
  NAMING_ERRORS,
  WRITTEN_NAME_ERRORS,
} from "./error-kinds.ts";
import {
  editInList,
  editInName,
  editOfConstraint,
  exchangeNamedIn,
  undoConstants,
  undoName,
} from "./named-edit.ts";
import { exchangeQuoted, NO_NAMES, QUOTED, replaceWord } from "./quoted-names.ts";
import { turnBackViolation } from "./violation.ts";

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

/** A statement that ran in place of the one that was sent. */
export interface RanStatement {
  readonly sentText: string;
  readonly ranText: string;
  readonly edits: readonly Edit[];
  readonly answers: Answers;
}

/** Turns an error or notice about the text that ran into one about the text that was sent. */
export function turnBackError(fields: ErrorFields, ran: RanStatement): Map<string, string> {
  const { answers } = ran;
  const sqlstate = fields.get("C") ?? "";
  const result = new Map(fields);
  const spot = findSpot(fields, ran);
  if (spot.position !== undefined) result.set("P", String(spot.position));
  if (spot.edit?.failure !== undefined && sqlstate === "42703") {
    result.set("C", spot.edit.failure.sqlstate).set("M", spot.edit.failure.message).delete("H");
    return result;
  }
  exchangeField(result, "W", (text) => turnBackContext(text, answers));
  // A text of RAISE is its author's, whatever stands in it.
  if (fields.get("R") === "exec_stmt_raise") return result;

  const columns = turnBackTable(result, spot.columns ?? answers.columns, answers);
  exchangeField(result, "M", (text) => turnBackSentence(text, answers));
  if (sqlstate === "00000") exchangeField(result, "M", (text) => turnBackSkipped(text, ran));
  if (!NAMING_ERRORS.test(sqlstate)) return result;
  if (CONSTANT_ERRORS.has(sqlstate)) {
    const there = spot.edit === undefined ? [] : [spot.edit];
    const constants = spot.position === undefined ? ran.edits : there;
    exchangeField(result, "M", (text) => undoConstants(text, constants));
  }
  if (sqlstate.startsWith("23")) turnBackViolation(result, { fields, columns, answers });
  else turnBackNames(result, { ran, spot, columns });
  return result;
}

/** What IF EXISTS says of a name that the version does not know, and that another one stands for. */
function turnBackSkipped(text: string, { edits, sentText, answers }: RanStatement): string {
  // `constraint "a" of relation "b" does not exist, skipping`
  const [, before, table] = /^(\w+ "[^"]+" of relation )(".+, skipping)$/.exec(text) ?? [];
  if (before !== undefined && table !== undefined) {
    const own = before.startsWith("column ") ? exchangeQuoted(before, answers.columns) : before;
    return own + exchangeQuoted(table, answers.tables);
  }
  if (!/^\w+ "[^"]+" does not exist, skipping$/.test(text)) return text;
  const edit = exchangeNamedIn(text, edits, sentText, answers.tables);
  return edit === undefined ? text : undoName(text, edit, edits, sentText);
}

/** undefined_column, undefined_object, undefined_table: a constant can have the name. */
const CONSTANT_ERRORS: ReadonlySet<string> = new Set(["42703", "42704", "42P01"]);

/** What an error is about. */
interface Spot {
  /** In the text that was sent, in characters from 1; undefined if the server points at none. */
  readonly position: number | undefined;
  readonly edit: Edit | undefined;
  /** The columns of the one of several writes that it is in. */
  readonly columns: ReadonlyMap<string, string> | undefined;
}

interface About {
  readonly ran: RanStatement;
  readonly spot: Spot;
  /** The columns of the table that the error is about. */
  readonly columns: ReadonlyMap<string, string>;
}

function findSpot(fields: ErrorFields, { answers, edits, sentText, ranText }: RanStatement): Spot {
  const sqlstate = fields.get("C") ?? "";
  const message = fields.get("M") ?? "";
  const position = fields.get("P");
  if (position === undefined) {
    const isNamed = WRITTEN_NAME_ERRORS.has(sqlstate) && !isOfJoin(fields);
    const edit = isNamed ? exchangeNamedIn(message, edits, sentText, answers.tables) : undefined;
    return { position: undefined, edit, columns: undefined };
  }
  const { offset, edit } = originalOffset(edits, indexOfCharacter(ranText, Number(position)));
  return {
    position: characterAt(sentText, offset),
    edit:
      edit ??
      editInName(sentText, offset, edits) ??
      editInList(sentText, offset, edits, message) ??
      editOfConstraint(sqlstate, message, edits),
    columns: columnsAt(sentText, offset, answers.writes),
  };
}

/** Turns back the fields that name a table and its column, and gives the columns of the table that it is about. */
function turnBackTable(
  fields: Map<string, string>,
  columnsThere: ReadonlyMap<string, string>,
  answers: Answers,
): ReadonlyMap<string, string> {
  if (!fields.has("t")) return columnsThere;
  const relation = answers.relations.find(
    ({ schema, physical }) => schema === fields.get("s") && physical === fields.get("t"),
  );
  // Another table's error: its columns are called as they are.
  if (relation === undefined) return NO_NAMES;
  fields.set("t", relation.logical);
  exchangeField(fields, "c", (name) => relation.columns.get(name) ?? name);
  return relation.columns;
}

/** Turns back the sentences of an error about names. */
function turnBackNames(fields: Map<string, string>, about: About): void {
  const { columns } = about;
  const { answers } = about.ran;
  const sqlstate = fields.get("C") ?? "";
  exchangeField(fields, "M", (text) => turnBackRowTypes(text, answers));
  exchangeField(fields, "M", (text) => turnBackMessage(text, sqlstate, about));
  exchangeField(fields, "D", (text) =>
    WRITTEN_NAME_ERRORS.has(sqlstate) && answers.targets.length === 0
      ? text
      : exchangeQuoted(exchangeQuoted(text, columns), answers.tables),
  );
  exchangeField(fields, "H", (text) => exchangeQualified(text, answers));
}

function turnBackMessage(text: string, sqlstate: string, about: About): string {
  const { edits, sentText, answers } = about.ran;
  const { position, edit } = about.spot;
  // The types of its sentence are turned back already, and look like names in quotation marks.
  if (isOfAlias(sqlstate, text) || isOfField(sqlstate, text)) return text;
  if (text.startsWith(NO_OPERATOR)) return text;
  if (sqlstate === "42601" && position === undefined) return turnBackAssignedTwice(text, answers);
  // At a value, about the column that it is for.
  const isAboutValue = sqlstate === "42804";
  const isExchanged = edit?.kind === "name" && !isAboutValue;
  // The name in the message is one that the client wrote, or one of an alias list: logical already.
  // Where there are two, the other one is the written table's, which is physical.
  if (isExchanged || WRITTEN_NAME_ERRORS.has(sqlstate)) {
    const undone = isExchanged ? undoName(text, edit, edits, sentText) : text;
    const isWithTable = (undone.match(QUOTED)?.length ?? 0) > 1;
    return isWithTable ? exchangeQuoted(undone, answers.tables) : undone;
  }
  // What the server points at has the client's name.
  const written = position === undefined ? "" : nameAt(sentText, position);
  const kept = isAboutValue ? undefined : written;
  return exchangeQuoted(exchangeQuoted(text, about.columns, kept), answers.tables, kept);
}

function nameAt(text: string, position: number): string | undefined {
  const offset = indexOfCharacter(text, position);
  const token = tokenize(text).find(({ start }) => start === offset);
  return token === undefined ? undefined : identifierName(text, token);
}

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
