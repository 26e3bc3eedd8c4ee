import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Catalog } from "../version/catalog.ts";
import type { AnalysisAnswer, AnalysisQuestion, CatalogCopy } from "./analysis.ts";

/** Why there is no answer. */
export type AnalysisFailure = "too_slow" | "too_large" | "too_many" | "broken";

export type AnalysisResult =
  | AnalysisAnswer
  | { readonly kind: "failed"; readonly why: AnalysisFailure };

/** Megabytes of the thread's heap: the tree of 1 MiB of SQL takes some 300. */
const HEAP_SIZE_MAX_MB = 1_024;
/** Questions that wait for the thread; one more is not taken. */
const QUEUE_COUNT_MAX = 100;

/** A new thread has to load the parser first; that counts for no text. */
const START_MS = 30_000;

interface Job {
  readonly question: AnalysisQuestion;
  readonly catalog: Catalog;
  readonly onResult: (result: AnalysisResult) => void;
}

/** The thread's program; undefined where Straddle runs from sources that Node.js can't read as they are. */
export function analysisScript(): string | undefined {
  if (extname(import.meta.url) === ".ts") return undefined;
  return fileURLToPath(new URL("analysis-worker.js", import.meta.url));
}

/**
 * Large texts are analysed here, beside the thread that all sessions share: one at a time, each within a
 * time and a size. The thread begins with the first of them. One that takes too long or too much ends
 * with its thread, and the next one gets a new thread.
 */
export class AnalysisThread {
  readonly #script: string;
  readonly #timeoutMs: () => number;
  readonly #heapSizeMaxMb: number;
  readonly #queue: Job[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  /** The catalog that the thread has. */
  #sent: Catalog | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly script: string;
    readonly timeoutMs: () => number;
    readonly heapSizeMaxMb?: number;
  }) {
    this.#script = options.script;
    this.#heapSizeMaxMb = options.heapSizeMaxMb ?? HEAP_SIZE_MAX_MB;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Calls `onResult` once, later on; gives what calls it off. */
  ask(
    question: AnalysisQuestion,
    catalog: Catalog,
    onResult: (result: AnalysisResult) => void,
  ): () => void {
    if (this.#queue.length >= QUEUE_COUNT_MAX) {
      const timer = setImmediate(() => onResult({ kind: "failed", why: "too_many" }));
      return () => clearImmediate(timer);
    }
    let isWanted = true;
    const job: Job = {
      question,
      catalog,
      onResult: (result) => {
        if (isWanted) onResult(result);
      },
    };
    this.#queue.push(job);
    if (this.#queue.length === 1) this.#next();
    return () => {
      isWanted = false;
      const at = this.#queue.indexOf(job);
      // What the thread works at goes on, for nobody.
      if (at > 0) this.#queue.splice(at, 1);
    };
  }

  async stop(): Promise<void> {
    this.#queue.length = 0;
    await this.#drop()?.terminate();
  }

  #next(): void {
    const job = this.#queue[0];
    if (job === undefined) return;
    const worker = this.#worker ?? this.#start();
    if (job.question.kind === "plan" && this.#sent !== job.catalog) {
      this.#sent = job.catalog;
      const { epoch, database } = job.catalog;
      const copy: CatalogCopy = {
        kind: "catalog",
        relations: [...job.catalog.relations()],
        epoch,
        database,
      };
      worker.postMessage(copy);
    }
    worker.postMessage(job.question);
    this.#setTimer();
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const timeoutMs = this.#isReady ? this.#timeoutMs() : START_MS;
    this.#timer = setTimeout(() => this.#fail(this.#isReady ? "too_slow" : "broken"), timeoutMs);
  }

  #start(): Worker {
    const worker = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: this.#heapSizeMaxMb },
    });
    worker.unref();
    this.#worker = worker;
    worker.on("message", (said: AnalysisAnswer | "ready") => {
      if (worker !== this.#worker) return;
      if (said !== "ready") this.#answered(said);
      else if (!this.#isReady) {
        this.#isReady = true;
        this.#setTimer();
      }
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      if (worker !== this.#worker) return;
      this.#fail(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "too_large" : "broken");
    });
    worker.on("exit", () => {
      if (worker === this.#worker) this.#fail("broken");
    });
    return worker;
  }

  #answered(answer: AnalysisAnswer): void {
    clearTimeout(this.#timer);
    const job = this.#queue.shift();
    this.#next();
    job?.onResult(answer);
  }

  /** The text at hand goes with its thread. */
  #fail(why: AnalysisFailure): void {
    void this.#drop()?.terminate();
    const job = this.#queue.shift();
    this.#next();
    job?.onResult({ kind: "failed", why });
  }

  #drop(): Worker | undefined {
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isReady = false;
    this.#sent = undefined;
    return worker;
  }
}
