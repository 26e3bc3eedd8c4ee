import type { LedgerQuestion } from "../admin/answer.ts";
import type { Config } from "../config/config.ts";
import { parseDuration } from "../config/duration.ts";
import { parseAskedName } from "../ledger/asked-name.ts";
import type { UseBatch } from "../ledger/batch.ts";
import { Ledger, type LedgerRecord } from "../ledger/ledger.ts";
import { ledgerPage, usesPage } from "../ledger/ledger-page.ts";
import { UseCounter, type UseCounterOptions } from "../ledger/use-counter.ts";
import { UseSum } from "../ledger/use-sum.ts";
import type { LedgerLevel } from "../metrics/ledger-metrics.ts";
import type { Usage } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import { explainSystemError } from "./fail.ts";
import type { KeptLedger } from "./ledger/kept-ledger.ts";

/** Counts are put into the ledger this often. */
const SETTLE_MS = 1_000;
const PRUNE_MS = 60_000;
/** How long the counter may look up names at a time: all sessions wait for that, and for about as long again. */
const TURN_MS = 2;
const OWN = "own";

export interface LedgerKeeperOptions {
  readonly settings: Config["ledger"];
  readonly windows: () => readonly Window[];
  /** What this process counts by; undefined where no session comes. */
  readonly countBy?: UseCounterOptions;
  /** Told what this process has counted. */
  readonly tell?: ((batch: UseBatch) => void) | undefined;
  /** Where it is kept beyond this process, and what that had. */
  readonly kept?: KeptLedger | undefined;
  readonly warn?: (words: string) => void;
}

/** The ledger of a process, what fills it and what is asked of it. */
export class LedgerKeeper {
  readonly counter: UseCounter | undefined;
  readonly #ledger: Ledger;
  readonly #options: LedgerKeeperOptions;
  readonly #timers: NodeJS.Timeout[];
  /** The next turn of taking what was counted; undefined where there is none to come. */
  #turn: NodeJS.Immediate | undefined;
  /** Called when all of it is taken. */
  #waiting: (() => void)[] = [];
  /** What the sink does not have yet, by version and name. */
  #unwritten = new UseSum();
  #writing: Promise<void> = Promise.resolve();
  #problem = "";

