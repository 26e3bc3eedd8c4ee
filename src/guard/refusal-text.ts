import { type LockLevel, WAITING_BEHIND } from "./lock-level.ts";
import type { Lock } from "./locks.ts";
import type { RelationName } from "./relation-name.ts";

/** The words of an ErrorResponse or a NoticeResponse. */
export interface RefusalText {
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

/** `missing`: lock_timeout is 0. `above`: over the maximum. `unknown`: the server did not say. */
export type Reason = "missing" | "above" | "unknown";

const SUGGESTED_MS = 2_000;

/** What is wrong with running this now, what would break, and what to run instead. */
export function refusalText(lock: Lock, reason: Reason, maxMs: number): RefusalText {
  const { verb, level, relations } = lock;
  const max = formatDuration(maxMs);
  const suggested = formatDuration(Math.min(SUGGESTED_MS, maxMs));
  const upTo = relations.length === 1 ? "" : "up to ";
  const where = relations.length === 0 ? "relations it does not name" : list(relations);
  return {
    message: `${verb} needs a lock_timeout: ${MESSAGES[reason](max)}`,
    detail:
      `${verb} takes ${upTo}${article(level)} ${level} lock on ${where}. While it waits behind a long transaction, ` +
      `${WAITING_BEHIND[level]} that comes after it waits behind it.`,
    hint:
      `Run SET lock_timeout = '${suggested}' before it (at most ${max}), and try again when the lock ` +
      "is not had in time (SQLSTATE 55P03).",
  };
}

const MESSAGES: Readonly<Record<Reason, (max: string) => string>> = {
  missing: () => "it is 0, which is to wait without limit",
  above: (max) => `it is above the maximum of ${max}`,
  unknown: () => "the server did not say what it is",
};

/** 2000 is `2s`, 1500 is `1500ms`: as `SET lock_timeout` takes it. */
export function formatDuration(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}

const LISTED_COUNT_MAX = 5;

function list(relations: readonly RelationName[]): string {
  const names = relations.map(({ schema, name }) =>
    schema === undefined ? name : `${schema}.${name}`,
  );
  const listed = [...new Set(names)];
  const more = listed.length - LISTED_COUNT_MAX;
  const shown = listed.slice(0, LISTED_COUNT_MAX).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function article(level: LockLevel): string {
  return /^[AE]/.test(level) ? "an" : "a";
}
