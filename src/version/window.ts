/** An open period in which a column or a table has two valid names, one for each range of versions. */
export interface Window {
  readonly schema: string;
  /** The table's name in the `old` range. Also its name in the `new` range unless `renameTable`. */
  readonly table: string;
  /** The table's name in the `new` range, when the table itself is renamed. */
  readonly renameTable: string | undefined;
  /** Names that other windows give the same table, where there are any. */
  readonly otherTables?: readonly string[];
  /** Old column name to new column name. */
  readonly renameColumns: ReadonlyMap<string, string>;
  /** Semver ranges; they never overlap. */
  readonly old: string;
  readonly new: string;
  /** Only this application's versions are meant; all applications when undefined. */
  readonly app: string | undefined;
  /** A day (YYYY-MM-DD) to warn at, never an automatic end. */
  readonly closes: string | undefined;
}

/** Every name that the window's table can have now, its first one first. */
export function tableNamesOf(window: Window): readonly string[] {
  const { table, renameTable = table, otherTables = [] } = window;
  return [...new Set([table, renameTable, ...otherTables])];
}