  constructor(options: LedgerKeeperOptions) {
    const { settings, countBy } = options;
    this.#options = options;
    this.counter = countBy === undefined ? undefined : new UseCounter(countBy);
    this.#ledger = new Ledger({ entriesMax: settings.entriesMax, watchingSince: Date.now() });
    this.#timers = [
      // Where it takes longer than that, what comes meanwhile is taken together.
      setInterval(() => (this.#turn === undefined ? this.settle() : undefined), SETTLE_MS),
      setInterval(() => this.#ledger.prune(Date.now() - settings.retentionMs), PRUNE_MS),
    ];
    const { kept } = options;
    if (kept !== undefined) {
      if (kept.record !== undefined) this.#ledger.adopt(kept.record, Date.now());
      this.#timers.push(setInterval(() => void this.#flush({ isLast: false }), settings.flushMs));
    }
    for (const timer of this.#timers) timer.unref();
  }

  get level(): LedgerLevel {
    const { size, lostCount } = this.#ledger;
    return { size, sizeMax: this.#options.settings.entriesMax, lostCount };
  }

  /**
   * What was counted until now goes into the ledger: a little at once, and the rest in later turns of the
   * event loop, so that no session waits for all of it. `then` is called when it is all there, at once where
   * it can be. To be called before the catalog changes as well: until then names mean what they did.
   */
  settle(then?: () => void): void {
    if (then !== undefined) this.#waiting.push(then);
    this.counter?.cut(Date.now());
    if (this.#turn === undefined) this.#takeTurn();
  }

  /** What another process has counted. */
  hear(batch: UseBatch, from: string): void {
    this.#take(batch, from, Date.now());
  }

  /** Tells who uses what; undefined where that may lack a use of the time that has to be quiet. */
  usage(then: (usage: Usage | undefined) => void): void {
    this.settle(() => {
      const now = Date.now();
      const { settings, windows } = this.#options;
      const isSure = this.#ledger.doubt(settings.quietMs, now) === "";
      then(isSure ? this.#ledger.usage(windows(), now) : undefined);
    });
  }

  /** All that is known, for a process that begins. */
  get record(): LedgerRecord {
    return this.#ledger.record;
  }

  /** What all processes together know already: this one takes it for its own. */
  adopt(record: LedgerRecord): void {
    this.#ledger.adopt(record, Date.now());
  }

  /** Another process is gone, and what it had counted last with it. */
  lose(from: string): void {
    this.#ledger.leave(from);
    this.#ledger.noteGap({ at: Date.now(), why: `${from} is gone` });
  }

  /**
   * `/ledger`: all of it, or who uses the name asked for. A string is a sentence that says what is wrong
   * with the question. It is as of now, the call.
   */
  async page(asked: LedgerQuestion): Promise<unknown> {
    const now = Date.now();
    await new Promise<void>((resolve) => this.settle(resolve));
    return this.pageOf(asked, { now, doubt: "" });
  }

  /** The same of what is there. `now`: until when all is. `doubt`: why something may be missing, or "". */
  pageOf(
    { of, quietFor }: LedgerQuestion,
    { now, doubt }: { readonly now: number; readonly doubt: string },
  ): unknown {
    if (of === undefined) return ledgerPage(this.#ledger, now);
    const name = parseAskedName(of);
    if (typeof name === "string") return name;
    const { settings, windows } = this.#options;
    const quietMs = quietFor === undefined ? settings.quietMs : parseDuration(quietFor);
    if (quietMs === undefined) return `quiet_for: "${quietFor}" is not a duration such as 15min`;
    if (quietMs > settings.retentionMs) {
      return `quiet_for: ledger.retention is shorter, so that uses of ${quietFor} ago are forgotten`;
    }
    const asked = { of: name, windows: windows(), quietMs, doubt };
    return usesPage(this.#ledger, asked, now);
  }

  /** Writes what is left, if it is kept anywhere. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await new Promise<void>((resolve) => this.settle(resolve));
    await this.#flush({ isLast: true });
  }

  #takeTurn(): void {
    this.#turn = undefined;
    const { counter } = this;
    const end = performance.now() + TURN_MS;
    const batch = counter?.take(() => performance.now() >= end);
    if (batch !== undefined) {
      this.#take(batch, OWN, Date.now());
      this.#options.tell?.(batch);
    }
    if (counter?.isCut) {
      this.#turn = setImmediate(() => this.#takeTurn());
      return;
    }
    for (const then of this.#waiting.splice(0)) then();
  }

  #take(batch: UseBatch, from: string, now: number): void {
    this.#ledger.add(batch, from, now);
    if (this.#options.kept !== undefined) this.#unwritten.add(batch.deltas);
  }

  /** One after the other. What could not be written is written the next time. */
  #flush(options: { readonly isLast: boolean }): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(options));
    return this.#writing;
  }

  async #write(options: { readonly isLast: boolean }): Promise<void> {
    const { kept, warn } = this.#options;
    const uses = this.#unwritten;
    if (kept === undefined || (uses.size === 0 && !options.isLast)) return;
    this.#unwritten = new UseSum();
    let problem = "";
    try {
      await kept.sink.write(uses.deltas, () => this.#ledger.record, options);
    } catch (error) {
      problem = explainSystemError("the ledger could not be written", error);
      uses.add(this.#unwritten.deltas);
      this.#unwritten = uses;
    }
    if (problem !== "" && problem !== this.#problem) warn?.(`${problem}; it is tried again`);
    this.#problem = problem;
  }
}
