import { ProtocolError } from "../wire/protocol-error.ts";
import type { Execution } from "./execution.ts";
import type { Asked, Entry, EntryKind, ErrorFields } from "./pipeline-entry.ts";

/**
 * The FIFO of what the server owes, one entry per expected reply. Everything that hangs on a reply
 * hangs on its entry, never on "the last query". It knows no socket and no message contents.
 */
export class Pipeline {
  /** The server ignores everything up to the next Sync (`ignore_till_sync` in PostgresMain). */
  isSkipping = false;
  /** The server takes CopyData: it ignores Sync and Flush until CopyDone or CopyFail. */
  isCopyIn = false;
  /** CopyData may have gone out since the last message that asks for something. */
  hasData = false;
  /** How many statements of the Query at the head are answered. */
  answeredCount = 0;
  /** Messages that end with a ReadyForQuery: how many were sent, and how many are over. */
  endsAsked = 0;
  endsAnswered = 0;

  readonly #countMax: number;
  /** The statement at the head is a COPY that has begun. */
  #isCopying = false;
  /** A COPY has failed, and which Syncs the server had ignored by then is not known yet. */
  isUncertain = false;
  #entries: Entry[] = [];
  #first = 0; // Entries before it are done.

  constructor(options: { readonly countMax: number }) {
    this.#countMax = options.countMax;
  }

  get count(): number {
    return this.#entries.length - this.#first;
  }

  /** Nothing is owed for sure: what is left are Syncs that the server may have ignored in COPY. */
  get isDrained(): boolean {
    for (let index = this.#first; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry?.isMaybe !== true && entry?.kind !== "copy_end") return false;
    }
    return true;
  }

  /** Whether no more may be asked for until some of it is answered. */
  get isFull(): boolean {
    return this.count >= this.#countMax;
  }

  /** How many transaction ends (Sync, Query, FunctionCall) are still owed. */
  get endCount(): number {
    let count = 0;
    for (let index = this.#first; index < this.#entries.length; index++) {
      const kind = this.#entries[index]?.kind;
      if (kind !== undefined && isEnd(kind)) count += 1;
    }
    return count;
  }

  /** All that is owed, oldest first: a copy. */
  get owed(): readonly Entry[] {
    return this.#entries.slice(this.#first);
  }

  /** The statements that the server owes answers for. */
  executions(): readonly Execution[] {
    return this.owed.flatMap(({ executions }) => executions);
  }

  get head(): Entry | undefined {
    return this.#entries[this.#first];
  }

