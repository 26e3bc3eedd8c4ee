import { expect, test } from "vitest";
import { Tally } from "../../src/metrics/tally.ts";

const cases: { name: string; values: number[]; cumulated: string }[] = [
  { name: "nothing", values: [], cumulated: "1:0 5:0 +Inf:0" },
  { name: "a value at a bound belongs to it", values: [1, 5], cumulated: "1:1 5:2 +Inf:2" },
  {
    name: "a value between bounds belongs to the upper one",
    values: [1.5],
    cumulated: "1:0 5:1 +Inf:1",
  },
  { name: "a value above all bounds", values: [5.5], cumulated: "1:0 5:0 +Inf:1" },
  { name: "a value below all bounds", values: [-1, 0], cumulated: "1:2 5:2 +Inf:2" },
];
for (const { name, values, cumulated } of cases) {
  test(name, () => {
    const tally = new Tally([1, 5]);
    for (const value of values) tally.observe(value);
    expect(
      tally
        .cumulated()
        .map(({ bound, count }) => `${bound}:${count}`)
        .join(" "),
    ).toBe(cumulated);
    expect(tally.count).toBe(values.length);
    expect(tally.sum).toBe(values.reduce((sum, value) => sum + value, 0));
  });
}
