import { sharedNames } from "../../base/rename-chains.ts";
import type { Window } from "../../version/window.ts";

/** Something in the database that names what a window renames, and that no proxy sees. */
export interface BlindSpot {
  /** `breaks` at the rename; `unclear`: a person has to look; `follows` by itself. */
  readonly kind: "breaks" | "unclear" | "follows";
  /** As PostgreSQL describes it: `function f()`, `trigger t on table orders`. */
  readonly object: string;
  /** What about it, as the rest of a sentence that begins with the object. */
  readonly text: string;
}

/** Old and new names of all that the window renames: columns, and the table where it does. */
export function renamedNames(window: Window): readonly string[] {
  const tables = window.renameTable === undefined ? [] : [window.table, window.renameTable];
  return [...new Set([...tables, ...columnsOf(window)])];
}

export function columnsOf(window: Window): readonly string[] {
  return [...window.renameColumns].flat();
}

/**
 * Why a text that says one of these words is to be replaced: it fails after the rename, or it is about another
 * column then, which no error tells.
 */
export function breakageOf(window: Window, words: readonly string[]): string {
  const shared = sharedNames(window.renameColumns);
  const isSilent = words.some((word) => shared.has(word));
  return isSilent
    ? "means another column after the rename, without an error"
    : "breaks at the rename";
}

/**
 * The window's table by whichever name it has, with its partitions and heirs, theirs too: `family(oid)`. $1 is the
 * schema, $2 the table's names.
 */
export const FAMILY = `
  RECURSIVE family(oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = ANY ($2::pg_catalog.text[])
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN family ON i.inhparent = family.oid)`;
