/** A table as a text names it; `schema` is "" where the text has none. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** A table or a column that a text uses, as far as the text alone tells. */
export interface NameUse {
  /** Whose it is. Several where a bare column's name can be that of more than one table. */
  readonly tables: readonly TableName[];
  /** Undefined for the table as such, or for all of its columns. */
  readonly column: string | undefined;
  /** `*`, a whole row, an INSERT or a COPY without a list of columns. */
  readonly isWholeRow: boolean;
}

/**
 * What a statement may use beyond the names in it. `text`: it was not read at all. `body`: it runs a text
 * that is made when it runs, or one that stands elsewhere.
 */
export type HiddenNames = "text" | "body";

export interface UsedNames {
  readonly uses: readonly NameUse[];
  readonly hidden: HiddenNames | undefined;
}

/** Of a statement that was not read. */
export const UNREAD_NAMES: UsedNames = { uses: [], hidden: "text" };
