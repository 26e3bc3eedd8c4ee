import { expect, test } from "vitest";
import { NewestSet } from "../../src/session/newest-set.ts";

function fill(countMax: number) {
  const gone: string[] = [];
  let fullCount = 0;
  const set = new NewestSet<{ destroy(): void }>({
    countMax: () => countMax,
    onFull: () => {
      fullCount += 1;
    },
  });
  const add = (name: string) => {
    const guest = {
      destroy: () => {
        gone.push(name);
        set.delete(guest);
      },
    };
    set.add(guest);
    return guest;
  };
  return { set, gone, add, fullCount: () => fullCount };
}

test("for one too many the one that came first goes, and is counted", () => {
  const { set, gone, add, fullCount } = fill(2);
  for (const name of ["a", "b"]) add(name);
  expect([gone, fullCount()]).toEqual([[], 0]);
  for (const name of ["c", "d"]) add(name);
  expect([gone, fullCount(), set.count]).toEqual([["a", "b"], 2, 2]);
});

test("who leaves makes room", () => {
  const { set, gone, add } = fill(2);
  add("a");
  set.delete(add("b"));
  add("c");
  expect([gone, set.count]).toEqual([[], 2]);
});

test("all are shown the door", () => {
  const { set, gone, add } = fill(9);
  for (const name of ["a", "b", "c"]) add(name);
  set.destroyAll();
  expect([gone, set.count]).toEqual([["a", "b", "c"], 0]);
});
