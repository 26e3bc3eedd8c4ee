import { expect, test } from "vitest";
import { Statistics } from "../../../src/cli/demo/statistics.ts";

test("what pods report adds up, after its way through JSON", () => {
  const pod = new Statistics();
  pod.queries = 5;
  pod.failures = 2;
  pod.longestMs = 7;
  pod.errors.set("no such column", 2);
  pod.latencies.add(500);
  const whole = new Statistics();
  for (let time = 0; time < 3; time += 1) whole.add(JSON.parse(JSON.stringify(pod.toReport())));
  expect(whole).toMatchObject({ queries: 15, failures: 6, longestMs: 7 });
  expect([...whole.errors]).toEqual([["no such column", 6]]);
  expect(whole.latencies.total).toBe(3);
});
