import { FLUSH } from "../wire/encode.ts";
import { Client } from "../wire/frame-type.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { Chooser } from "./chooser.ts";
import type { ClientFrame, Step } from "./client-frame.ts";
import type { Dialogue } from "./dialogue.ts";
import { ExtendedHandler } from "./extended-handler.ts";
import { Freshener } from "./freshener.ts";
import { LockJudge } from "./lock-judge.ts";
import type { EntryKind } from "./pipeline-entry.ts";
import { RuleJudge } from "./rule-judge.ts";
import { expectReply, forward, forwardUnread, keepForReplay } from "./sending.ts";
import { SimpleHandler } from "./simple-handler.ts";

const EXTENDED_KINDS: ReadonlyMap<number, EntryKind> = new Map([
  [Client.parse, "parse"],
  [Client.bind, "bind"],
  [Client.describe, "describe"],
  [Client.execute, "execute"],
  [Client.close, "close"],
]);

/**
 * Takes the client's messages, has them decided on, and sends them on with an entry for each reply
 * they will get. It never waits: whatever needs an answer first is asked for, and the message comes
 * again.
 */
export class ClientHandler {
  readonly #dialogue: Dialogue;
  readonly #judge: LockJudge;
  readonly #simple: SimpleHandler;
  readonly #extended: ExtendedHandler;

  constructor(dialogue: Dialogue) {
    const chooser = new Chooser(dialogue);
    const freshener = new Freshener(dialogue, chooser);
    const judge = new LockJudge(dialogue);
    const rules = new RuleJudge(dialogue);
    this.#dialogue = dialogue;
    this.#judge = judge;
    this.#simple = new SimpleHandler(dialogue, { chooser, freshener, judge, rules });
    this.#extended = new ExtendedHandler(dialogue, { chooser, freshener, judge, rules });
  }

  handle(frame: ClientFrame): Step {
    const { pipeline, retry } = this.#dialogue;
    if (retry.isHolding) return retry.hold();
    if (pipeline.isUncertain && EXTENDED_KINDS.has(frame.type)) pipeline.resolveDoubt();
    // In COPY nothing is answered before its end, and perhaps nothing of what it has ignored.
    const hasRoom = !pipeline.isFull || pipeline.isCopyIn || pipeline.isDrained;
    if (!hasRoom) return this.#waitForRoom();
    // The server throws away whatever comes before the next Sync.
    if (pipeline.isSkipping && frame.type !== Client.sync) return forward(this.#dialogue, frame);
    try {
      return this.#take(frame);
    } catch (error) {
      const kind = EXTENDED_KINDS.get(frame.type);
      if (!(error instanceof ProtocolError) || kind === undefined || frame.isHead) throw error;
      // A message that ends inside a field: the server says what is wrong with it.
      return forwardUnread(this.#dialogue, frame, kind);
    }
  }

  /** CopyData went on unseen. */
  dataPassed(): void {
    this.#dialogue.pipeline.hasData = true;
  }

  #take(frame: ClientFrame): Step {
    const { replication } = this.#dialogue.info;
    const kind = replication === "none" ? undefined : EXTENDED_KINDS.get(frame.type);
    // A walsender refuses them all.
    if (kind !== undefined) return forwardUnread(this.#dialogue, frame, kind);
    switch (frame.type) {
      case Client.query:
        return this.#mayLeaveBatch() && this.#mayStart() ? this.#simple.query(frame) : "blocked";
      case Client.parse:
        return this.#extended.parse(frame);
      case Client.bind:
        return this.#extended.bind(frame);
      case Client.describe:
        return this.#extended.describe(frame);
      case Client.execute:
        return this.#mayStart() ? this.#extended.execute(frame) : "blocked";
      case Client.close:
        return this.#extended.close(frame);
      case Client.sync:
        return this.#sync(frame);
      case Client.functionCall:
        return this.#mayLeaveBatch() && this.#mayStart()
          ? this.#simple.functionCall(frame)
          : "blocked";
      case Client.copyDone:
      case Client.copyFail:
        return this.#copyEnd(frame);
      default:
        return forward(this.#dialogue, frame);
    }
  }

  #sync(frame: ClientFrame): Step {
    const { pipeline } = this.#dialogue;
    if (pipeline.isFull && pipeline.isCopyIn) {
      throw new ProtocolError("too_many_syncs", "more Syncs within COPY than limits.pipeline_max");
    }
    forward(this.#dialogue, frame);
    keepForReplay(this.#dialogue, frame);
    if (pipeline.isCopyIn) {
      pipeline.push({ kind: "sync", isOwn: false, executions: [], isMaybe: true });
      return "done";
    }
    pipeline.isSkipping = false;
    expectReply(this.#dialogue, "sync", []);
    this.#dialogue.batchEnded();
    this.#judge.batchSent();
    return "done";
  }

  #copyEnd(frame: ClientFrame): Step {
    const { pipeline } = this.#dialogue;
    if (pipeline.count > 0) expectReply(this.#dialogue, "copy_end", []);
    pipeline.copyInEnded();
    return forward(this.#dialogue, frame);
  }

  /**
   * A Query behind extended messages without a Sync between them. Whether the server takes it hangs on
   * what became of those: that has to be known first. If all went well, nothing of them is open but
   * what was bound, and Straddle's own questions can end with a Sync, as before any Query.
   */
  #mayLeaveBatch(): boolean {
    const dialogue = this.#dialogue;
    if (dialogue.unsyncedCount === 0 || dialogue.pipeline.isCopyIn) return true;
    if (!dialogue.pipeline.isDrained) {
      dialogue.waitForDrain();
      return false;
    }
    if (!dialogue.hasBound) dialogue.unsyncedCount = 0;
    return true;
  }

  #mayStart(): boolean {
    const { context, controls } = this.#dialogue;
    return context.observer.mayStart(controls.resumeClient);
  }

  #waitForRoom(): Step {
    // Without a Flush the server may keep its answers back, and room would never come.
    const dialogue = this.#dialogue;
    if (!dialogue.isWaitingForRoom) dialogue.context.hits.add("pipeline_max");
    dialogue.toServer.add(FLUSH);
    dialogue.isWaitingForRoom = true;
    return "blocked";
  }
}
