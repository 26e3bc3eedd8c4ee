import { encodeQuery } from "../wire/encode.ts";
import type { Chooser } from "./chooser.ts";
import { isText } from "./client-encoding.ts";
import type { ClientFrame, Step } from "./client-frame.ts";
import type { Dialogue } from "./dialogue.ts";
import { textExecution } from "./execution.ts";
import type { Freshener } from "./freshener.ts";
import { leaving, passGate } from "./gate-pass.ts";
import type { LockJudge } from "./lock-judge.ts";
import { settlingPrepare } from "./prepared-by-sql.ts";
import { failingSql } from "./refusal.ts";
import type { RuleJudge } from "./rule-judge.ts";
import { expectReply, firstRefusal, forward, keepForReplay } from "./sending.ts";
import { couldBeAnything, functionCallPlan, oversizePlan, unreadChoice } from "./special-plans.ts";
import { sendReplicationCommand } from "./walsender.ts";

/** The client's Query and FunctionCall: messages that are answered up to a ReadyForQuery each. */
export class SimpleHandler {
  readonly #dialogue: Dialogue;
  readonly #chooser: Chooser;
  readonly #freshener: Freshener;
  readonly #judge: LockJudge;
  readonly #rules: RuleJudge;

  constructor(
    dialogue: Dialogue,
    parts: {
      readonly chooser: Chooser;
      readonly freshener: Freshener;
      readonly judge: LockJudge;
      readonly rules: RuleJudge;
    },
  ) {
    this.#dialogue = dialogue;
    this.#chooser = parts.chooser;
    this.#freshener = parts.freshener;
    this.#judge = parts.judge;
    this.#rules = parts.rules;
  }

  query(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    if (sendReplicationCommand(dialogue, frame)) return "done";
    if (frame.isHead) return this.#oversizeQuery(frame);
    const end = Math.max(frame.start + 5, frame.end - 1); // Without the NUL.
    const choice = this.#chooser.chooseQuery(frame.buffer, frame.start + 5, end);
    if (choice === undefined) return "blocked";
    const ruled = this.#rules.judge(choice);
    if (ruled === undefined) return "blocked";
    if (!this.#judge.isSettled({ plan: ruled, text: choice.text })) return "blocked";
    const fresh = this.#freshener.freshenExecuted(ruled);
    if (fresh === undefined) return "blocked";
    const pass = passGate(dialogue, fresh, { isExecuted: true });
    if (pass === "blocked") return "blocked";

    this.#rules.sent();
    const plan = this.#judge.apply({ plan: fresh, text: choice.text });
    const simple = dialogue.context.decider.simpleText(plan, choice.text);
    if (simple.ranText !== undefined && !this.#isWhole(frame)) {
      forward(dialogue, frame);
      expectReply(dialogue, "query", [], leaving(pass));
      this.#ended();
      return "done";
    }
    const executions = simple.parts.map(({ index, isOwn }) =>
      textExecution(choice, { plan, index, isOwn, protocol: "simple" }),
    );
    keepForReplay(dialogue, frame, plan);
    dialogue.retry.noteQuery(frame, plan);
    if (simple.ranText === undefined) forward(dialogue, frame);
    else dialogue.toServer.add(encodeQuery(simple.ranText, dialogue.encoding));
    for (const statement of plan.statements) dialogue.noteSent(statement);
    const settle = settlingPrepare(dialogue, choice.plan, choice, leaving(pass));
    expectReply(dialogue, "query", executions, settle);
    this.#ended();
    return "done";
  }

  functionCall(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const hasOid = frame.end - frame.start >= 9;
    const plan = functionCallPlan(hasOid ? frame.buffer.readUInt32BE(frame.start + 5) : 0);
    forward(dialogue, frame);
    keepForReplay(dialogue, frame);
    const choice = unreadChoice(dialogue, plan, plan.statements[0]?.shape.normalized);
    expectReply(dialogue, "function_call", [textExecution(choice, { protocol: "function_call" })]);
    // It could be set_config.
    dialogue.forgetSchemas();
    dialogue.hasUnsettledSession = true;
    return "done";
  }

  #oversizeQuery(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const plan = oversizePlan(dialogue);
    const choice = unreadChoice(dialogue, plan);
    const refusal = firstRefusal(plan);
    keepForReplay(dialogue, frame, plan);
    if (refusal === undefined) forward(dialogue, frame);
    else dialogue.toServer.add(encodeQuery(failingSql(refusal), "latin1"));
    expectReply(dialogue, "query", [textExecution(choice, { protocol: "simple" })]);
    if (refusal === undefined) couldBeAnything(dialogue);
    this.#ended();
    return refusal === undefined ? "done" : "discard";
  }

  /** Whether the message is a text and its NUL: the server says what is wrong with any other. */
  #isWhole({ buffer, start, end }: ClientFrame): boolean {
    const textStart = start + 5;
    const textEnd = end - 1;
    if (textEnd < textStart || buffer[textEnd] !== 0) return false;
    return isText(buffer.subarray(textStart, textEnd), this.#dialogue.encoding);
  }

  /**
   * A Query lets go of the unnamed statement. It does not always end the batch that it stands in: its
   * ReadyForQuery tells, and a Query behind an error is ignored with all else up to a Sync.
   */
  #ended(): void {
    this.#dialogue.prepared.closeStatement("");
    this.#dialogue.exit = undefined;
    this.#judge.batchSent();
  }
}
