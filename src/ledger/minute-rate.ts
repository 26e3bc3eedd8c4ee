const MINUTE_MS = 60_000;

/**
 * How many a second there were in the last minute. It keeps two counts, of this minute and of the one
 * before, and takes the latter to have been spread evenly.
 */
export class MinuteRate {
  #minute = 0;
  #count = 0;
  #countBefore = 0;

  /** Times are milliseconds since the epoch. */
  add(count: number, nowMs: number): void {
    this.#move(nowMs);
    this.#count += count;
  }

  perSecond(nowMs: number): number {
    this.#move(nowMs);
    const share = 1 - (nowMs % MINUTE_MS) / MINUTE_MS;
    return (this.#count + this.#countBefore * share) / (MINUTE_MS / 1_000);
  }

  #move(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute <= this.#minute) return; // The clock may have been set back.
    this.#countBefore = minute === this.#minute + 1 ? this.#count : 0;
    this.#count = 0;
    this.#minute = minute;
  }
}
