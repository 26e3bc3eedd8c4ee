import { afterAll, beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { judgeTwice } from "./run.ts";
import { report, search } from "./search.ts";
import { TwinDatabases } from "./twins.ts";

/**
 * What a statement is rewritten to reaches the server after a rename that nobody has told of: it fails for a name that
 * is not there, and then Straddle looks again, or it gives what the version's own database gives. Whatever else
 * it did would be another meaning.
 *
 * STRADDLE_TWIN_STALE and STRADDLE_TWIN_SEED say how many and which.
 */
const COUNT = Number(process.env["STRADDLE_TWIN_STALE"] ?? 2_000);
const SEED = Number(process.env["STRADDLE_TWIN_SEED"] ?? 20_261_129);

const twins = new TwinDatabases();

beforeAll(async () => {
  await loadParser();
  await twins.open();
});
afterAll(() => twins.close());

test(
  `${COUNT} cases from seed ${SEED}`,
  async () => {
    const tally = await search({
      count: COUNT,
      seed: SEED,
      foundMax: COUNT > 10_000 ? 20 : 3,
      judge: (each) => judgeTwice(twins.stalePair(each.version, each.names), each),
      afterChunk: async (chunk) => {
        if (chunk % 10 === 9) await twins.restore();
      },
    });
    console.log(report(tally));
    expect(tally.found.join("\n\n")).toBe("");
    expect(tally.counts.get("rows") ?? 0).toBeGreaterThan(COUNT / 8);
    expect(tally.counts.get("error: stale") ?? 0).toBeGreaterThan(COUNT / 8);
  },
  120_000 + COUNT * 10,
);
