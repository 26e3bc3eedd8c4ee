import { describe, expect, test } from "vitest";
import { Catalog } from "../../src/version/catalog.ts";
import { physicalSide } from "../../src/version/physical-side.ts";
import type { Window } from "../../src/version/window.ts";
import {
  judgeMove,
  restingState,
  sidesToLeave,
  type WindowMove,
  type WindowState,
} from "../../src/version/window-life.ts";

const MOVES: readonly WindowMove[] = ["open", "flip", "unflip", "close", "withdraw"];

/** For each state and names: the verdicts on MOVES, in their order. */
const VERDICTS: readonly [WindowState, Parameters<typeof restingState>[0], string][] = [
  ["planned", "old", "go refused refused go go"],
  ["planned", "new", "go refused refused go go"],
  ["open", "old", "done go done refused go"],
  ["open", "mixed", "done go go refused refused"],
  ["open", "new", "done done go go refused"],
  ["open", "broken", "done refused refused go go"],
  ["holding", "old", "done refused refused refused refused"],
  ["flipped", "new", "done done go go refused"],
  ["flipped", "old", "done go done refused go"],
  ["closing", "new", "go refused refused go refused"],
  ["closing", "old", "go refused refused refused go"],
  ["closed", "new", "refused refused refused done done"],
];

describe("a window's moves", () => {
  for (const [state, names, expected] of VERDICTS) {
    test(`${state}, with ${names} names`, () => {
      const verdicts = MOVES.map((move) => judgeMove(move, { state, names }, 3).kind);
      expect(verdicts.join(" ")).toBe(expected);
    });
  }

  test("a refusal says what to do instead, for this very window", () => {
    for (const [state, names] of VERDICTS) {
      for (const move of MOVES) {
        const verdict = judgeMove(move, { state, names }, 3);
        if (verdict.kind === "refused") expect(verdict.instead).toMatch(/window \w+ 3|plan/);
      }
    }
  });

  test("those whose names the catalog does not have must be gone before it is closed", () => {
    const sides = (state: WindowState, names: Parameters<typeof restingState>[0]) =>
      sidesToLeave({ state, names });
    expect(sides("flipped", "new")).toEqual(["old"]);
    expect(sides("open", "old")).toEqual(["new"]);
    expect(sides("open", "broken")).toEqual(["old", "new"]);
    expect(sides("planned", "old")).toEqual([]);
    expect([restingState("new"), restingState("old")]).toEqual(["flipped", "open"]);
  });
});

describe("whose names the catalog has", () => {
  const window = {
    schema: "public",
    table: "person",
    renameTable: "people",
    renameColumns: new Map([["a", "b"]]),
    old: "<2.0.0",
    new: ">=2.0.0",
    app: undefined,
    closes: undefined,
  };
  const sideOf = (window: Window, name: string, columns: readonly string[]) => {
    const relation = { oid: 1, schema: "public", name, kind: "r" };
    const named = columns.map((column, index) => ({ name: column, attnum: index + 1 }));
    return physicalSide(window, new Catalog([{ ...relation, columns: named }], 1, "shop"));
  };
  const side = (name: string, ...columns: readonly string[]) => sideOf(window, name, columns);

  test("of a table and its columns, together", () => {
    expect(side("person", "id", "a")).toBe("old");
    expect(side("people", "id", "b")).toBe("new");
    expect(side("person", "b")).toBe("mixed");
    expect(side("people", "a")).toBe("mixed");
    expect(side("people", "a", "b")).toBe("broken");
    expect(side("others", "a")).toBe("broken");
  });

  test("of a name that goes from one column to the other", () => {
    const chain: Window = {
      ...window,
      renameTable: undefined,
      renameColumns: new Map([
        ["a", "b"],
        ["b", "c"],
      ]),
    };
    expect(sideOf(chain, "person", ["a", "b"])).toBe("old");
    expect(sideOf(chain, "person", ["a", "c"])).toBe("mixed");
    expect(sideOf(chain, "person", ["b", "c"])).toBe("new");
    expect(sideOf(chain, "person", ["b"])).toBe("broken");
  });
});
