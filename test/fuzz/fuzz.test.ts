import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientLine } from "../support/transcript.ts";
import { compare, type Failure, saidBy, shrunk } from "./client-leg.ts";
import { CORPUS } from "./corpus.ts";
import { breakAnswers } from "./server-leg.ts";
import { bugCount, Stage } from "./stage.ts";

/**
 * A fuzzer of the wire. Conversations are broken at random and played directly and through Straddle:
 * what the client sees has to be the same. The seed of each conversation is that of the run plus its
 * number, so a failure comes again by its own seed and a count of 1.
 */

// The same each time, so that what fails comes from the change at hand.
const SEED = Number(process.env["STRADDLE_FUZZ_SEED"] ?? 1);
const COUNT = Number(process.env["STRADDLE_FUZZ_COUNT"] ?? 60);
/** Conversations that are played side by side, each on databases of its own. */
const LANES = Number(process.env["STRADDLE_FUZZ_LANES"] ?? 4);
/** After so many failures a run has told enough. */
const FAILURES_MAX = 5;
/** A conversation of a healthy session takes no longer than this. */
const HEALTHY_MS = 2_000;
const TIMEOUT_MS = 60_000 + COUNT * 500;
const HEAP_GROWTH_MAX = 32 * 1024 * 1024;

let stages: Stage[] = [];

beforeAll(async () => {
  for (let lane = 0; lane < LANES; lane++) stages.push(await Stage.create());
});

afterAll(async () => {
  for (const stage of stages) await stage.end();
  stages = [];
});

function heapSize(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

/** Sessions that ask on and on, until they are told to stop; the longest time that they waited. */
async function keepAsking(clients: readonly pg.Client[], isOver: () => boolean): Promise<number> {
  let longestMs = 0;
  while (!isOver()) {
    for (const client of clients) {
      const before = performance.now();
      const { rows } = await client.query(
        "SELECT count(*)::int AS count FROM pg_class WHERE false",
      );
      expect(rows).toEqual([{ count: 0 }]);
      longestMs = Math.max(longestMs, performance.now() - before);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return longestMs;
}

function report({ said, fault, direct, through }: Failure): string {
  const turns = said.turns.map((turn) => turn.map(clientLine).join("\n"));
  return [
    `STRADDLE_FUZZ_SEED=${said.seed} STRADDLE_FUZZ_COUNT=1: ${said.name}, ${said.way}`,
    `  ${said.mutations.join(", ")}`,
    fault,
    said.startup === undefined ? "" : `startup ${said.startup.toString("hex")}`,
    ...turns,
    "directly",
    ...direct,
    "through",
    ...through,
    "",
  ].join("\n");
}

/** Plays conversations in all lanes, with healthy sessions beside them, and gives what went wrong. */
async function fuzz(playOne: (seed: number, stage: Stage) => Promise<string | undefined>) {
  let next = 0;
  let isOver = false;
  let heapBefore = 0;
  const failures: string[] = [];
  const healthy = await Promise.all(stages.map((stage) => stage.healthy()));
  const clients = healthy.flat();
  const asking = keepAsking(clients, () => isOver);
  const runLane = async (stage: Stage) => {
    while (next < COUNT && failures.length < FAILURES_MAX) {
      // By then caches are filled.
      if (next === Math.floor(COUNT / 4)) heapBefore = heapSize();
      const failure = await playOne(SEED + next++, stage);
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all(stages.map(runLane));
  isOver = true;
  const longestMs = await asking;
  await Promise.all(clients.map((client) => client.end()));

  expect(failures.join("\n")).toBe("");
  for (const straddle of stages.flatMap((stage) => stage.straddles)) {
    expect(await bugCount(straddle)).toBe(0);
  }
  expect(longestMs).toBeLessThan(HEALTHY_MS);
  expect(heapSize() - heapBefore).toBeLessThan(HEAP_GROWTH_MAX);
}

for (const { name, ...said } of CORPUS) {
  test(name, async () => {
    const [stage] = stages;
    if (stage === undefined) throw new Error("there are lanes");
    const whole = { mutations: [], startup: undefined, seed: 1, ...said, name };
    const failure = await compare(whole, stage);
    expect(failure === undefined ? "" : report(failure)).toBe("");
  });
}

test(
  `${COUNT} conversations from seed ${SEED}, broken on the client's side`,
  () =>
    fuzz(async (seed, stage) => {
      const failure = await compare(saidBy(seed, stage), stage);
      return failure && report(await shrunk(failure, stage));
    }),
  TIMEOUT_MS,
);

test(
  `${COUNT} conversations from seed ${SEED}, broken on the server's side`,
  () => fuzz(breakAnswers),
  TIMEOUT_MS,
);
