import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { query } from "../support/client-frames.ts";
import { clientLine } from "../support/transcript.ts";
import { Canary } from "./canary.ts";
import { type Case, caseOf } from "./fast-case.ts";
import { faultOf } from "./fast-judge.ts";
import { playFast } from "./fast-play.ts";
import { RECORDED_WAYS } from "./recording.ts";
import { createRigs, type Rig } from "./rig.ts";

/**
 * The fast fuzzer: sessions without sockets, between a client and a server that say what real ones were
 * heard to say. It breaks either leg or both; what must hold is in `fast-judge.ts`.
 */

const SEED = Number(process.env["STRADDLE_FUZZ_SEED"] ?? 1);
const COUNT = Number(process.env["STRADDLE_FUZZ_COUNT"] ?? 4_000);
const FAILURES_MAX = 5;
const TIMEOUT_MS = 60_000 + COUNT * 10;
/** Caches fill with texts that nobody sends twice: 4,000 conversations leave 50 MB, and a million 67 MB. */
const HEAP_GROWTH_MAX = 96 * 1024 * 1024;
/** A healthy session asks something once in so many conversations. */
const CANARY_EVERY = 100;

function heapSize(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

function report(seed: number, { rig, recording, broken, mutations, script }: Case, fault: string) {
  return [
    `STRADDLE_FUZZ_SEED=${seed} STRADDLE_FUZZ_COUNT=1: ${recording.name}, ${rig.name}, ${broken}`,
    `  ${mutations.join(", ")}`,
    fault,
    ...script.turns.map((turn) => clientLine(Buffer.concat(turn))),
  ].join("\n");
}

async function fuzz(rigs: readonly Rig[]): Promise<void> {
  const failures: string[] = [];
  const canaries = rigs.map((rig) => new Canary(rig));
  let heapBefore = 0;
  const startMs = performance.now();
  for (let done = 0; done < COUNT && failures.length < FAILURES_MAX; done++) {
    // By then caches are filled.
    if (done === Math.floor(COUNT / 4)) heapBefore = heapSize();
    const one = caseOf(SEED + done, rigs);
    const fault = faultOf(one, await playFast(one.rig, one.script));
    if (fault !== undefined) {
      failures.push(report(SEED + done, one, fault));
      // At once: a long run may not come to its end.
      process.stderr.write(`${failures.at(-1)}\n`);
    }
    if (done % CANARY_EVERY !== 0) continue;
    for (const canary of canaries) expect(await canary.ask(query("SELECT 3"))).toBe("T D C Z");
    if (done > 0 && done % 50_000 === 0) {
      const perSecond = Math.round((done * 1000) / (performance.now() - startMs));
      process.stderr.write(`${done} conversations, ${perSecond} a second\n`);
    }
  }
  for (const canary of canaries) canary.end();
  expect(failures.join("\n\n")).toBe("");
  expect(heapSize() - heapBefore).toBeLessThan(HEAP_GROWTH_MAX);
}

test(
  `${COUNT} conversations from seed ${SEED}, broken on either side`,
  async () => fuzz(await createRigs(RECORDED_WAYS)),
  TIMEOUT_MS,
);
