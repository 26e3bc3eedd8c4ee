import type { UsedNames } from "./name-use.ts";

/** What observers need to know of a statement: the same for all texts that differ in literals only. */
export interface StatementShape {
  /** The command in capitals: `SELECT`, `INSERT`, `ALTER TABLE`, `BEGIN`, ... `UNKNOWN` if unparsable. */
  readonly verb: string;
  /** The text with literals replaced by `$n` and comments left out. */
  readonly normalized: string;
  /** libpg_query's fingerprint, 16 hex digits; empty if unparsable. */
  readonly fingerprint: string;
  /** Tables, as written and unquoted: `orders`, `public.orders`. Sorted, without duplicates. */
  readonly tables: readonly string[];
  /** Column names that occur, unquoted, without their qualifiers. Sorted, without duplicates. */
  readonly columns: readonly string[];
  /** The same resolved, for who has to know whether a table or column is used. */
  readonly names: UsedNames;
}
