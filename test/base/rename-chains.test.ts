import { describe, expect, test } from "vitest";
import {
  chainsOf,
  physicalColumns,
  renameSteps,
  sharedNames,
} from "../../src/base/rename-chains.ts";

/** `a>b b>c` */
function renames(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(" ").map((pair): [string, string] => {
      const [from = "", to = ""] = pair.split(">");
      return [from, to];
    }),
  );
}

describe("chainsOf", () => {
  test.each([
    { text: "a>b", chains: ["a b"] },
    { text: "a>b c>d", chains: ["a b", "c d"] },
    { text: "b>c a>b", chains: ["a b c"] },
    { text: "c>d x>y a>b b>c", chains: ["x y", "a b c d"] },
  ])("$text", ({ text, chains }) => {
    expect(chainsOf(renames(text))?.map(({ names }) => names.join(" "))).toEqual(chains);
  });

  test.each(["a>a", "a>b b>a", "x>y a>b b>c c>a"])("%s ends where it began", (text) => {
    expect(chainsOf(renames(text))).toBeUndefined();
  });
});

test("shared names are those in the middle", () => {
  expect([...sharedNames(renames("a>b b>c c>d x>y"))]).toEqual(["b", "c"]);
});

describe("physicalColumns", () => {
  const CHAIN = "a>b b>c c>d";
  test.each([
    { text: "a>b", columns: "id a", found: { a: "a" } },
    { text: "a>b", columns: "id b", found: { a: "b" } },
    { text: CHAIN, columns: "a b c", found: { a: "a", b: "b", c: "c" } },
    { text: CHAIN, columns: "a b d", found: { a: "a", b: "b", c: "d" } },
    { text: CHAIN, columns: "a c d", found: { a: "a", b: "c", c: "d" } },
    { text: CHAIN, columns: "b c d", found: { a: "b", b: "c", c: "d" } },
  ])("$text of $columns", ({ text, columns, found }) => {
    const result = physicalColumns(renames(text), new Set(columns.split(" ")));
    expect(result).toEqual({ kind: "found", byOldName: new Map(Object.entries(found)) });
  });

  test.each([
    { text: "a>b", columns: "a b", problem: "both columns a and b exist" },
    { text: "a>b", columns: "id", problem: "neither column a nor b exists" },
    { text: CHAIN, columns: "a b c d", problem: "all of the columns a, b, c, d exist" },
    {
      text: CHAIN,
      columns: "a d",
      problem: "of the columns a, b, c, d all but one have to exist, and b and c do not",
    },
    { text: "a>b b>a", columns: "a b", problem: "its columns' names are swapped" },
  ])("$text of $columns does not fit", ({ text, columns, problem }) => {
    const result = physicalColumns(renames(text), new Set(columns.split(" ")));
    expect(result).toEqual({ kind: "problem", problem });
  });
});

/** Whatever state the names are in: each step finds its name, and no column of the new one. */
describe("renameSteps", () => {
  const text = "x>y a>b b>c c>d";
  const states = ["x a b c", "x a b d", "x a c d", "x b c d", "y a b c", "y b c d"];
  for (const columns of states) {
    for (const to of ["old", "new"] as const) {
      test(`${columns} to ${to}`, () => {
        const names = new Set(columns.split(" "));
        for (const step of renameSteps(renames(text), names, to)) {
          expect(names.has(step.to)).toBe(false);
          expect(names.delete(step.from)).toBe(true);
          names.add(step.to);
        }
        expect([...names].sort()).toEqual(
          to === "old" ? ["a", "b", "c", "x"] : ["b", "c", "d", "y"],
        );
      });
    }
  }
});
