/** Table-level locks that a schema change takes, weakest first. */
export const LOCK_LEVELS = [
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
] as const;

export type LockLevel = (typeof LOCK_LEVELS)[number];

/** What has to wait behind a lock of this level, and behind a request for it that waits itself. */
export const WAITING_BEHIND: Readonly<Record<LockLevel, string>> = {
  "SHARE UPDATE EXCLUSIVE": "every other schema change, VACUUM and ANALYZE",
  SHARE: "every INSERT, UPDATE, DELETE and schema change",
  "SHARE ROW EXCLUSIVE": "every INSERT, UPDATE, DELETE and schema change",
  EXCLUSIVE: "every INSERT, UPDATE, DELETE, SELECT FOR UPDATE and schema change",
  "ACCESS EXCLUSIVE": "every query, even a SELECT,",
};

/** Several actions in one statement take the strongest lock of them. */
export function strongest(levels: readonly LockLevel[]): LockLevel {
  const rank = Math.max(0, ...levels.map((level) => LOCK_LEVELS.indexOf(level)));
  return LOCK_LEVELS[rank] ?? "ACCESS EXCLUSIVE";
}
