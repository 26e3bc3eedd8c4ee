import {
  attemptNotice,
  LOCK_NOT_AVAILABLE,
  leavesNothing,
  pauseMs,
  pauseSql,
} from "../guard/lock-retry.ts";
import { encodeErrorResponse, encodeNoticeResponse, READY_IDLE, SYNC } from "../wire/encode.ts";
import type { ClientFrame, Step } from "./client-frame.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Execution } from "./execution.ts";
import { inquire } from "./inquiry.ts";
import { observe } from "./observe.ts";
import type { Entry, ErrorFields } from "./pipeline-entry.ts";
import type { TextPlan } from "./text-plan.ts";

/** A schema change that stands alone, and the messages that would run it again. */
interface Kept {
  readonly frames: Buffer[];
  /** Of the extended protocol: what was bound, and whether its Execute was seen. */
  readonly bound: Execution | undefined;
  isComplete: boolean;
}

/**
 * Sends a lone schema change again that did not get its lock (55P03). Its error is swallowed; behind its
 * ReadyForQuery the client's messages are put in front of all else, and wait there for the end of a
 * pause, which the server makes.
 *
 * Of the extended protocol Bind and Execute are sent again. What the client has read of the first
 * attempt it does not read twice, and prepared statements outlive the failed transaction.
 */
export class Retry {
  /** From the first failed attempt up to what the client reads of the last one. */
  isActive = false;
  /** The error was swallowed, and its ReadyForQuery is yet to come. */
  isDue = false;
  /** The client has closed its side: it may not be there any more. */
  isOff = false;
  /** The client's messages are kept back, or those of the statement dropped. */
  isHolding = false;
  /** How often the statement at hand was sent, or is about to be. */
  attempt = 1;
  /** The first of them. */
  first: Execution | undefined;

  readonly #dialogue: Dialogue;
  #kept: Kept | undefined;
  #dropCount = 0;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** A Query that is about to be sent. */
  noteQuery(frame: ClientFrame, plan: TextPlan): void {
    if (!this.#isOn) return;
    const isAlone = this.#isRetried(plan, frame) && this.#dialogue.unsyncedCount === 0;
    this.#kept = isAlone
      ? { frames: [bytesOf(frame)], bound: undefined, isComplete: true }
      : undefined;
  }

  /** A Bind that is about to be sent, and what it binds. */
  noteBind(frame: ClientFrame, execution: Execution): void {
    if (!this.#isOn) return;
    const isAlone = this.#isRetried(execution.plan, frame) && !this.#dialogue.hasBound;
    this.#kept = isAlone
      ? { frames: [bytesOf(frame)], bound: execution, isComplete: false }
      : undefined;
  }

  /** An Execute that is about to be sent, and what was bound to its portal. */
  noteExecute(frame: ClientFrame, bound: Execution): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    if (kept.isComplete || kept.bound !== bound) {
      this.#kept = undefined;
      return;
    }
    kept.frames.push(bytesOf(frame));
    kept.isComplete = true;
  }

  /** Whether an error is for nobody to see, as the statement is sent again. */
  takes(sqlstate: string, entry: Entry, execution: Execution): boolean {
    if (sqlstate !== LOCK_NOT_AVAILABLE || this.#kept?.isComplete !== true) return false;
    if (this.isOff || this.attempt >= this.#policy.attempts) return false;
    // Of Straddle's own only the fence of a window's rename waits for its lock.
    if (execution.isOwn && !isFlip(execution)) return false;
    if (entry.kind !== "query" && entry.kind !== "execute") return false;
    if (!this.#isLast(entry)) return false;
    this.first ??= execution;
    this.attempt += 1;
    this.isActive = this.isDue = this.isHolding = true;
    // Nobody is kept back meanwhile: the next attempt is a flip of its own.
    this.#dialogue.endFlip();
    return true;
  }

  /** The failed attempt is over: tells the client, and makes the pause. */
  pause(): void {
    const dialogue = this.#dialogue;
    const { toClient, encoding, context, info, controls } = dialogue;
    this.isDue = false;
    const kept = this.#kept;
    if (kept === undefined) return;
    const pause = pauseMs(this.#policy, this.attempt, Math.random());
    const isOfFlip = this.first !== undefined && isFlip(this.first);
    const notice = attemptNotice(this.attempt, pause, { policy: this.#policy, isOfFlip });
    toClient.add(encodeNoticeResponse(notice, encoding));
    context.observer.retried(info);
    const frames = kept.bound === undefined ? kept.frames : [...kept.frames, SYNC];
    inquire(dialogue, pauseSql(pause), (rows, error) => {
      if (rows === undefined) this.#giveUp(frames.length, error);
      this.isHolding = this.#dropCount > 0;
      controls.resumeClient();
    });
    controls.replay(frames);
  }

  /** What becomes of the client's next message, while `isHolding`. */
  hold(): Step {
    if (this.#dropCount === 0) return "blocked";
    this.#dropCount -= 1;
    this.isHolding = this.#dropCount > 0;
    return "done";
  }

  /** The client reads how its statement ended. */
  over(): void {
    this.#kept = undefined;
    this.isActive = false;
    this.attempt = 1;
    this.first = undefined;
  }

  /** The pause was ended: by a cancel request, say. So is the statement. */
  #giveUp(frameCount: number, error: ErrorFields | undefined): void {
    // Without an error it is the session that has ended.
    if (error === undefined) return;
    const { toClient, encoding } = this.#dialogue;
    toClient.add(encodeErrorResponse(error, encoding));
    if (error.get("V") === "ERROR") toClient.add(READY_IDLE);
    this.attempt -= 1; // It was not sent.
    const sqlstate = error.get("C");
    if (this.first !== undefined) {
      observe(this.#dialogue, this.first, { rows: 0, sqlstate, intervention: undefined });
    }
    this.#dropCount = frameCount;
    this.over();
  }

  get #policy() {
    return this.#dialogue.context.retry;
  }

  get #isOn(): boolean {
    return this.#policy.attempts > 1;
  }

  #isRetried({ statements }: TextPlan, { start, end, isHead }: ClientFrame): boolean {
    const [statement, second] = statements;
    if (statement === undefined || second !== undefined) return false;
    const { lock, facts, refusal } = statement;
    if (lock === undefined || facts === undefined || refusal !== undefined) return false;
    if (!leavesNothing(facts.parsed.kind, lock)) return false;
    const { status, pipeline, context } = this.#dialogue;
    if (status !== "I" || isHead || end - start > context.limits.replaySizeMax) return false;
    return !pipeline.owed.some(({ kind, isOwn }) => !isOwn && ENDS.has(kind));
  }

  /** Whether the client has asked for nothing behind it but the Sync of its own batch. */
  #isLast(head: Entry): boolean {
    const behind = this.#dialogue.pipeline.owed.filter((each) => each !== head && !each.isOwn);
    if (head.kind === "query") return behind.length === 0;
    // What stands before the client's Execute can fail in its place.
    if (head.isOwn && behind.shift()?.kind !== "execute") return false;
    return behind.length === 1 && behind[0]?.kind === "sync";
  }
}

const ENDS: ReadonlySet<Entry["kind"]> = new Set(["sync", "query", "function_call"]);

/** Whether it is a rename that carries out a window's. */
function isFlip({ plan, index }: Execution): boolean {
  return plan.statements[index]?.flips !== undefined;
}

function bytesOf({ buffer, start, end }: ClientFrame): Buffer {
  return buffer.subarray(start, end);
}
