import type { Check, Health } from "../../admin/health.ts";

const RANK: Readonly<Record<Check["state"], number>> = { ok: 0, warning: 1, failed: 2 };

/**
 * The workers' checks as one list: of each check the worst, since a client can come to any worker. What
 * the primary knows itself stands in place of what the workers say of it.
 */
export function joinedHealth(options: {
  readonly isStarted: boolean;
  readonly workers: readonly (readonly Check[])[];
  readonly own: readonly Check[];
}): Health {
  const checks = new Map<string, Check>();
  for (const check of options.workers.flat()) {
    const known = checks.get(check.name);
    if (known === undefined || RANK[check.state] > RANK[known.state]) checks.set(check.name, check);
  }
  for (const check of options.own) checks.set(check.name, check);
  return { isStarted: options.isStarted, checks: [...checks.values()] };
}

/** One of the primary's own. */
export function check(name: string, problem: string, state: "warning" | "failed"): Check {
  return { name, state: problem === "" ? "ok" : state, detail: problem };
}
