import { encodeParse } from "../wire/encode.ts";
import { Client } from "../wire/frame-type.ts";
import type { ClientFrame, Step } from "./client-frame.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Execution } from "./execution.ts";
import { OWN_NAME } from "./inquiry.ts";
import type { EntryKind, Outcome } from "./pipeline-entry.ts";
import { failingSql } from "./refusal.ts";
import type { Refusal, TextPlan } from "./text-plan.ts";

/** Sends the client's message on as it came. */
export function forward(dialogue: Dialogue, frame: ClientFrame): Step {
  dialogue.toServer.addSlice(frame.buffer, frame.start, frame.end);
  return "done";
}

/** Sends on a message of the extended protocol of which nothing is known: the server will tell. */
export function forwardUnread(dialogue: Dialogue, frame: ClientFrame, kind: EntryKind): Step {
  keepForReplay(dialogue, frame);
  forward(dialogue, frame);
  expectExtended(dialogue, kind, []);
  return "done";
}

/** A reply is owed for a message that ends a batch or stands for itself. */
export function expectReply(
  dialogue: Dialogue,
  kind: EntryKind,
  executions: readonly Execution[],
  settle?: (outcome: Outcome) => void,
  refusal?: Refusal,
): void {
  // Of a statement that is tried again the client has read a BindComplete already.
  const isOwn = kind === "bind" && dialogue.retry.isActive;
  dialogue.pipeline.push({ kind, isOwn, executions, settle, refusal });
}

/** A reply is owed for a message inside a batch. */
export function expectExtended(
  dialogue: Dialogue,
  kind: EntryKind,
  executions: readonly Execution[],
  settle?: (outcome: Outcome) => void,
  refusal?: Refusal,
): void {
  dialogue.unsyncedCount += 1;
  expectReply(dialogue, kind, executions, settle, refusal);
}

/** Makes the server fail in place of the client's message, in the extended protocol. */
export function failExtended(
  dialogue: Dialogue,
  frame: ClientFrame,
  kind: EntryKind,
  failure: { readonly refusal: Refusal; readonly executions: readonly Execution[] },
): Step {
  const { refusal, executions } = failure;
  dialogue.toServer.add(encodeParse(OWN_NAME, failingSql(refusal), "latin1"));
  keepForReplay(dialogue, frame);
  expectExtended(dialogue, kind, executions, undefined, refusal);
  return frame.isHead ? "discard" : "done";
}

/** Keeps a message, so that its batch can be sent again after a flip. */
export function keepForReplay(dialogue: Dialogue, frame: ClientFrame, plan?: TextPlan): void {
  if (dialogue.windows.length === 0) return;
  const reliesOnNames = plan?.statements.some((each) => each.reliesOnNames) ?? false;
  // A Query is a batch of its own, and worth keeping only if it relies on names itself.
  if (frame.type === Client.query && !reliesOnNames && dialogue.batch === undefined) return;
  dialogue.recordFrame(frame, reliesOnNames);
  if (frame.isHead && dialogue.batch !== undefined) dialogue.batch.isWhole = false;
}

export function firstRefusal(plan: TextPlan): Refusal | undefined {
  return plan.statements[0]?.refusal;
}
