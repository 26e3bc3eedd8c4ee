import { appendFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { ChosenArbitrary } from "./choices.ts";
import { type Judgement, judgeTwice } from "./run.ts";
import { type Case, statements } from "./statements.ts";
import { TwinDatabases } from "./twins.ts";
import type { Names } from "./vocabulary.ts";

/**
 * Statements that nobody thought of, with the server as judge: each runs as it is on a database that has
 * its version's names, and rewritten on a twin. Fields, rows, tags and errors have to be the same.
 *
 * STRADDLE_TWIN_COUNT and STRADDLE_TWIN_SEED say how many and which.
 */
const COUNT = Number(process.env["STRADDLE_TWIN_COUNT"] ?? 10_000);
const SEED = Number(process.env["STRADDLE_TWIN_SEED"] ?? 20_261_125);
const CHUNK = 500;
/** How long to look for a simpler one. */
const SHRINK_MS = 8000;
const FOUND_MAX = Number(process.env["STRADDLE_TWIN_FOUND"] ?? 5);

const twins = new TwinDatabases();

beforeAll(async () => {
  await loadParser();
  await twins.open();
});
afterAll(() => twins.close());

/** Mostly on the database that has the other version's names, now and then on the one that has its own. */
const CASES = new ChosenArbitrary((choices) => {
  const isOther = choices.pick(8) !== 7;
  const made = statements(choices);
  const names: Names = (made.version === "1.0.0") === isOther ? "new" : "old";
  return { ...made, names };
});

const judged = (each: Case & { readonly names: Names }): Promise<Judgement> =>
  judgeTwice(twins.pair(each.version, each.names), each);

test(
  `${COUNT} cases from seed ${SEED}`,
  async () => {
    const tally = new Map<string, number>();
    const count = (label: string) => tally.set(label, (tally.get(label) ?? 0) + 1);
    const distinct = new Set<string>();
    let logged = 0;
    const found: string[] = [];
    for (let chunk = 0; chunk * CHUNK < COUNT && found.length < FOUND_MAX; chunk++) {
      const options = { seed: SEED + chunk, unbiased: true };
      const cases = fc.sample(CASES, {
        ...options,
        numRuns: Math.min(CHUNK, COUNT - chunk * CHUNK),
      });
      const judgements = await Promise.all(cases.map(({ value }) => judged(value)));
      for (const [index, judgement] of judgements.entries()) {
        count(judgement.kind);
        if (judgement.kind === "refused") count(`refused: ${withoutNames(judgement.detail)}`);
        if (judgement.kind === "error") count(`error: ${judgement.sqlstate}`);
        const made = cases[index];
        if (COUNT <= 100_000 && made !== undefined) distinct.add(made.value.texts.join(";"));
        if (judgement.kind !== "different" || found.length >= FOUND_MAX) continue;
        found.push(await simplest({ seed: options.seed, path: String(index) }));
      }
      if (process.env["STRADDLE_TWIN_LOG"])
        appendFileSync(
          process.env["STRADDLE_TWIN_LOG"],
          `${new Date().toISOString()} ${chunk} ${[...tally].filter(([k]) => !k.includes(":"))} ${found.slice(logged).join("\n")}\n`,
        );
      logged = found.length;
      if (chunk % 10 === 9) await twins.restore();
    }
    report(tally, distinct.size);
    expect(found.join("\n\n")).toBe("");
    expect(tally.get("rows") ?? 0).toBeGreaterThan(COUNT / 4);
    expect(tally.get("refused") ?? 0).toBeLessThan(COUNT / 10);
  },
  120_000 + COUNT * 10,
);

/** Shrinks what was found, and says how to find it again. */
async function simplest(start: { readonly seed: number; readonly path: string }): Promise<string> {
  const property = fc.asyncProperty(CASES, async ({ value }) => {
    const judgement = await judged(value);
    if (judgement.kind === "different") throw new Error(judgement.story);
  });
  const details = await fc.check(property, {
    ...start,
    unbiased: true,
    interruptAfterTimeLimit: SHRINK_MS,
  });
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  if (!details.failed || counterexample === null)
    return `seed ${seed}, path ${start.path}: not again`;
  const [{ value }] = counterexample;
  const story = errorInstance instanceof Error ? errorInstance.message : "";
  return `seed ${seed}, path ${counterexamplePath}, ${value.version} on ${value.names} names\n${story}`;
}

function withoutNames(detail: string): string {
  return detail.replaceAll(/"[^"]*"|'[^']*'/g, "...");
}

function report(tally: ReadonlyMap<string, number>, distinct: number): void {
  const lines = [...tally].sort((a, b) => b[1] - a[1]).map(([label, times]) => `${times} ${label}`);
  console.log([`${distinct} distinct`, ...lines].join("\n"));
}
