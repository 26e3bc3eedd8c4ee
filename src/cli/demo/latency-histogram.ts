/** Buckets per doubling: a percentile is off by 4.5 % at most. */
const STEPS = 16;
const BUCKETS_COUNT = STEPS * 32;

/** Latencies counted in buckets that grow by a constant factor, so that counts of processes add up. */
export class LatencyHistogram {
  readonly #counts: number[];

  constructor(counts: readonly number[] = []) {
    this.#counts = Array.from({ length: BUCKETS_COUNT }, (_, index) => counts[index] ?? 0);
  }

  get counts(): readonly number[] {
    return this.#counts;
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  add(microseconds: number): void {
    const index = Math.floor(Math.log2(Math.max(microseconds, 1)) * STEPS);
    const bucket = Math.min(index, BUCKETS_COUNT - 1);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  addCounts(counts: readonly number[]): void {
    counts.forEach((count, index) => {
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
    });
  }

  /** The middle of the bucket that holds the given share (0 to 1) in microseconds; 0 if empty. */
  percentile(share: number): number {
    const { total } = this;
    if (total === 0) return 0;
    const rank = Math.max(1, Math.ceil(total * share));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return 2 ** ((index + 0.5) / STEPS);
    }
    return 0;
  }
}
