import type { ErrorFields } from "./error-fields.ts";
import { QUOTED } from "./quoted-names.ts";

/**
 * Errors whose texts name tables and columns: what stands in quotation marks in others is a value
 * (`invalid input syntax for type integer: "customer_id"`). 22P04 is about COPY's columns.
 */
export const NAMING_ERRORS = /^(?:0A|22P04|23|2B|42|44|55)/;

/** undefined_column, ambiguous_column, undefined_table, duplicate_column, ...: about a name in the text. */
export const WRITTEN_NAME_ERRORS: ReadonlySet<string> = new Set([
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

/** invalid_column_reference, duplicate_alias, ambiguous_alias: what they name is an alias, which stays as it is; but for COPY's options and `ON DELETE SET NULL (a)`. */
export function isOfAlias(sqlstate: string, message: string): boolean {
  if (sqlstate === "42P10") return !/FORCE_|ON DELETE SET/.test(message);
  return sqlstate === "42712" || sqlstate === "42P09";
}

/** `column notation .a applied to type integer`: a field of a row, which stays as it is. */
export function isOfField(sqlstate: string, message: string): boolean {
  return sqlstate === "42809" && message.match(QUOTED) === null;
}

/** Without a position: about columns of USING or NATURAL, or an alias, which all have the client's names. */
export function isOfJoin(fields: ErrorFields): boolean {
  const sqlstate = fields.get("C") ?? "";
  const message = fields.get("M") ?? "";
  if (sqlstate === "42703") return message.includes(" USING ");
  return sqlstate === "42702" || isOfAlias(sqlstate, message);
}
