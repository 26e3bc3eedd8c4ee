import { type Intervention, markedIntervention } from "../guard/lock-timeout.ts";
import { encodeNoticeResponse } from "../wire/encode.ts";
import { decodeFields } from "../wire/fields.ts";
import type { Dialogue } from "./dialogue.ts";
import { currentExecution } from "./pipeline-entry.ts";
import { shownFields } from "./shown-fields.ts";

/**
 * Sends a notice on, in the client's names. One by which the guard's own statement tells what it did is
 * not for the client: that is given back, and holds for the statement that comes next.
 */
export function takeNotice(
  dialogue: Dialogue,
  buffer: Buffer,
  start: number,
  end: number,
): Intervention | undefined {
  const { pipeline, toClient, encoding } = dialogue;
  const entry = pipeline.head;
  const current = entry && currentExecution(entry, pipeline.answeredCount);
  const decode = () => decodeFields(buffer, start, end, encoding);
  if (current !== undefined && (entry?.isOwn === true || current.isOwn)) {
    const intervention = markedIntervention(decode());
    if (intervention !== undefined) return intervention;
  }
  const fields =
    entry === undefined || current === undefined
      ? undefined
      : shownFields(dialogue, entry, current, { sqlstate: "", decode });
  if (fields === undefined) toClient.addSlice(buffer, start, end);
  else toClient.add(encodeNoticeResponse(fields, encoding));
  return undefined;
}
