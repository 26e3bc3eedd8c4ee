import { expect, test } from "vitest";
import { median, percentile } from "./statistics.ts";

const medians: readonly [values: readonly number[], middle: number | undefined][] = [
  [[], undefined],
  [[3], 3],
  [[10, 9], 9.5],
  [[100, 2, 30], 30],
];
for (const [values, middle] of medians) {
  test(`median of ${values.join(", ") || "nothing"}`, () => {
    expect(median(values)).toBe(middle);
  });
}

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index);
const percentiles: readonly [
  values: readonly number[],
  share: number,
  found: number | undefined,
][] = [
  [[], 0.5, undefined],
  [HUNDRED, 0.5, 50],
  [HUNDRED, 0.99, 99],
  [HUNDRED, 1, 100],
  [[7], 0.99, 7],
];
for (const [values, share, found] of percentiles) {
  test(`percentile ${share} of ${values.length} values`, () => {
    expect(percentile(values, share)).toBe(found);
  });
}
