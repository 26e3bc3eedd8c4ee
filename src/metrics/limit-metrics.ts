import type { Registry, Sample } from "./registry.ts";

/** Limits by their names in the settings. */
export interface LimitState {
  /** How often each was met. */
  readonly hits: Iterable<readonly [string, number]>;
  /** How far those are used up that can be. */
  readonly levels: Iterable<readonly [string, number]>;
  /** What the settings allow. */
  readonly maxima: Iterable<readonly [string, number]>;
}

export function addLimitMetrics(registry: Registry, limits: () => LimitState | undefined): void {
  const collect = (values: (state: LimitState) => Iterable<readonly [string, number]>) => () => {
    const state = limits();
    return state === undefined ? [] : samples(values(state));
  };
  registry.addCounter(
    "straddle_limit_hits_total",
    "How often a limit was met.",
    collect(({ hits }) => hits),
  );
  addLimitLevels(
    registry,
    collect(({ levels }) => levels),
  );
  registry.addGauge(
    "straddle_limit_max",
    "What a limit allows.",
    collect(({ maxima }) => maxima),
    "max",
  );
}

/** Of several processes the highest counts: who knows the level for all of them says so too. */
export function addLimitLevels(registry: Registry, levels: () => readonly Sample[]): void {
  registry.addGauge(
    "straddle_limit_level",
    "How far a limit is used up; of one that each session has, the session that is nearest to it.",
    levels,
    "max",
  );
}

function samples(values: Iterable<readonly [string, number]>): Sample[] {
  return [...values].map(([limit, value]) => ({ labels: { limit }, value }));
}
