import type { Config } from "../config/config.ts";
import { DEFAULT_POLICY } from "../guard/guard-policy.ts";
import type { GuardSettings } from "../guard/guard-settings.ts";
import type { LockTimeoutPolicy } from "../guard/lock-timeout.ts";

/**
 * The check of lock_timeout that the server makes. It would refuse, and so in `observe` it is the rules
 * that look at lock_timeout, as at all else.
 */
export function lockTimeoutPolicy({ guard }: Config): LockTimeoutPolicy {
  return guard.mode === "observe" ? { ...guard.lockTimeout, onMissing: "off" } : guard.lockTimeout;
}

/** What the rules do in sessions. */
export function guardSettings({ guard, ledger, control }: Config): GuardSettings {
  const isObserved = guard.mode === "observe" && guard.lockTimeout.onMissing !== "off";
  return {
    mode: guard.mode,
    policy: {
      ...DEFAULT_POLICY,
      severities: { ...guard.rules, "lock-timeout": isObserved ? "block" : "off" },
      smallTableBytes: guard.smallTableBytes,
      lockTimeoutMaxMs: guard.lockTimeout.maxMs,
      lockQueueAgeMs: guard.lockQueueAgeMs,
      goneAfterMs: ledger.quietMs,
      windowsIn: control.mode === "database" ? "store" : "configuration",
    },
    policies: guard.policies.map(({ rules, ...entry }) => ({ ...entry, severities: rules })),
    bytesPerSecond: guard.bytesPerSecond,
    allowRoles: guard.allowRoles,
  };
}
