import type { UsesPage } from "../../ledger/ledger-page.ts";
import { isNeeded } from "../../version/usage.ts";
import type { Asked } from "./ask-instances.ts";

export type ShownUse = UsesPage["uses"][number] & {
  /** How long ago the last use was, by the clock of the instance that tells. */
  readonly ago_ms: number;
  /** The instance that tells. */
  readonly instance: string;
};

/** Whether a name is still needed. */
export interface Readiness {
  readonly name: string;
  /** `unknown`: nobody is known to, but somebody may. */
  readonly answer: "yes" | "no" | "unknown";
  readonly quiet_for_ms: number;
  /** Why it is unknown. */
  readonly doubts: readonly string[];
  /** Who has used it in that time, or has used it and has sessions now, the latest first, by instance. */
  readonly users: readonly ShownUse[];
  /** Who has before, and is gone. */
  readonly earlier: readonly ShownUse[];
  /** What in the database has the name in its text, such as a function. */
  readonly database: readonly string[];
}

/**
 * Yes only if every instance is sure, no version that has used the name has sessions, and neither a
 * statement of that time nor the database has it. The guard goes by the same for DROP COLUMN.
 */
export function readiness(parts: {
  readonly name: string;
  readonly quietMs: number;
  readonly instances: readonly Asked<UsesPage>[];
  /** As PostgreSQL describes them: `function f()`. */
  readonly database: readonly string[];
  /** Whether the catalog or a window has the name. */
  readonly isKnown: boolean;
}): Readiness {
  const { name, quietMs, instances, database, isKnown } = parts;
  const doubts: string[] = [];
  const uses: ShownUse[] = [];
  for (const asked of instances) {
    if (asked.kind === "silent") {
      doubts.push(asked.why);
      continue;
    }
    const { address, page } = asked;
    if (page.doubt !== "") doubts.push(`${address}: ${page.doubt}`);
    for (const use of page.uses) {
      const agoMs = Math.max(0, Date.parse(page.now) - Date.parse(use.last_seen));
      uses.push({ ...use, ago_ms: agoMs, instance: address });
    }
  }
  if (!isKnown && !uses.some((use) => use.is_certain)) {
    doubts.push(
      `there is no ${name}, no window has it, and nobody has used it: is it spelt right?`,
    );
  }
  uses.sort((one, other) => one.ago_ms - other.ago_ms);
  const users = uses.filter((use) => isUser(use, quietMs));
  const isUsed = users.length > 0 || database.length > 0;
  return {
    name,
    answer: isUsed ? "no" : doubts.length > 0 ? "unknown" : "yes",
    quiet_for_ms: quietMs,
    doubts,
    users,
    earlier: uses.filter((use) => !isUser(use, quietMs)),
    database,
  };
}

function isUser(use: ShownUse, quietMs: number): boolean {
  const { version, is_certain: isCertain, live_sessions: liveSessions, ago_ms: agoMs } = use;
  return isNeeded({ isOfVersion: version !== undefined, isCertain, liveSessions, agoMs }, quietMs);
}
