/**
 * Writes times as RFC 3339 in UTC with milliseconds: `2026-03-01T08:15:30.042Z`. Most calls fall in
 * the second of the call before, whose text is kept.
 */
export class Rfc3339 {
  #second = Number.NaN;
  #prefix = ""; // Up to the decimal point, which it includes.

  /** `time` is in milliseconds since the epoch; fractions are cut off. */
  format(time: number): string {
    const second = Math.floor(time / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = new Date(second * 1000).toISOString().slice(0, -4);
    }
    return `${this.#prefix}${threeDigits(Math.floor(time) - second * 1000)}Z`;
  }
}

/** A duration in milliseconds with its microseconds: `0.042`. */
export function formatMilliseconds(milliseconds: number): string {
  const microseconds = Math.max(0, Math.round(milliseconds * 1000));
  const whole = Math.floor(microseconds / 1000);
  return `${whole}.${threeDigits(microseconds - whole * 1000)}`;
}

const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));

function threeDigits(value: number): string {
  return THREE_DIGITS[value] ?? "000";
}
