import type { VersionTag } from "../version/tag.ts";
import type { Dialogue } from "./dialogue.ts";
import { bytesOf } from "./prepared-statements.ts";
import type { TextPlan } from "./text-plan.ts";

/**
 * Registers what SQL's PREPARE is about to make, so that it is prepared again after a rename as what the protocol
 * prepares. The returned function takes it back when the server did not make it; undefined where the text is no
 * PREPARE. One that stands among others in its text is left alone: it has no name in it that changes.
 */
export function preparedBySql(
  dialogue: Dialogue,
  made: {
    readonly plan: TextPlan;
    readonly text: string | undefined;
    readonly tag: VersionTag | undefined;
    readonly traceId: string | undefined;
  },
): (() => void) | undefined {
  const [first, another] = made.plan.statements;
  const name = first?.facts?.prepares;
  if (name === undefined || another !== undefined || first?.refusal !== undefined) return undefined;
  // A walsender has no protocol by which a statement could be let go of first.
  if (dialogue.info.replication !== "none") return undefined;
  const undo = dialogue.prepared.prepare({
    name: bytesOf(name, dialogue.encoding),
    by: "sql",
    text: made.text,
    parameterTypes: Buffer.alloc(0),
    traceId: made.traceId,
    tag: made.tag,
    plan: made.plan,
    generation: dialogue.generation,
    isLost: false,
  });
  return () => undo(true);
}
