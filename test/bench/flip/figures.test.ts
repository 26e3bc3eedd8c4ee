import { expect, test } from "vitest";
import { figuresOf } from "./figures.ts";

const FLIPS = [
  { startMs: 100, endMs: 110 },
  { startMs: 200, endMs: 230 },
];

const places = [
  { name: "ends before the first flip", startMs: 90, endMs: 99, place: "before" },
  { name: "ends as the first flip starts", startMs: 90, endMs: 100, place: "during" },
  { name: "spans a flip", startMs: 90, endMs: 120, place: "during" },
  { name: "is within a flip", startMs: 210, endMs: 211, place: "during" },
  { name: "starts as a flip ends", startMs: 230, endMs: 231, place: "during" },
  { name: "is between two flips", startMs: 120, endMs: 150, place: "after" },
  { name: "starts after the last flip", startMs: 231, endMs: 240, place: "after" },
] as const;
for (const { name, startMs, endMs, place } of places) {
  test(`a statement that ${name} counts as ${place}`, () => {
    const figures = figuresOf([{ startMs, endMs, isFailed: false }], FLIPS);
    const found = (["before", "during", "after"] as const).filter(
      (each) => figures[each].longest === endMs - startMs,
    );
    expect(found).toEqual([place]);
  });
}

test("one that failed is counted, and its time is not", () => {
  const figures = figuresOf([{ startMs: 1, endMs: 2, isFailed: true }], FLIPS);
  expect(figures).toMatchObject({ statementCount: 1, failedCount: 1 });
  expect(figures.before.longest).toBeUndefined();
});

test("flips have times of their own", () => {
  expect(figuresOf([], FLIPS).flip).toEqual({ p50: 10, p99: 30, longest: 30 });
});
