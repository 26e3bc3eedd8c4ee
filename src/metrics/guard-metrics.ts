import type { Registry, Sample } from "./registry.ts";
import { fixed, named } from "./samples.ts";
import type { OutcomeCounts, VersionCounts } from "./version-counts.ts";

type Collect = (samplesOf: (counts: VersionCounts) => readonly Sample[]) => Sample[];

/** What the guard did, and what its rules had to say. `collect` puts each version's labels on. */
export function addGuardMetrics(registry: Registry, collect: Collect): void {
  registry.addCounter(
    "straddle_guard_interventions_total",
    "Statements let through by the guard with a warning, or with a lock_timeout of its own.",
    () => collect(({ verdicts }) => fixed("how", { warn: verdicts.warn, inject: verdicts.inject })),
  );
  registry.addCounter(
    "straddle_guard_findings_total",
    "What the guard's rules had to say of statements, and what came of it.",
    () => collect(({ findings }) => byOutcome(findings)),
  );
  registry.addCounter(
    "straddle_guard_estimated_seconds_total",
    "How long those statements would hold their locks as they are, where the tables' sizes are known.",
    () => collect(({ estimatedSeconds }) => byOutcome(estimatedSeconds)),
  );
  registry.addCounter(
    "straddle_guard_estimated_requests_total",
    "How many requests would wait for those locks or fail, where the tables' traffic is known.",
    () => collect(({ estimatedRequests }) => byOutcome(estimatedRequests)),
  );
}

function byOutcome(counts: OutcomeCounts): Sample[] {
  return (["refuse", "warn", "observe", "override"] as const).flatMap((outcome) =>
    named("rule", counts[outcome], { outcome }),
  );
}
