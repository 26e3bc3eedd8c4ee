import * as fc from "fast-check";
import { ChosenArbitrary } from "./choices.ts";
import type { Judgement } from "./run.ts";
import { type Case, statements } from "./statements.ts";
import type { Names } from "./vocabulary.ts";

/** A case, and what names the database has that it is rewritten for. */
export interface PlacedCase extends Case {
  readonly names: Names;
}

/** Mostly on the database that has the other version's names, now and then on the one that has its own. */
const CASES = new ChosenArbitrary((choices): PlacedCase => {
  const isOther = choices.pick(8) !== 7;
  const made = statements(choices);
  return { ...made, names: (made.version === "1.0.0") === isOther ? "new" : "old" };
});

const CHUNK = 500;
/** How long to look for a simpler one. */
const SHRINK_MS = 8000;

export interface Tally {
  /** How many cases came to what, and why. */
  readonly counts: ReadonlyMap<string, number>;
  readonly distinct: number;
  /** A DETAIL of each kind of refusal. */
  readonly refusals: readonly string[];
  /** What was found to differ: seed, path and the simplest case. */
  readonly found: readonly string[];
}

/** Judges so many cases, a chunk at a time. The chunk's number is added to the seed. */
export async function search(options: {
  readonly count: number;
  readonly seed: number;
  readonly foundMax: number;
  readonly judge: (each: PlacedCase) => Promise<Judgement>;
  readonly afterChunk: (chunk: number, tally: Tally) => Promise<void>;
}): Promise<Tally> {
  const { count, foundMax, judge } = options;
  const counts = new Map<string, number>();
  const add = (label: string) => counts.set(label, (counts.get(label) ?? 0) + 1);
  const seen = new Set<number>();
  const found: string[] = [];
  const refusals = new Map<string, string>();
  const tally = () => ({
    counts,
    distinct: seen.size,
    refusals: [...refusals.values()],
    found,
  });
  for (let chunk = 0; chunk * CHUNK < count && found.length < foundMax; chunk++) {
    const seed = options.seed + chunk;
    const numRuns = Math.min(CHUNK, count - chunk * CHUNK);
    const cases = fc.sample(CASES, { seed, unbiased: true, numRuns });
    const judgements = await Promise.all(cases.map(({ value }) => judge(value)));
    for (const [index, judgement] of judgements.entries()) {
      seen.add(hashOf(cases[index]?.value));
      add(judgement.kind);
      if (judgement.kind === "refused") {
        add(`refused: ${withoutNames(judgement.detail)}`);
        refusals.set(withoutNames(judgement.detail), judgement.detail);
      }
      if (judgement.kind === "error") add(`error: ${judgement.sqlstate}`);
      if (judgement.kind !== "different" || found.length >= foundMax) continue;
      found.push(await simplest({ seed, path: String(index) }, { judge, story: judgement.story }));
    }
    await options.afterChunk(chunk, tally());
  }
  return tally();
}

/** Shrinks what was found, and says how to find it again. */
async function simplest(
  start: { readonly seed: number; readonly path: string },
  found: {
    readonly judge: (each: PlacedCase) => Promise<Judgement>;
    /** What it was before it was made simpler. */
    readonly story: string;
  },
): Promise<string> {
  const property = fc.asyncProperty(CASES, async ({ value }) => {
    const judgement = await found.judge(value);
    if (judgement.kind === "different") throw new Error(judgement.story);
  });
  const details = await fc.check(property, {
    ...start,
    unbiased: true,
    interruptAfterTimeLimit: SHRINK_MS,
  });
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  if (!details.failed || counterexample === null) {
    return `seed ${seed}, path ${start.path}, not again by itself:\n${found.story}`;
  }
  const [{ value }] = counterexample;
  const story = errorInstance instanceof Error ? errorInstance.message : "";
  return `seed ${seed}, path ${counterexamplePath}, ${value.version} on ${value.names} names\n${story}`;
}

/** 48 bits of a hash: enough to tell a million apart. */
function hashOf(value: PlacedCase | undefined): number {
  const text = JSON.stringify(value);
  let [high, low] = [0xdead, 0xbeef];
  for (let index = 0; index < text.length; index++) {
    high = Math.imul(high ^ text.charCodeAt(index), 2_654_435_761);
    low = Math.imul(low ^ text.charCodeAt(index), 1_597_334_677);
  }
  return (high >>> 8) * 0x100_0000 + (low >>> 8);
}

function withoutNames(detail: string): string {
  return detail.replaceAll(/"[^"]*"|'[^']*'/g, "...");
}

export function report({ counts, distinct }: Tally): string {
  const lines = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([label, times]) => `${times} ${label}`);
  return [`${distinct} distinct`, ...lines].join("\n");
}
