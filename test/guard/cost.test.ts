import { expect, test } from "vitest";
import { costOf, costWords } from "../../src/guard/cost.ts";
import { type Facts, NO_FACTS } from "../../src/guard/facts.ts";

const table = { name: "orders" };
const rewrite = { table, level: "ACCESS EXCLUSIVE", work: "rewrite" } as const;

/** 500,000,000 rows of 200 bytes, a disk of 500 MB/s, 1,000 requests a second. */
const facts: Facts = {
  ...NO_FACTS,
  bytesPerSecond: 500e6,
  relation: () => ({
    schema: "public",
    name: "orders",
    kind: "table",
    bytes: 500e6 * 200,
    tuples: 500e6,
  }),
  usage: {
    of: () => [
      {
        tag: { app: "orders-api", version: "2.1.0" },
        firstSeenAt: 0,
        lastSeenAt: 0,
        count: 1,
        perSecond: 1_000,
        liveSessions: 1,
        isCertain: true,
        client: "127.0.0.1:50312",
        fingerprints: [],
      },
    ],
  },
};

test("the arithmetic of a rewrite: 200 s at best, 15 minutes, 900,000 requests, 29 % of a year's budget", () => {
  const cost = costOf(rewrite, facts);
  expect(cost).toMatchObject({ secondsAtBest: 200, secondsLikely: 900, requestsWaiting: 900_000 });
  expect(cost.budgetShare).toBeCloseTo(900 / (52.56 * 60), 5);
  expect(costWords(cost)).toBe(
    "To rewrite the 100 GB in 500,000,000 rows of orders takes 200 s at best, with indexes and WAL more likely " +
      "15 minutes. It is used by orders-api@2.1.0 (1,000 a second, 900,000 that would wait). 900,000 requests would " +
      "wait or fail. That is 28.5 % of the 52.56 minutes that 99.99 % leaves for a year.",
  );
});

test("what only reads the table takes as long as the disk does", () => {
  const cost = costOf({ ...rewrite, work: "scan" }, facts);
  expect(cost).toMatchObject({ secondsLikely: 200, requestsWaiting: 200_000 });
});

test("of what is not known nothing is said", () => {
  const cost = costOf(rewrite, NO_FACTS);
  expect(cost).toMatchObject({ secondsAtBest: undefined, requestsWaiting: undefined });
  expect(costWords(cost)).toBe("");
});

test("without a throughput, or without usage, the rest is still known", () => {
  const noDisk = costOf(rewrite, { ...facts, bytesPerSecond: undefined });
  expect(costWords(noDisk)).toBe("It is used by orders-api@2.1.0 (1,000 a second).");
  const noUsage = costOf(rewrite, { ...facts, usage: undefined });
  expect(noUsage).toMatchObject({ secondsLikely: 900, requestsWaiting: undefined });
});
