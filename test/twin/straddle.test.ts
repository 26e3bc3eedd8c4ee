import { afterAll, beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { restorePair } from "./run.ts";
import { type PlacedCase, report, search } from "./search.ts";
import { judgeThrough, type Protocol } from "./through.ts";
import { TwinDatabases } from "./twins.ts";

/** The same cases through a real Straddle, by both protocols. */
const COUNT = Number(process.env["STRADDLE_TWIN_THROUGH"] ?? 1000);
const SEED = Number(process.env["STRADDLE_TWIN_SEED"] ?? 20_261_126);

const twins = new TwinDatabases();

beforeAll(async () => {
  await loadParser();
  await twins.open("straddle");
});
afterAll(() => twins.close());

for (const protocol of ["simple", "extended"] as const) {
  test(
    `${COUNT} cases from seed ${SEED}, ${protocol} protocol`,
    async () => {
      const tally = await search({
        count: COUNT,
        seed: SEED,
        foundMax: 3,
        judge: (each) => judged(each, protocol),
        afterChunk: async () => undefined,
      });
      console.log(report(tally));
      expect(tally.found.join("\n\n")).toBe("");
      expect(tally.counts.get("rows") ?? 0).toBeGreaterThan(COUNT / 4);
    },
    60_000 + COUNT * 30,
  );
}

async function judged(each: PlacedCase, protocol: Protocol) {
  const pair = twins.pair(each.version, each.names);
  const first = await judgeThrough(pair, each, protocol);
  if (first.kind !== "different") return first;
  await restorePair(pair);
  return judgeThrough(pair, each, protocol);
}