  push(asked: Asked): void {
    if (isEnd(asked.kind)) this.endsAsked += 1;
    if (asked.kind !== "sync" && asked.kind !== "copy_end") this.hasData = false;
    this.#entries.push({
      kind: asked.kind,
      isOwn: asked.isOwn,
      isMaybe: asked.isMaybe ?? (asked.kind === "sync" && this.isUncertain && this.#endsMaybe()),
      isBeforeData: asked.kind === "sync" && !this.hasData,
      hasFailed: false,
      error: undefined,
      isObserved: false,
      executions: asked.executions,
      rows: asked.rows,
      swallowsError: asked.swallowsError ?? false,
      refusal: asked.refusal,
      settle: asked.settle,
    });
  }

  /** Behind Syncs that may be answered, another one can't be told from them. */
  #endsMaybe(): boolean {
    let last = this.#entries.length - 1;
    while (last >= this.#first && this.#entries[last]?.kind === "copy_end") last -= 1;
    return last >= this.#first && this.#entries[last]?.isMaybe === true;
  }

  /** Takes the head off: it is answered in full. */
  complete(): void {
    const entry = this.head;
    if (entry === undefined) return;
    this.#drop();
    entry.settle?.("done");
    this.#dropCopyEnds();
  }

  /** The entry that a reply other than ReadyForQuery belongs to: what was ignored is passed over. */
  answering(): Entry | undefined {
    while (this.head?.isMaybe === true) {
      this.isUncertain = false;
      this.#drop();
      this.#dropCopyEnds();
    }
    this.#dropCopyEnds();
    return this.head;
  }

  /** The reply at hand must belong to one of these. */
  expect(...kinds: readonly EntryKind[]): Entry {
    const entry = this.head;
    if (entry === undefined || !kinds.includes(entry.kind)) {
      const found = entry?.kind ?? "nothing";
      throw new ProtocolError("unexpected_reply", `a reply to ${kinds[0]}, but ${found} was asked`);
    }
    return entry;
  }

  /**
   * CopyInResponse: a Sync that the client sent behind the COPY, before its end, may be ignored.
   */
  copyInStarted(): void {
    this.isCopyIn = true;
    this.#isCopying = true;
    this.isUncertain = false;
    let after = this.#first + 1;
    for (let entry = this.#entries[after]; entry?.kind === "sync"; entry = this.#entries[++after]) {
      entry.isMaybe = true;
    }
    if (this.#entries[after]?.kind === "copy_end") this.copyInEnded();
  }

  /** The COPY has taken all data: no Sync that stood in the data was answered. */
  copySucceeded(): void {
    this.isCopyIn = false;
    if (!this.#isCopying) return;
    this.#isCopying = false;
    const after = this.#first + 1;
    while (this.#entries[after]?.isMaybe === true) this.#entries.splice(after, 1);
    // Another COPY of the same string has an end of its own.
    if (this.#entries[after]?.kind === "copy_end") this.#entries.splice(after, 1);
  }

  copyInEnded(): void {
    this.isCopyIn = false;
  }

  /**
   * ErrorResponse: a Query or FunctionCall goes on to its ReadyForQuery; in the extended protocol
   * all that was asked before the next Sync is dropped unanswered, newest first. `error` is given
   * where it is about a message of Straddle's own.
   */
  fail(error?: ErrorFields): void {
    this.isCopyIn = false;
    this.#isCopying = false;
    const { head } = this;
    if (head === undefined) return;
    const { kind } = head;
    head.error = error;
    if (kind === "query" || kind === "function_call" || kind === "sync") {
      if (kind !== "sync") head.hasFailed = true;
      this.#doubtSyncs(this.#first + 1);
      return;
    }
    const end = this.#endOfSkipped();
    this.#doubtSyncs(end);
    this.isSkipping = end === this.#entries.length;
    this.#dropUpTo(end, head);
  }

  /** Where the server, skipping what was asked from the head on, is at a Sync that it answers. */
  #endOfSkipped(): number {
    let end = this.#first;
    for (; end < this.#entries.length; end++) {
      const entry = this.#entries[end];
      if (
        entry?.kind === "sync" &&
        !(entry.isMaybe && entry.isBeforeData && this.#hasMoreBehind(end))
      )
        break;
    }
    return end;
  }

  /** Whether something other than Syncs stands behind those that may be ignored: it can't wait to be told. */
  #hasMoreBehind(index: number): boolean {
    let next = index;
    while (this.#entries[next]?.isMaybe === true || this.#entries[next]?.kind === "copy_end") {
      next += 1;
    }
    return next < this.#entries.length && this.#entries[next]?.kind !== "sync";
  }

  /** More than a Sync follows a COPY that has failed: the Syncs before its data were ignored. */
  resolveDoubt(): void {
    if (
      !this.isUncertain ||
      this.head?.isMaybe !== true ||
      !this.head.isBeforeData ||
      !this.isDrained
    )
      return;
    this.isUncertain = false;
    this.isSkipping = true;
    this.#dropUpTo(this.#entries.length, undefined);
  }

  #dropUpTo(end: number, failed: Entry | undefined): void {
    const dropped = this.#entries.slice(this.#first, end);
    this.#first = end;
    this.#compact();
    for (const entry of dropped.reverse()) {
      // Straddle's own messages of one question share their fate.
      entry.settle?.(entry === failed ? "failed" : "dropped", failed?.error);
    }
  }

  /** ReadyForQuery: the Query, FunctionCall or Sync at the head is over. */
  ready(): Entry | undefined {
    this.#dropCopyEnds();
    const entry = this.head;
    // A Sync that was sent while the server was leaving COPY can be answered unexpectedly.
    if (entry === undefined) return undefined;
    this.expect("query", "sync", "function_call");
    this.endsAnswered += 1;
    this.isCopyIn = false;
    this.answeredCount = 0;
    this.#drop();
    if (entry.hasFailed) entry.settle?.("failed", entry.error);
    else entry.settle?.("done");
    this.#dropCopyEnds();
    return entry;
  }

  /** Everything that is left, oldest first, for a session that ends. */
  clear(): void {
    const left = this.owed;
    this.#entries = [];
    this.#first = 0;
    for (const entry of left) entry.settle?.("dropped");
  }

  /**
   * Whether COPY had ignored the Sync at `index` by the time that it failed shows in what comes next, and
   * so for those behind it.
   */
  #doubtSyncs(index: number): void {
    if (this.#entries[index]?.isMaybe !== true) return;
    this.isUncertain = true;
    for (let next = index; next < this.#entries.length; next++) {
      const entry = this.#entries[next];
      if (entry?.kind === "sync") entry.isMaybe = true;
      else if (entry?.kind !== "copy_end") return;
    }
  }

  #dropCopyEnds(): void {
    while (this.head?.kind === "copy_end") this.#drop();
  }

  #drop(): void {
    this.#first += 1;
    this.#compact();
  }

  // Amortised: the array is made anew when it is empty or half of it is done.
  #compact(): void {
    if (this.#first === this.#entries.length) {
      this.#entries = [];
      this.#first = 0;
    } else if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** Whether a ReadyForQuery answers it. */
function isEnd(kind: EntryKind): boolean {
  return kind === "sync" || kind === "query" || kind === "function_call";
}
