import type { Intervention } from "../guard/lock-timeout.ts";
import { ByteReader } from "../wire/byte-reader.ts";
import { encodeErrorResponse, FLUSH } from "../wire/encode.ts";
import { decodeFields, sqlstateOf } from "../wire/fields.ts";
import { Server } from "../wire/frame-type.ts";
import type { Dialogue } from "./dialogue.ts";
import { type Execution, reliesOnNames, rowsOfTag } from "./execution.ts";
import { failureBehind } from "./freshener.ts";
import { decodeRow } from "./inquiry.ts";
import { takeNotice } from "./notice.ts";
import { observe } from "./observe.ts";
import { currentExecution, type Entry } from "./pipeline-entry.ts";
import { Recovery, serializationFailure, unknownNames } from "./recovery.ts";
import { endsByItself } from "./replay-batch.ts";
import { shownDescription, shownFields } from "./shown-fields.ts";
import { transactionEnded } from "./transaction-ended.ts";

/** `blocked`: the message waits until `resumeServer` is called, and then comes again. */
export type ServerStep = "done" | "blocked";

/**
 * Takes the server's messages, finds the entry that each belongs to, and sends on to the client what
 * is the client's: as it came, turned back to the client's names, or not at all.
 */
export class ServerHandler {
  readonly #dialogue: Dialogue;
  readonly #recovery: Recovery;
  // A ParameterDescription comes before the server looks whether the statement's names still hold.
  // Kept back, the client has seen nothing if they don't.
  #heldDescription: Buffer | undefined;
  /** What the guard did for the statement whose answer comes next. */
  #intervention: Intervention | undefined;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
    this.#recovery = new Recovery(dialogue);
  }

  handle(type: number, buffer: Buffer, start: number, end: number): ServerStep {
    const { toClient } = this.#dialogue;
    switch (type) {
      case Server.parameterStatus:
        this.#parameterStatus(buffer, start, end);
        toClient.addSlice(buffer, start, end);
        return "done";
      case Server.notificationResponse:
        toClient.addSlice(buffer, start, end);
        return "done";
      case Server.noticeResponse:
        this.#intervention = takeNotice(this.#dialogue, buffer, start, end) ?? this.#intervention;
        return "done";
      case Server.errorResponse:
        return this.#error(buffer, start, end);
      case Server.readyForQuery:
        return this.#ready(buffer, start, end);
      default:
        this.#reply(type, buffer, start, end);
        return "done";
    }
  }

  /**
   * A message too large to be held: it passes as it is, and only what it answers is put down. Errors
   * of more than a megabyte are not turned back to the client's names.
   */
  handleHead(type: number, buffer: Buffer, start: number, end: number): void {
    const { pipeline, toClient, batch } = this.#dialogue;
    toClient.addSlice(buffer, start, end);
    if (batch !== undefined) batch.isDelivered = true;
    const entry = pipeline.head;
    const current = entry && currentExecution(entry, pipeline.answeredCount);
    if (type === Server.errorResponse) {
      // The SQLSTATE is among the first fields.
      const sqlstate = sqlstateOf(buffer, start, end);
      if (current !== undefined) this.#observe(current, 0, sqlstate);
      this.#dialogue.endFlip();
      pipeline.fail();
    } else if (entry !== undefined) {
      this.#settle(type, entry, current, buffer, start, end);
    }
  }

  #reply(type: number, buffer: Buffer, start: number, end: number): void {
    const { pipeline, toClient, batch, encoding } = this.#dialogue;
    const entry = pipeline.answering();
    if (entry === undefined) {
      toClient.addSlice(buffer, start, end);
      return;
    }
    const current = currentExecution(entry, pipeline.answeredCount);
    const isOwn = entry.isOwn || current?.isOwn === true;
    if (!isOwn) {
      if (type === Server.parameterDescription && reliesOnNames(current)) {
        this.#heldDescription = Buffer.from(buffer.subarray(start, end));
        return;
      }
      this.#releaseDescription();
      if (batch !== undefined) batch.isDelivered = true;
      const renamed =
        type === Server.rowDescription
          ? shownDescription(current, buffer, start, end, encoding)
          : undefined;
      if (renamed === undefined) toClient.addSlice(buffer, start, end);
      else toClient.add(renamed);
    } else if (type === Server.dataRow) {
      entry.rows?.push(decodeRow(buffer, start, end, encoding));
    }
    this.#settle(type, entry, current, buffer, start, end);
  }

  /** What a reply ends: a part of a Query, or an entry. */
  #settle(
    type: number,
    entry: Entry,
    current: Execution | undefined,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const { pipeline } = this.#dialogue;
    switch (type) {
      case Server.commandComplete:
      case Server.emptyQueryResponse:
        // A replication command can have several, before its end.
        if (current?.protocol === "replication") return;
        if (current !== undefined) {
          this.#completed(current);
          const rows = type === Server.commandComplete ? rowsOfTag(buffer, start + 5, end) : 0;
          if (!entry.isOwn && !current.isOwn) this.#observe(current, rows, undefined);
        }
        pipeline.copySucceeded();
        if (entry.kind === "query") {
          pipeline.answeredCount += 1;
        } else {
          pipeline.expect("execute");
          pipeline.complete();
        }
        return;
      case Server.portalSuspended:
        pipeline.expect("execute");
        if (current !== undefined) this.#observe(current, current.rowsMax, undefined);
        pipeline.complete();
        return;
      case Server.rowDescription:
      case Server.noData:
        if (entry.kind === "describe") pipeline.complete();
        return;
      case Server.parseComplete:
        pipeline.expect("parse");
        pipeline.complete();
        return;
      case Server.bindComplete:
        pipeline.expect("bind");
        pipeline.complete();
        return;
      case Server.closeComplete:
        pipeline.expect("close");
        pipeline.complete();
        return;
      case Server.copyInResponse:
        pipeline.copyInStarted();
        return;
      case Server.copyBothResponse:
        // The stream mostly ends with its session, and would else never be told of.
        if (current !== undefined) this.#observe(current, 0, undefined);
        entry.isObserved = true;
        pipeline.copyInStarted();
        return;
      case Server.functionCallResponse:
        if (current !== undefined) this.#observe(current, 0, undefined);
        return;
      default:
        return;
    }
  }

  #releaseDescription(): void {
    if (this.#heldDescription === undefined) return;
    this.#dialogue.toClient.add(this.#heldDescription);
    this.#heldDescription = undefined;
  }

  /** What a statement that succeeded says of the session. */
  #completed(execution: Execution): void {
    if (execution.isOwn) return;
    const facts = execution.plan.statements[execution.index]?.facts;
    if (facts?.deallocates === undefined) return;
    const { prepared, encoding } = this.#dialogue;
    if (facts.deallocates === "all") prepared.closeAllStatements();
    else prepared.deallocated(facts.deallocates.name, encoding);
  }

  #observe(execution: Execution, rows: number, sqlstate: string | undefined): void {
    observe(this.#dialogue, execution, { rows, sqlstate, intervention: this.#intervention });
    this.#intervention = undefined;
  }

  #error(buffer: Buffer, start: number, end: number): ServerStep {
    const dialogue = this.#dialogue;
    const { pipeline, toClient, encoding, batch } = dialogue;
    const entry = pipeline.answering();
    const current = entry && currentExecution(entry, pipeline.answeredCount);
    if (entry === undefined || current === undefined) {
      if (entry?.swallowsError !== true) toClient.addSlice(buffer, start, end);
      if (batch !== undefined) batch.isDelivered = true;
      pipeline.fail(entry?.isOwn ? decodeFields(buffer, start, end, encoding) : undefined);
      return "done";
    }
    const sqlstate = sqlstateOf(buffer, start, end);
    if (dialogue.retry.takes(sqlstate, entry, current)) {
      pipeline.fail();
      return "done";
    }
    const recovery = this.#recovery.judge(
      sqlstate,
      entry,
      current,
      () => decodeFields(buffer, start, end, encoding).get("M") ?? "",
    );
    if (recovery === "blocked") return "blocked";
    if (recovery === "replay") {
      this.#heldDescription = undefined;
      return "done";
    }
    this.#releaseDescription();

    const failure = failureBehind(dialogue, current, sqlstate);
    const fields =
      recovery === "serialization_failure"
        ? serializationFailure()
        : recovery === "unknown"
          ? unknownNames()
          : (shownFields(dialogue, entry, failure?.execution ?? current, {
              sqlstate: failure?.fields.get("C") ?? sqlstate,
              decode: () => failure?.fields ?? decodeFields(buffer, start, end, encoding),
            }) ?? failure?.fields);
    if (fields === undefined) toClient.addSlice(buffer, start, end);
    else toClient.add(encodeErrorResponse(fields, encoding));
    if (batch !== undefined) batch.isDelivered = true;
    // A flip that failed is over, also while its transaction waits for its ROLLBACK.
    dialogue.endFlip();
    this.#observe(current, 0, fields?.get("C") ?? sqlstate);
    entry.isObserved = true;
    pipeline.fail();
    return "done";
  }

  #ready(buffer: Buffer, start: number, end: number): ServerStep {
    const dialogue = this.#dialogue;
    const { pipeline, toClient, context } = dialogue;
    const isIdle = buffer[end - 1] === 0x49; // I
    if (isIdle && dialogue.catalogNeed.take(pipeline.endsAnswered + 1)) {
      // What was committed must be known before anybody acts on it.
      void context.announceCatalog().then(() => dialogue.controls.resumeServer());
      return "blocked";
    }
    const entry = pipeline.ready();
    const last = entry?.executions[0];
    if (last?.protocol === "replication" && entry?.isObserved === false) {
      this.#observe(last, 0, undefined);
    }
    const status = String.fromCharCode(buffer[end - 1] ?? 0x49);
    this.#intervention = undefined;
    dialogue.status = status === "T" || status === "E" ? status : "I";
    if (isIdle) transactionEnded(dialogue, { isOwn: entry?.isOwn === true });
    if (status === "E") dialogue.pins.failed(pipeline.endsAnswered);

    const replay = this.#recovery.takeReplay();
    if (replay !== undefined) {
      dialogue.batch = undefined;
      dialogue.isReplaying = true;
      dialogue.batchEnded();
      dialogue.controls.replay(endsByItself(replay) ? replay : [...replay, FLUSH]);
      return "done";
    }
    if (entry?.isOwn === true) return "done";
    dialogue.isReplaying = false;
    dialogue.batch = undefined;
    if (dialogue.retry.isDue) {
      dialogue.retry.pause();
      return "done";
    }
    toClient.addSlice(buffer, start, end);
    dialogue.retry.over();
    return "done";
  }

  #parameterStatus(buffer: Buffer, start: number, end: number): void {
    const reader = new ByteReader(buffer, start + 5, end);
    this.#dialogue.parameterChanged(reader.text("latin1"), reader.text("latin1"));
  }
}
