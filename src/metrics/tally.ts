/**
 * A histogram's counts, filled on the hot path: one comparison per bucket, no allocation. Bounds
 * are in the unit of the values and ascend.
 */
export class Tally {
  readonly #bounds: readonly number[];
  /** Per bucket, not cumulated; the last one is for values above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    // Inside of the array: bucket < bounds.length.
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  get sum(): number {
    return this.#sum;
  }

  /** Pairs of a bound and how many values are at or below it; the last bound is `+Inf`. */
  cumulated(): { readonly bound: string; readonly count: number }[] {
    let total = 0;
    return this.#counts.map((count, bucket) => {
      total += count;
      return { bound: String(this.#bounds[bucket] ?? "+Inf"), count: total };
    });
  }
}
