import { type LockTimeoutPolicy, lockTimeoutGuard } from "../guard/lock-timeout.ts";
import { applyEdits, type Edit } from "../sql/edit.ts";
import { flipFence } from "./flip-fence.ts";
import { failingSql } from "./refusal.ts";
import type { TextPlan } from "./text-plan.ts";

/** A text as the simple protocol sends it: the guard's checks and failing statements are in it. */
export interface SimpleText {
  readonly edits: readonly Edit[];
  /** Undefined where the text goes on as it came. */
  readonly ranText: string | undefined;
  /** One per CommandComplete that the server will send. */
  readonly parts: readonly { readonly index: number; readonly isOwn: boolean }[];
}

export interface TextOptions {
  readonly policy: LockTimeoutPolicy;
  /** Of the store by which a fleet agrees on flips; undefined where there is none. */
  readonly fleetSchema?: string | undefined;
}

/** Puts a plan's edits, checks, fences and failures into its text. */
export function simpleTextOf(
  plan: TextPlan,
  text: string,
  { policy, fleetSchema }: TextOptions,
): SimpleText {
  const parts: { index: number; isOwn: boolean }[] = [];
  const edits: Edit[] = [];
  const isAlone = plan.statements.length === 1;
  const whole = plan.isWhole === true ? plan.statements[0]?.refusal : undefined;
  if (whole !== undefined) {
    const ranText = failingSql(whole);
    const edit: Edit = { start: 0, end: text.length, text: ranText, kind: "frame" };
    return { edits: [edit], ranText, parts: [{ index: 0, isOwn: false }] };
  }
  for (const [index, statement] of plan.statements.entries()) {
    const { facts, refusal, lock, flips } = statement;
    const start = facts?.start ?? 0;
    const end = facts?.end ?? text.length;
    const guard =
      lock === undefined || lock.inBlock === "refused" || refusal !== undefined
        ? undefined
        : lockTimeoutGuard(lock, policy);
    if (guard !== undefined) {
      edits.push({ start, end: start, text: `${guard.before}; `, kind: "frame" });
      parts.push({ index, isOwn: true });
    }
    if (fleetSchema !== undefined && flips !== undefined && refusal === undefined) {
      edits.push({ start, end: start, text: `${flipFence(fleetSchema, flips)}; `, kind: "frame" });
      parts.push({ index, isOwn: true });
    }
    if (refusal !== undefined) {
      edits.push({ start, end, text: failingSql(refusal), kind: "frame" });
    } else if (isAlone) {
      edits.push(...plan.edits);
    } else {
      edits.push(...plan.edits.filter((edit) => edit.start >= start && edit.end <= end));
    }
    parts.push({ index, isOwn: false });
    if (guard?.after !== undefined) {
      edits.push({ start: end, end, text: `; ${guard.after}`, kind: "frame" });
      parts.push({ index, isOwn: true });
    }
  }
  const ranText = edits.length > 0 ? applyEdits(text, edits) : undefined;
  return { edits, ranText, parts };
}
