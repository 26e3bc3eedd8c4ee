import {
  judgeLockTimeout,
  type LockTimeoutVerdict,
  lockTimeoutInquiry,
} from "../guard/lock-timeout.ts";
import type { Lock } from "../guard/locks.ts";
import { encodeNoticeResponse } from "../wire/encode.ts";
import type { Dialogue } from "./dialogue.ts";
import { endOwn, inquire, sendOwn } from "./inquiry.ts";
import type { ErrorFields } from "./pipeline-entry.ts";
import type { StatementPlan, TextPlan } from "./text-plan.ts";

/** A text and its plan. */
interface Judged {
  readonly plan: TextPlan;
  readonly text: string;
}

const NOT_ALONE = {
  message: "straddle cannot check the lock_timeout of this statement here",
  detail:
    "It does not run in a transaction block, and other statements stand before it in its batch.",
  hint: "Send it on its own, with a Sync before it.",
};

/**
 * The guard's check of statements that refuse to run in a transaction block: it can't stand beside
 * them in one transaction, so the server is asked before, with a round trip of its own.
 */
export class LockJudge {
  readonly #dialogue: Dialogue;
  /** What the server said, for the text that is waiting for it. */
  #judged:
    | {
        readonly text: string;
        readonly verdict: LockTimeoutVerdict;
        /** What it said instead of an answer. */
        readonly error?: ErrorFields | undefined;
      }
    | undefined;
  /** SQL of Straddle's own to run when the client's batch is over. */
  #afterBatch: string | undefined;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /**
   * False while the server is asked, or the way to asking it is not clear yet. In the extended
   * protocol it is asked at each Bind: a Parse locks nothing, and what it was told then may be old.
   */
  isSettled({ plan, text }: Judged): boolean {
    const dialogue = this.#dialogue;
    const lock = loneLock(plan);
    if (lock === undefined || this.#judged?.text === text) return true;
    // In the data of a COPY the server takes no statement at all.
    if (dialogue.pipeline.isCopyIn) return true;
    if (!dialogue.pipeline.isDrained) {
      dialogue.waitForDrain();
      return false;
    }
    if (dialogue.status !== "I") return true;
    if (dialogue.hasBound) {
      // A Sync here would commit what the batch has done.
      this.#judged = { text, verdict: { kind: "refuse", text: NOT_ALONE } };
      return true;
    }
    // Nothing but Parse, Describe and Close can stand before it: there is nothing to commit.
    dialogue.unsyncedCount = 0;
    inquire(dialogue, lockTimeoutInquiry(lock), (rows, error) => {
      const verdict = judgeLockTimeout(rows?.[0], lock, dialogue.context.policy);
      this.#judged = { text, verdict, error };
      dialogue.controls.resumeClient();
    });
    return false;
  }

  /** The plan, as the server's answer leaves it. */
  apply({ plan, text }: Judged): TextPlan {
    const dialogue = this.#dialogue;
    const judged = this.#judged;
    this.#judged = undefined;
    if (judged?.text !== text) return plan;
    const { verdict, error } = judged;
    const rule = "lock-timeout";
    switch (verdict.kind) {
      case "allow":
        return withFirst(plan, { lock: undefined });
      case "refuse": {
        const refusal = {
          ...verdict.text,
          rule,
          sqlstate: "55000",
          offset: undefined,
          serverError: error,
        };
        return withFirst(plan, { verdict: "refuse", refusal });
      }
      case "warn": {
        const { message, detail, hint } = verdict.text;
        const fields = { S: "WARNING", V: "WARNING", C: "01000", M: message, D: detail, H: hint };
        dialogue.toClient.add(
          encodeNoticeResponse(new Map(Object.entries(fields)), dialogue.encoding),
        );
        return withFirst(plan, { verdict: "warn", lock: undefined });
      }
      case "inject":
        sendOwn(dialogue, verdict.before);
        endOwn(dialogue, true);
        this.#afterBatch = verdict.after;
        return withFirst(plan, { verdict: "inject", lock: undefined });
    }
  }

  /** Puts back what an injected setting replaced. To be called when a batch has been sent. */
  batchSent(): void {
    const sql = this.#afterBatch;
    if (sql === undefined) return;
    this.#afterBatch = undefined;
    sendOwn(this.#dialogue, sql, { swallowsError: true });
    endOwn(this.#dialogue, true);
  }
}

/** The lock of a statement that stands alone and can't run in a transaction block. */
function loneLock(plan: TextPlan): Lock | undefined {
  const [statement, second] = plan.statements;
  if (second !== undefined || statement?.refusal !== undefined) return undefined;
  return statement?.lock?.inBlock === "allowed" ? undefined : statement?.lock;
}

function withFirst(plan: TextPlan, change: Partial<StatementPlan>): TextPlan {
  const [first, ...rest] = plan.statements;
  if (first === undefined) return plan;
  return { ...plan, statements: [{ ...first, ...change }, ...rest] };
}
