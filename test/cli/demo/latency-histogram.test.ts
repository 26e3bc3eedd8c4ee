import { expect, test } from "vitest";
import { LatencyHistogram } from "../../../src/cli/demo/latency-histogram.ts";

/** 1 to 1,000 microseconds, each once. */
const values = Array.from({ length: 1_000 }, (_, index) => index + 1);

const cases = [
  { share: 0.5, expected: 500 },
  { share: 0.9, expected: 900 },
  { share: 0.99, expected: 990 },
  { share: 1, expected: 1_000 },
];
for (const { share, expected } of cases) {
  test(`percentile ${share} is off by 4.5 % at most`, () => {
    const histogram = new LatencyHistogram();
    for (const value of values) histogram.add(value);
    const found = histogram.percentile(share);
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.045);
  });
}

test("counts of two processes add up to those of one", () => {
  const whole = new LatencyHistogram();
  const sum = new LatencyHistogram();
  for (const parity of [0, 1]) {
    const part = new LatencyHistogram();
    for (const value of values.filter((each) => each % 2 === parity)) part.add(value);
    sum.addCounts(part.counts);
  }
  for (const value of values) whole.add(value);
  expect(sum.counts).toEqual(whole.counts);
});

test("what is below a microsecond or longer than an hour is counted, and nothing is 0", () => {
  const histogram = new LatencyHistogram();
  expect(histogram.percentile(0.5)).toBe(0);
  histogram.add(0);
  histogram.add(1e12);
  expect(histogram.total).toBe(2);
});
