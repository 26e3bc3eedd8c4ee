/** One thing that has to be right for Straddle to be of use, in the words of an operator. */
export interface Check {
  /** `server`, `catalog`, `config`, `audit`, ... */
  readonly name: string;
  /** `warning`: to be looked at, but clients are served; only `failed` takes readiness away. */
  readonly state: "ok" | "warning" | "failed";
  /** What is wrong, or empty. */
  readonly detail: string;
}

export interface Health {
  /** Whether the start is over, so that clients have been served or could have been. */
  readonly isStarted: boolean;
  readonly checks: readonly Check[];
}

export function isReady(health: Health): boolean {
  return health.isStarted && health.checks.every((check) => check.state !== "failed");
}

/** What `/readyz` says, as data: `{"status":"ready","checks":{"server":{"state":"ok"}}}`. */
export function describeHealth(health: Health): {
  readonly status: "ready" | "not ready";
  readonly checks: Readonly<Record<string, { readonly state: string; readonly detail?: string }>>;
} {
  const checks = health.checks.map(
    ({ name, state, detail }) => [name, detail === "" ? { state } : { state, detail }] as const,
  );
  return {
    status: isReady(health) ? "ready" : "not ready",
    checks: Object.fromEntries(checks),
  };
}
