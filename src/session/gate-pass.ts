import { performance } from "node:perf_hooks";
import { FLUSH } from "../wire/encode.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Outcome } from "./pipeline-entry.ts";
import type { TextPlan } from "./text-plan.ts";

/**
 * Whether a plan may be sent now, as far as flips are concerned: its first touch of a relation that
 * is being flipped waits, and a flip of its own waits until all others are out of the way.
 *
 * Gives what to do when the answer is there, or "blocked", with `resumeClient` to follow.
 */
export function passGate(
  dialogue: Dialogue,
  plan: TextPlan,
  use: { readonly isExecuted: boolean },
): "blocked" | "free" | ((outcome: Outcome) => void) {
  const { context, controls, pins } = dialogue;
  const { gate, limits } = context;
  if (use.isExecuted) {
    for (const { flips } of plan.statements) {
      if (flips === undefined) continue;
      if (dialogue.flip === undefined) {
        dialogue.flip = { oid: flips, owner: { onEmpty: controls.resumeClient, isOver: false } };
        flushOwn(dialogue);
      }
      if (!gate.close(dialogue.flip.oid, dialogue.flip.owner, limits.holdMs)) return "blocked";
    }
  }
  let wanted: number[] | undefined;
  for (const { touched } of plan.statements) {
    for (const oid of touched) {
      if (pins.has(oid) || oid === dialogue.flip?.oid) continue;
      wanted ??= [];
      wanted.push(oid);
    }
  }
  if (wanted === undefined) return "free";
  if (!gate.enter(wanted, controls.resumeClient)) {
    if (dialogue.heldSince === undefined) flushOwn(dialogue);
    dialogue.heldSince ??= performance.now();
    return "blocked";
  }
  dialogue.holdEnded();
  for (const oid of wanted) pins.add(oid);
  const entered = wanted;
  return () => gate.leave(entered);
}

/** What this session has sent has entered doors of its own: flips wait for it to be answered, and it may wait for them. */
function flushOwn({ unsyncedCount, toServer }: Dialogue): void {
  if (unsyncedCount > 0) toServer.add(FLUSH);
}

/** The same as a callback of an entry. */
export function leaving(
  pass: "free" | ((outcome: Outcome) => void),
): ((outcome: Outcome) => void) | undefined {
  return pass === "free" ? undefined : pass;
}
