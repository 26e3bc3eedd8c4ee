import type { Lock } from "./locks.ts";

/** How a schema change that did not get its lock is tried again. */
export interface RetryPolicy {
  /** How often it is sent in all; 0 and 1 are once. */
  readonly attempts: number;
  /** The longest pause before the second attempt; it doubles with each further one. */
  readonly backoffMs: number;
  /** What it doubles up to. */
  readonly backoffMaxMs: number;
}

/** lock_not_available: lock_timeout has passed. */
export const LOCK_NOT_AVAILABLE = "55P03";

// A DO block may have committed a part of its work; ALTER TABLE ALL IN TABLESPACE has a NOWAIT.
const NEVER: ReadonlySet<string> = new Set(["DoStmt", "AlterTableMoveAllStmt"]);

/**
 * Whether a statement that is alone in its transaction can be sent again as if it had not been: all that
 * it does is undone when it fails. What does not run in a transaction block leaves things behind, as an
 * invalid index.
 */
export function leavesNothing(kind: string, lock: Lock): boolean {
  return lock.inBlock === "allowed" && !NEVER.has(kind);
}

/** The pause before an attempt, counted from 1, in milliseconds. `random`: from 0 to below 1. */
export function pauseMs(policy: RetryPolicy, attempt: number, random: number): number {
  const longest = Math.min(policy.backoffMaxMs, policy.backoffMs * 2 ** (attempt - 2));
  return Math.round(longest * (0.5 + random / 2));
}

/**
 * The pause as a statement, so that whatever ends a statement ends it, a cancel request for one. Half of
 * the session's statement_timeout is the most that it takes: the pause itself must not meet it.
 */
export function pauseSql(milliseconds: number): string {
  const pause = `${milliseconds / 1000}::pg_catalog.float8`;
  return (
    `SELECT pg_catalog.pg_sleep(CASE WHEN t.s OPERATOR(pg_catalog.>) 0::pg_catalog.float8 ` +
    `THEN LEAST(${pause}, t.s OPERATOR(pg_catalog./) 2::pg_catalog.float8) ELSE ${pause} END) ` +
    "FROM (SELECT EXTRACT(epoch FROM pg_catalog.current_setting('statement_timeout')" +
    "::pg_catalog.text::pg_catalog.interval)::pg_catalog.float8 AS s) AS t"
  );
}

/** What the client reads at the pause before an attempt. */
export function attemptNotice(
  attempt: number,
  pause: number,
  { policy, isOfFlip }: { readonly policy: RetryPolicy; readonly isOfFlip: boolean },
): ReadonlyMap<string, string> {
  const seconds = (pause / 1000).toFixed(1);
  // A window's rename has to wait for its fleet as well.
  const why = isOfFlip ? "the rename did not get its turn" : "could not get the lock";
  return new Map([
    ["S", "NOTICE"],
    ["V", "NOTICE"],
    ["C", "00000"],
    ["M", `attempt ${attempt} of ${policy.attempts} in ${seconds}s: ${why}`],
    ["R", "straddle:retry"],
  ]);
}
