import { expect, test } from "vitest";
import { comparison, failureLines, picture, stepLine } from "../../../src/cli/demo/printed.ts";
import { type PodReport, Statistics } from "../../../src/cli/demo/statistics.ts";

/** What a pod that had one query of each latency (in microseconds) would tell. */
function statistics(latencies: readonly number[], errors: PodReport["errors"] = {}): Statistics {
  const pod = new Statistics();
  for (const latency of latencies) pod.latencies.add(latency);
  const failures = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const sum = new Statistics();
  sum.add({
    ...pod.toReport(),
    queries: latencies.length + failures,
    failures,
    errors,
    longestMs: 7,
  });
  return sum;
}

test("a picture of the pods", () => {
  expect(picture(["2.0.0", "1.4.0", "1.4.0"])).toBe("[v2] [v1] [v1]");
});

test("a step's rate is that of the time it took", () => {
  const line = stepLine("[v1]", statistics([1_000, 1_000, 1_000], { no: 1 }), 2_000);
  expect(line).toBe("  [v1]        2 queries/s       1 failed  p50    1.00 ms  p99    1.00 ms");
});

test("the commonest errors come first, and four at most", () => {
  const lines = failureLines(statistics([], { a: 1, b: 1_200, c: 3, d: 4, e: 5 }));
  expect(lines).toEqual(["   1,200 x b", "       5 x e", "       4 x d", "       3 x c"]);
});

test("two deployments side by side", () => {
  const lines = comparison([
    { name: "direct", statistics: statistics([1_000], { no: 2 }) },
    { name: "through Straddle", statistics: statistics([2_000]) },
  ]);
  expect(lines.map((line) => line.trimEnd().split(/ {2,}/).slice(1))).toEqual([
    ["queries", "failed", "p50", "p99", "longest"],
    ["direct", "3", "2", "1.00 ms", "1.00 ms", "7.00 ms"],
    ["through Straddle", "1", "0", "2.00 ms", "2.00 ms", "7.00 ms"],
  ]);
});
