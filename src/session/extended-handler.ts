import { lockTimeoutGuard } from "../guard/lock-timeout.ts";
import { ByteReader } from "../wire/byte-reader.ts";
import { encodeParse } from "../wire/encode.ts";
import type { Chooser } from "./chooser.ts";
import { isText } from "./client-encoding.ts";
import type { ClientFrame, Step } from "./client-frame.ts";
import type { Dialogue } from "./dialogue.ts";
import { preparedExecution, textExecution } from "./execution.ts";
import { flipFence } from "./flip-fence.ts";
import type { Freshener } from "./freshener.ts";
import { leaving, passGate } from "./gate-pass.ts";
import { sendOwn } from "./inquiry.ts";
import type { LockJudge } from "./lock-judge.ts";
import { settlingPrepare } from "./prepared-by-sql.ts";
import type { RuleJudge } from "./rule-judge.ts";
import {
  expectExtended,
  failExtended,
  firstRefusal,
  forward,
  forwardUnread,
  keepForReplay,
} from "./sending.ts";
import { couldBeAnything, oversizePlan, unreadChoice } from "./special-plans.ts";

const STATEMENT = "S".charCodeAt(0);

/** The client's Parse, Bind, Describe, Execute and Close. */
export class ExtendedHandler {
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

  parse(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    if (frame.isHead) return this.#oversizeParse(frame);
    const { buffer, end } = frame;
    const reader = new ByteReader(buffer, frame.start + 5, end);
    const name = reader.text("latin1");
    const textStart = reader.position;
    const textEnd = buffer.indexOf(0, textStart);
    if (textEnd === -1 || textEnd >= end) return forwardUnread(dialogue, frame, "parse");
    reader.position = textEnd + 1;
    const typeCount = reader.int16();
    if (typeCount * 4 !== reader.remaining) return forwardUnread(dialogue, frame, "parse");

    const choice = this.#chooser.choose(buffer, textStart, textEnd);
    if (choice === undefined) return "blocked";
    const { plan } = choice;
    const isEdited = plan.ranText !== undefined;
    if (isEdited && !isText(buffer.subarray(textStart, textEnd), dialogue.encoding)) {
      return forwardUnread(dialogue, frame, "parse");
    }
    const pass = passGate(dialogue, plan, { isExecuted: false });
    if (pass === "blocked") return "blocked";
    const executions = [textExecution(choice, { plan, protocol: "extended" })];
    const refusal = firstRefusal(plan);
    if (refusal !== undefined) {
      return failExtended(dialogue, frame, "parse", { refusal, executions });
    }
    const parameterTypes = Buffer.from(buffer.subarray(textEnd + 1, end));
    const undo = dialogue.prepared.prepare({
      name,
      by: "protocol",
      text: choice.text,
      parameterTypes,
      traceId: choice.traceId,
      tag: choice.tag,
      plan,
      generation: dialogue.generation,
      isLost: false,
    });
    keepForReplay(dialogue, frame, plan);
    if (plan.ranText === undefined) {
      forward(dialogue, frame);
    } else {
      dialogue.toServer.add(encodeParse(name, plan.ranText, dialogue.encoding, parameterTypes));
    }
    const shown = plan.statements.length === 0 ? [] : executions;
    expectExtended(dialogue, "parse", shown, (outcome) => {
      leaving(pass)?.(outcome);
      if (outcome !== "done") undo(outcome === "failed");
    });
    return "done";
  }

