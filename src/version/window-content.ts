import type { Window } from "./window.ts";

/**
 * What the windows of a table say, as one text: two instances that have the same text mean the same by
 * each name. Undefined where the table has none. The day that a window is to be warned at is no matter.
 */
export function windowContent(
  windows: readonly Window[],
  table: { readonly schema: string; readonly table: string },
): string | undefined {
  const contents = windows
    .filter((window) => window.schema === table.schema && window.table === table.table)
    .map((window) =>
      JSON.stringify([
        window.schema,
        window.table,
        window.renameTable ?? null,
        [...window.renameColumns].sort(([left], [right]) => (left < right ? -1 : 1)),
        window.old,
        window.new,
        window.app ?? null,
      ]),
    );
  return contents.length === 0 ? undefined : [...new Set(contents)].sort().join("\n");
}
