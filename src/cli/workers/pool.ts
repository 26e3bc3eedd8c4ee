import { randomBytes } from "node:crypto";
import type { Written } from "../../config/written.ts";
import { SetupError } from "../fail.ts";
import { log } from "../log.ts";
import type { ToPrimary } from "./messages.ts";
import { WorkerProcess } from "./worker-process.ts";

/** A worker that has run this long is no longer one that fails at once. */
const STEADY_MS = 10_000;
/** After this many short lives in a row Straddle says that it is not ready. */
const SHORT_LIVES_MAX = 3;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 30_000;

export interface PoolOptions {
  readonly count: number;
  /** The settings that a worker is to start with now. */
  readonly written: () => Written;
  /** What the pool itself has no use for. */
  readonly onMessage: (worker: WorkerProcess, message: ToPrimary) => void;
  readonly onStarted: (worker: WorkerProcess) => void;
  readonly onGone: (worker: WorkerProcess) => void;
}

/**
 * The workers: starts them, and replaces one that has ended, the later the more often it has ended
 * soon after its start.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #workers = new Map<number, WorkerProcess>();
  /** By number: how often in a row a worker has ended soon after its start. */
  readonly #shortLives = new Map<number, number>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  readonly #exits = new Map<WorkerProcess, () => void>();
  readonly #saltKey = randomBytes(32).toString("hex");
  #startup: Startup | undefined;
  #isStopping = false;
  restartsCount = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Those that run, started or not. */
  get workers(): readonly WorkerProcess[] {
    return [...this.#workers.values()].sort((left, right) => left.number - right.number);
  }

  /** What is wrong with the workers, in a sentence; empty if nothing is. */
  get problem(): string {
    const missing = this.#options.count - this.workers.filter(({ isServing }) => isServing).length;
    const failing = this.#failing();
    if (failing.length > 0) {
      return `worker ${failing.join(" and ")} ends again and again soon after its start`;
    }
    return missing === 0 ? "" : `${missing} of ${this.#options.count} workers do not run`;
  }

  /** Whether that takes readiness away. */
  get isFailing(): boolean {
    return this.#failing().length > 0 || this.workers.every(({ isServing }) => !isServing);
  }

  /** Resolves when all serve. If one can't, all are ended, and what is wrong is thrown. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#startup = { servingCount: 0, resolve, reject };
      for (let number = 1; number <= this.#options.count; number++) this.#fork(number);
    }).finally(() => {
      this.#startup = undefined;
    });
  }

  /** A worker has all that it needs: clients may be sent there. */
  serves(worker: WorkerProcess): void {
    worker.isServing = true;
    log.info(`worker ${worker.number} serves: process ${worker.processId}`);
    const startup = this.#startup;
    if (startup === undefined) return;
    startup.servingCount += 1;
    if (startup.servingCount === this.#options.count) startup.resolve();
  }

  /** Has all workers stop, kills what is left after `deadlineMs`, resolves when none runs any more. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    const ends = this.workers.map(
      (worker) => new Promise<void>((resolve) => this.#exits.set(worker, resolve)),
    );
    for (const worker of this.workers) worker.send({ kind: "stop" });
    const timer = setTimeout(() => {
      for (const worker of this.workers) worker.kill();
    }, deadlineMs);
    await Promise.all(ends);
    clearTimeout(timer);
  }

  #failing(): number[] {
    return [...this.#shortLives]
      .filter(([number, count]) => count >= SHORT_LIVES_MAX && !this.#isSteady(number))
      .map(([number]) => number);
  }

  #isSteady(number: number): boolean {
    const worker = this.#workers.get(number);
    return worker?.isServing === true && Date.now() - worker.startedMs >= STEADY_MS;
  }

  #fork(number: number): void {
    const worker = new WorkerProcess({
      number,
      written: this.#options.written(),
      saltKey: this.#saltKey,
      onMessage: (from, message) => this.#take(from, message),
      onExit: (from, how) => this.#exited(from, how),
    });
    this.#workers.set(number, worker);
  }

  #take(worker: WorkerProcess, message: ToPrimary): void {
    worker.heardMs = Date.now();
    switch (message.kind) {
      case "started":
        this.#options.onStarted(worker);
        return;
      case "failed":
        if (this.#startup === undefined) log.warn(`worker ${worker.number}: ${message.message}`);
        else this.#startup.reject(failure(message.message, message.isSetup));
        return;
      default:
        this.#options.onMessage(worker, message);
    }
  }

  #exited(worker: WorkerProcess, how: string): void {
    const { number, sessionsCount } = worker;
    worker.isServing = false;
    this.#workers.delete(number);
    this.#options.onGone(worker);
    this.#exits.get(worker)?.();
    this.#exits.delete(worker);
    if (this.#isStopping) return;
    if (this.#startup !== undefined) {
      this.#startup.reject(failure(`worker ${number} ended at its start: ${how}`, false));
      return;
    }
    const isShort = Date.now() - worker.startedMs < STEADY_MS;
    const shortLives = isShort ? (this.#shortLives.get(number) ?? 0) + 1 : 0;
    this.#shortLives.set(number, shortLives);
    const delayMs =
      shortLives === 0 ? 0 : Math.min(RESTART_MS_MIN * 2 ** (shortLives - 1), RESTART_MS_MAX);
    log.warn(
      `worker ${number} has ended (${how}) and ${sessionsCount} session(s) with it; ` +
        `a new one starts in ${delayMs} ms`,
    );
    if (shortLives === SHORT_LIVES_MAX) {
      log.warn(`worker ${number} ends again and again soon after its start: not ready`);
    }
    this.restartsCount += 1;
    this.#timers.set(
      number,
      setTimeout(() => this.#fork(number), delayMs),
    );
  }
}

function failure(message: string, isSetup: boolean): Error {
  return isSetup ? new SetupError(message) : new Error(message);
}

interface Startup {
  servingCount: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}