  bind(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const reader = new ByteReader(frame.buffer, frame.start + 5, frame.end);
    const portal = reader.text("latin1");
    const statement = dialogue.prepared.statement(reader.text("latin1"));
    if (statement === undefined) return forwardUnread(dialogue, frame, "bind");

    const fresh = this.#freshener.freshen(statement, "bind", frame);
    if (fresh !== "fresh") return fresh;
    const executed = this.#freshener.freshenExecuted(statement.plan);
    if (executed === undefined) return "blocked";
    const text = statement.text ?? "";
    const ruled = this.#rules.judge({ plan: executed, text });
    if (ruled === undefined) return "blocked";
    const used = { plan: ruled, text };
    if (!this.#judge.isSettled(used)) return "blocked";
    this.#rules.sent();
    const judged = this.#judge.apply(used);
    const refusal = firstRefusal(judged);
    if (refusal !== undefined) {
      const executions = [preparedExecution(statement, { plan: judged })];
      return failExtended(dialogue, frame, "bind", { refusal, executions });
    }
    const pass = passGate(dialogue, executed, { isExecuted: false });
    if (pass === "blocked") return "blocked";
    const isKept = dialogue.context.observer.wantsParameters && !frame.isHead;
    const bind = isKept ? frame.buffer.subarray(frame.start, frame.end) : undefined;
    const execution = preparedExecution(statement, { plan: judged, bind });
    dialogue.prepared.bind(portal, { statement, execution });
    keepForReplay(dialogue, frame, executed);
    dialogue.retry.noteBind(frame, execution);
    forward(dialogue, frame);
    expectExtended(dialogue, "bind", [execution], leaving(pass));
    dialogue.hasBound = true;
    return "done";
  }

  describe(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const reader = new ByteReader(frame.buffer, frame.start + 5, frame.end);
    const isStatement = reader.byte() === STATEMENT;
    const name = reader.text("latin1");
    if (!isStatement) {
      const portal = dialogue.prepared.portal(name);
      if (portal === undefined) return forwardUnread(dialogue, frame, "describe");
      keepForReplay(dialogue, frame, portal.statement.plan);
      forward(dialogue, frame);
      expectExtended(dialogue, "describe", [portal.execution]);
      return "done";
    }
    const statement = dialogue.prepared.statement(name);
    if (statement === undefined) return forwardUnread(dialogue, frame, "describe");
    const fresh = this.#freshener.freshen(statement, "describe", frame);
    if (fresh !== "fresh") return fresh;
    const plan = this.#freshener.freshenExecuted(statement.plan);
    if (plan === undefined) return "blocked";
    const pass = passGate(dialogue, plan, { isExecuted: false });
    if (pass === "blocked") return "blocked";
    keepForReplay(dialogue, frame, plan);
    forward(dialogue, frame);
    const executions = [preparedExecution(statement, { plan })];
    expectExtended(dialogue, "describe", executions, leaving(pass));
    return "done";
  }

  execute(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const reader = new ByteReader(frame.buffer, frame.start + 5, frame.end);
    const portal = dialogue.prepared.portal(reader.text("latin1"));
    dialogue.hasBound = true; // A cursor's portal needs no Bind.
    if (portal === undefined) return forwardUnread(dialogue, frame, "execute");
    const rowsMax = reader.int32();
    const { statement } = portal;
    const { plan } = portal.execution;
    const pass = passGate(dialogue, plan, { isExecuted: true });
    if (pass === "blocked") return "blocked";

    const first = plan.statements[0];
    const { bind } = portal.execution;
    const executions =
      first === undefined ? [] : [preparedExecution(statement, { plan, bind, rowsMax })];
    const guard =
      first?.lock !== undefined && first.lock.inBlock !== "refused"
        ? lockTimeoutGuard(first.lock, dialogue.context.policy)
        : undefined;
    if (guard !== undefined) {
      const own = executions.map((each) => ({ ...each, isOwn: true }));
      sendOwn(dialogue, guard.before, { executions: own });
    }
    const { fleetSchema } = dialogue.context;
    if (fleetSchema !== undefined && first?.flips !== undefined) {
      const own = executions.map((each) => ({ ...each, isOwn: true }));
      sendOwn(dialogue, flipFence(fleetSchema, first.flips), { executions: own });
    }
    keepForReplay(dialogue, frame, plan);
    dialogue.retry.noteExecute(frame, portal.execution);
    forward(dialogue, frame);
    const settle = settlingPrepare(dialogue, plan, statement, leaving(pass));
    expectExtended(dialogue, "execute", executions, settle);
    if (guard?.after !== undefined) sendOwn(dialogue, guard.after);
    if (plan.isWhole === true) couldBeAnything(dialogue);
    else if (first !== undefined) dialogue.noteSent(first);
    return "done";
  }

  close(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const { prepared } = dialogue;
    const reader = new ByteReader(frame.buffer, frame.start + 5, frame.end);
    const isStatement = reader.byte() === STATEMENT;
    const name = reader.text("latin1");
    const closed = isStatement ? prepared.closing(name) : undefined;
    // Portals end with the transaction, and so with an error too.
    if (!isStatement) prepared.closePortal(name);
    keepForReplay(dialogue, frame);
    forward(dialogue, frame);
    expectExtended(dialogue, "close", [], (outcome) => {
      if (outcome === "done") closed?.();
    });
    return "done";
  }

  #oversizeParse(frame: ClientFrame): Step {
    const dialogue = this.#dialogue;
    const plan = oversizePlan(dialogue);
    const choice = unreadChoice(dialogue, plan);
    const executions = [textExecution(choice, { protocol: "extended" })];
    const refusal = firstRefusal(plan);
    if (refusal !== undefined) {
      return failExtended(dialogue, frame, "parse", { refusal, executions });
    }
    const reader = new ByteReader(frame.buffer, frame.start + 5, frame.end);
    const undo = dialogue.prepared.prepare({
      name: reader.text("latin1"),
      by: "protocol",
      text: undefined,
      parameterTypes: Buffer.alloc(0),
      traceId: undefined,
      tag: choice.tag,
      plan,
      generation: dialogue.generation,
      isLost: false,
    });
    keepForReplay(dialogue, frame, plan);
    forward(dialogue, frame);
    expectExtended(dialogue, "parse", executions, (outcome) => {
      if (outcome !== "done") undo(outcome === "failed");
    });
    return "done";
  }
}
