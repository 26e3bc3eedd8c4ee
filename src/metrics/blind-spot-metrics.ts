import type { Registry } from "./registry.ts";

/** Objects in the database that name what a window renames, by what becomes of them. */
export interface BlindSpotLevel {
  readonly window: string;
  readonly kind: string;
  readonly count: number;
}

export function addBlindSpots(registry: Registry, counts: () => readonly BlindSpotLevel[]): void {
  registry.addGauge(
    "straddle_window_blind_spots",
    "Objects in the database that name what a window renames, by what becomes of them at the rename.",
    () => counts().map(({ window, kind, count }) => ({ labels: { window, kind }, value: count })),
  );
}
