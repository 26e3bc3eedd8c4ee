import type { LockLevel } from "./lock-level.ts";
import type { RelationName } from "./relation-name.ts";

/** A lock on a relation that another transaction has or waits for, as `pg_locks` has it. */
export interface LockInUse {
  readonly holder: Holder;
  /** As `pg_locks` has it: `AccessShareLock`. */
  readonly mode: string;
  /** False: its holder waits for it. */
  readonly isGranted: boolean;
  /** How long the transaction is open. Undefined: the asking role may not see it. */
  readonly ageMs: number | undefined;
  /** A partition or heir of the relation that was asked for, where it is on that one. */
  readonly heir: RelationName | undefined;
}

export type Holder =
  | {
      readonly kind: "session";
      readonly pid: number;
      /** `active`, `idle in transaction`; undefined where the asking role may not see it. */
      readonly state: string | undefined;
      /** `application_name`: for sessions through Straddle often `app@version`. */
      readonly application: string | undefined;
    }
  | { readonly kind: "autovacuum"; readonly pid: number; readonly isAgainstWraparound: boolean }
  | { readonly kind: "prepared"; readonly gid: string };

/** Modes of table locks as `pg_locks` has them, weakest first, and as SQL says them. */
const MODES: Readonly<Record<string, string>> = {
  AccessShareLock: "ACCESS SHARE",
  RowShareLock: "ROW SHARE",
  RowExclusiveLock: "ROW EXCLUSIVE",
  ShareUpdateExclusiveLock: "SHARE UPDATE EXCLUSIVE",
  ShareLock: "SHARE",
  ShareRowExclusiveLock: "SHARE ROW EXCLUSIVE",
  ExclusiveLock: "EXCLUSIVE",
  AccessExclusiveLock: "ACCESS EXCLUSIVE",
};
const BY_STRENGTH: readonly string[] = Object.values(MODES);

/** The weakest lock that each conflicts with (`LockConflicts` in the server's `lock.c`). */
const WEAKEST_IN_THE_WAY: Readonly<Record<LockLevel, string>> = {
  "SHARE UPDATE EXCLUSIVE": "SHARE UPDATE EXCLUSIVE",
  SHARE: "ROW EXCLUSIVE",
  "SHARE ROW EXCLUSIVE": "ROW EXCLUSIVE",
  EXCLUSIVE: "ROW SHARE",
  "ACCESS EXCLUSIVE": "ACCESS SHARE",
};

/** Whether one who asks for `level` waits for one who has `mode`, or who asked for it before. */
export function isInTheWay(mode: string, level: LockLevel): boolean {
  const words = modeWords(mode);
  // Of the strong locks SHARE alone goes together with itself.
  if (level === "SHARE" && words === "SHARE") return false;
  return BY_STRENGTH.indexOf(words) >= BY_STRENGTH.indexOf(WEAKEST_IN_THE_WAY[level]);
}

export function modeWords(mode: string): string {
  return MODES[mode] ?? mode;
}
