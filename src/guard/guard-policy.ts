import type { RuleId, Severity } from "../base/rule-ids.ts";

/** What an operator wants of the rules. */
export interface GuardPolicy {
  /** Rules that are not named have their default. */
  readonly severities: Readonly<Partial<Record<RuleId, Severity>>>;
  /** Below it, what rewrites or scans a table takes no time that matters. */
  readonly smallTableBytes: number;
  /** The largest lock_timeout that will do. */
  readonly lockTimeoutMaxMs: number;
  /** A transaction that is open for this long, and in the way of a strong lock, is not waited for. */
  readonly lockQueueAgeMs: number;
  /** A version without sessions that has not used a name for this long does not need it any more. */
  readonly goneAfterMs: number;
  /** Where windows are opened: by an entry of the configuration, or by `straddle window` in the store. */
  readonly windowsIn: "configuration" | "store";
  /** Undefined while schema changes may run. */
  readonly freeze: Freeze | undefined;
}

/** No schema change is let through. */
export interface Freeze {
  /** When it ends, as people read it; undefined where no time is set. */
  readonly until: string | undefined;
  readonly reason: string | undefined;
}

export const DEFAULT_POLICY: GuardPolicy = {
  severities: {},
  smallTableBytes: 10 * 1024 * 1024,
  lockTimeoutMaxMs: 5_000,
  lockQueueAgeMs: 2_000,
  goneAfterMs: 24 * 3_600_000,
  windowsIn: "configuration",
  freeze: undefined,
};
