/**
 * What the ledger keeps a line for, under a version's own names. `version`: any statement. `hidden`: a
 * statement whose text does not tell all that it uses. `row`: all columns of a table.
 */
export type LedgerPart = "version" | "hidden" | "table" | "row" | "column";

export interface LedgerName {
  readonly part: LedgerPart;
  /** "" where the session's search_path is not known: a table of this name in any schema. */
  readonly schema: string;
  /** "" for `version` and `hidden`. */
  readonly table: string;
  /** "" for all but `column`. */
  readonly column: string;
}

export const VERSION_NAME: LedgerName = { part: "version", schema: "", table: "", column: "" };
export const HIDDEN_NAME: LedgerName = { part: "hidden", schema: "", table: "", column: "" };

// A name can hold any character but NUL, so NUL separates without ambiguity.
export function nameKey({ part, schema, table, column }: LedgerName): string {
  return `${part}\0${schema}\0${table}\0${column}`;
}
