import { expect, test } from "vitest";
import { LruCache } from "../../src/base/lru-cache.ts";

const filled = (...entries: readonly (readonly [string, number])[]) => {
  const cache = new LruCache<string>({ sizeMax: 100 });
  for (const [key, size] of entries) cache.set(key, key.toUpperCase(), size);
  return cache;
};
const keys = (cache: LruCache<string>) =>
  ["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined).join("");

test("gives what was set, and undefined otherwise", () => {
  const cache = filled(["a", 10]);
  expect([cache.get("a"), cache.get("b")]).toEqual(["A", undefined]);
});

test("at the limit all is kept, above it what was set longest ago goes", () => {
  expect(keys(filled(["a", 50], ["b", 50]))).toBe("ab");
  const cache = filled(["a", 50], ["b", 50], ["c", 1]);
  expect(keys(cache)).toBe("bc");
  expect([cache.size, cache.count, cache.evictedCount]).toEqual([51, 2, 1]);
});

test("what was used stays before what was not", () => {
  const cache = filled(["a", 40], ["b", 40]);
  cache.get("a");
  cache.set("c", "C", 40);
  expect(keys(cache)).toBe("ac");
});

test("a large one makes room for itself alone", () => {
  const cache = filled(["a", 30], ["b", 30], ["c", 30], ["d", 100]);
  expect(keys(cache)).toBe("d");
  expect(cache.evictedCount).toBe(3);
});

test("one that is over the limit by itself is not kept, and drives nobody out", () => {
  const cache = filled(["a", 50], ["b", 101]);
  expect(keys(cache)).toBe("a");
  expect(cache.size).toBe(50);
});

test("one that has grown over the limit is not kept in its old size either", () => {
  const cache = filled(["a", 50], ["a", 101]);
  expect([keys(cache), cache.size]).toEqual(["", 0]);
});

test("setting again replaces value and size", () => {
  const cache = filled(["a", 90]);
  cache.set("a", "new", 10);
  expect([cache.get("a"), cache.size, cache.count]).toEqual(["new", 10, 1]);
});

test("delete and clear give their room back", () => {
  const cache = filled(["a", 30], ["b", 30]);
  cache.delete("a");
  cache.delete("a");
  expect([keys(cache), cache.size]).toEqual(["b", 30]);
  cache.clear();
  expect([keys(cache), cache.size, cache.count]).toEqual(["", 0, 0]);
});

test("random use never goes over the limit, and its size is the sum of what is in it", () => {
  const seed = 20_240_901;
  let state = seed;
  const random = (max: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % max;
  };
  const cache = new LruCache<number>({ sizeMax: 100 });
  for (let step = 0; step < 10_000; step++) {
    const key = `k${random(20)}`;
    const size = random(40);
    if (random(3) > 0) cache.set(key, size, size);
    else cache.get(key);
    let sum = 0;
    for (let each = 0; each < 20; each++) sum += cache.get(`k${each}`) ?? 0;
    expect(cache.size, `seed ${seed}, step ${step}`).toBe(sum);
    expect(cache.size, `seed ${seed}, step ${step}`).toBeLessThanOrEqual(100);
  }
});
