import type { VersionTag } from "../version/tag.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Outcome } from "./pipeline-entry.ts";
import { bytesOf } from "./prepared-statements.ts";
import type { TextPlan } from "./text-plan.ts";

type Settle = (outcome: Outcome) => void;

/**
 * Registers what SQL's PREPARE is about to make, so that it is prepared again after a rename as what the protocol
 * prepares. Gives what to call at its end, `leave` included, which takes it back when the server did not make it;
 * just `leave` where the plan is no PREPARE. One that stands among others in its text is left alone: it has no
 * name in it that changes.
 */
export function settlingPrepare(
  dialogue: Dialogue,
  plan: TextPlan,
  source: {
    readonly text: string | undefined;
    readonly tag: VersionTag | undefined;
    readonly traceId: string | undefined;
  },
  leave: Settle | undefined,
): Settle | undefined {
  const [first, another] = plan.statements;
  const name = first?.facts?.prepares;
  if (name === undefined || another !== undefined || first?.refusal !== undefined) return leave;
  // A walsender has no protocol by which a statement could be let go of first.
  if (dialogue.info.replication !== "none") return leave;
  const undo = dialogue.prepared.prepare({
    name: bytesOf(name, dialogue.encoding),
    by: "sql",
    text: source.text,
    parameterTypes: Buffer.alloc(0),
    traceId: source.traceId,
    tag: source.tag,
    plan,
    generation: dialogue.generation,
    isLost: false,
  });
  return (outcome) => {
    leave?.(outcome);
    if (outcome !== "done") undo(true);
  };
}
