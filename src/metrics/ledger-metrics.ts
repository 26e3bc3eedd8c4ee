import type { Registry } from "./registry.ts";

/** How far the ledger of used names is filled. */
export interface LedgerLevel {
  readonly size: number;
  readonly sizeMax: number;
  /** Uses that found no room. */
  readonly lostCount: number;
}

export function addLedgerMetrics(registry: Registry, level: () => LedgerLevel | undefined): void {
  const sample = (value: (of: LedgerLevel) => number) => () => {
    const of = level();
    return of === undefined ? [] : [{ labels: {}, value: value(of) }];
  };
  registry.addGauge(
    "straddle_ledger_entries",
    "Lines of the ledger: names that a version uses.",
    sample(({ size }) => size),
  );
  registry.addGauge(
    "straddle_ledger_entries_max",
    "Lines that it has room for.",
    sample(({ sizeMax }) => sizeMax),
  );
  registry.addCounter(
    "straddle_ledger_lost_total",
    "Uses of names that found no room in the ledger.",
    sample(({ lostCount }) => lostCount),
  );
}
