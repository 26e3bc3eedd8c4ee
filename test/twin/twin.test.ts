import { appendFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { REFUSED } from "../rewrite/refused-entries.ts";
import { judgeTwice } from "./run.ts";
import { report, search } from "./search.ts";
import { TwinDatabases } from "./twins.ts";

/**
 * Statements that nobody thought of, with the server as judge: each runs as it is on a database that has
 * its version's names, and rewritten on a twin. Fields, rows, tags and errors have to be the same.
 *
 * STRADDLE_TWIN_COUNT and STRADDLE_TWIN_SEED say how many and which, STRADDLE_TWIN_LOG a file in which
 * a long run tells how far it is.
 */
const COUNT = Number(process.env["STRADDLE_TWIN_COUNT"] ?? 10_000);
const SEED = Number(process.env["STRADDLE_TWIN_SEED"] ?? 20_261_125);
const LOG = process.env["STRADDLE_TWIN_LOG"];

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
      judge: (each) => judgeTwice(twins.pair(each.version, each.names), each),
      afterChunk: async (chunk, now) => {
        if (LOG !== undefined && chunk % 20 === 19) {
          appendFileSync(LOG, `${report(now)}\n${now.found.join("\n\n")}\n\n`);
        }
        if (chunk % 10 === 9) await twins.restore();
      },
    });
    console.log(report(tally));
    expect(tally.found.join("\n\n")).toBe("");
    // What is refused is on the README's list.
    const isListed = (text: string) => REFUSED.some(({ detail }) => detail.test(text));
    expect(tally.refusals.filter((text) => !isListed(text))).toEqual([]);
    expect(tally.counts.get("rows") ?? 0).toBeGreaterThan(COUNT / 4);
    expect(tally.counts.get("refused") ?? 0).toBeLessThan(COUNT / 10);
  },
  120_000 + COUNT * 10,
);
