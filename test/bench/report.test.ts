import { expect, test } from "vitest";
import { formatNumber, Measures, renderMarkdown, renderText, tableOf } from "./report.ts";

const numbers: readonly [value: number | undefined, text: string][] = [
  [undefined, "-"],
  [0, "0.00"],
  [0.126, "0.13"],
  [12.34, "12.3"],
  [999.6, "1,000"],
  [23_456.7, "23,457"],
  [1_234_567, "1,234,567"],
];
for (const [value, text] of numbers) {
  test(`${value} is shown as ${text}`, () => {
    expect(formatNumber(value)).toBe(text);
  });
}

function measured(): Measures {
  const measures = new Measures();
  // The machine is half as fast in the second round, and very slow in the third.
  for (const factor of [1, 0.5, 0.01]) {
    measures.add("direct", "speed", "tps", 4_000 * factor);
    measures.add("PgBouncer", "speed", "tps", 1_000 * factor);
    measures.add("Straddle", "speed", "tps", 2_000 * factor);
  }
  measures.add("Straddle", "memory", "MB", 64);
  measures.add("direct", "memory", "MB", undefined);
  return measures;
}

test("values are medians of the rounds, and ratios those within one round", () => {
  expect(tableOf(measured().list()).slice(1)).toEqual([
    ["speed", "tps", "2,000", "500", "1,000", "2.00x", "0.50x"],
    ["memory", "MB", "-", "-", "64.0", "-", "-"],
  ]);
});

test("a ratio leaves out a round that one of the two has not", () => {
  const measures = new Measures();
  for (const value of [10, 30]) measures.add("Straddle", "time", "ms", value);
  measures.add("direct", "time", "ms", 5);
  expect(tableOf(measures.list())[1]?.at(-1)).toBe("2.00x");
});

test("text has its numbers to the right", () => {
  const [head, speed, memory] = renderText(tableOf(measured().list())).split("\n");
  const end = (line: string | undefined, word: string) => (line ?? "").indexOf(word) + word.length;
  expect(end(speed, "1,000")).toBe(end(head, "Straddle"));
  expect(end(memory, "64.0")).toBe(end(head, "Straddle"));
});

test("Markdown has a rule under its head, and as many cells in every row", () => {
  const lines = renderMarkdown(tableOf(measured().list())).split("\n");
  expect(lines[1]).toMatch(/^\| --- \| --- \| ---: /);
  expect(new Set(lines.map((line) => line.split("|").length)).size).toBe(1);
});
