/** A column, or without `column` the table itself, under a new name. */
export interface Rename {
  /** `orders`, `sales."Order"`. */
  readonly table: string;
  readonly column: string | undefined;
  readonly to: string;
}

/** The commands that open a window for it in the store, for a shell. `version` is the first that says the new name. */
export function openingCommands(rename: Rename, version: string): readonly string[] {
  const { table, column, to } = rename;
  const renames =
    column === undefined
      ? `--rename-table ${shellWord(to)}`
      : `--rename ${shellWord(`${column}=${to}`)}`;
  const ranges = `--old ${shellWord(`<${version}`)} --new ${shellWord(`>=${version}`)}`;
  return [
    `straddle window plan --table ${shellWord(table)} ${renames} ${ranges}`,
    windowCommand("open", table),
  ];
}

export function windowCommand(verb: "open" | "flip" | "close", table: string): string {
  return `straddle window ${verb} ${shellWord(table)}`;
}

/** As POSIX shells read it: quoted where it has more than letters, digits and `_.=`. */
function shellWord(text: string): string {
  return /^[\w.=]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
