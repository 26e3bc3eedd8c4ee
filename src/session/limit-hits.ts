/** The limits whose meeting is counted, by their names in the settings. */
export const COUNTED_LIMITS = [
  "sessions_max",
  "sessions_per_user_max",
  "greetings_max",
  "startup_timeout",
  "idle_timeout",
  "stalled_timeout",
  "statement_size_max",
  "analysis_timeout",
  "prepared_size_max",
  "replay_size_max",
  "pipeline_max",
  "hold_timeout",
  "buffer_size_max",
] as const;

export type CountedLimit = (typeof COUNTED_LIMITS)[number];

/** How often each limit was met, since the start. All are there from the beginning, at 0. */
export class LimitHits {
  readonly #counts = new Map<CountedLimit, number>(COUNTED_LIMITS.map((limit) => [limit, 0]));

  add(limit: CountedLimit): void {
    this.#counts.set(limit, this.of(limit) + 1);
  }

  of(limit: CountedLimit): number {
    return this.#counts.get(limit) ?? 0;
  }

  entries(): readonly (readonly [CountedLimit, number])[] {
    return [...this.#counts];
  }
}
