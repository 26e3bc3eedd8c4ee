import { expect, test } from "vitest";
import { formatMilliseconds, Rfc3339 } from "../../src/audit/rfc3339.ts";

test("a time reads as Date's own ISO form, whatever was formatted before", () => {
  const clock = new Rfc3339();
  const times = [0, 1, 999, 1000, 999, 1_772_352_930_042, 1_772_352_930_999, 1_772_352_931_000, -1];
  expect(times.map((time) => clock.format(time))).toEqual(
    times.map((time) => new Date(time).toISOString()),
  );
});

test("a fraction of a millisecond is cut off", () => {
  expect(new Rfc3339().format(1500.9)).toBe("1970-01-01T00:00:01.500Z");
});

const durations: readonly (readonly [number, string])[] = [
  [0, "0.000"],
  [0.0004, "0.000"],
  [0.0425, "0.043"],
  [1.25, "1.250"],
  [0.9999, "1.000"],
  [86_400_000.001, "86400000.001"],
  [-0.001, "0.000"], // A clock that was set back.
];
for (const [milliseconds, text] of durations) {
  test(`${milliseconds} ms is written as ${text}`, () => {
    expect(formatMilliseconds(milliseconds)).toBe(text);
  });
}
