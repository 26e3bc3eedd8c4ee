import type { LedgerQuestion } from "../../admin/answer.ts";
import type { UseBatch } from "../../ledger/batch.ts";
import { LedgerKeeper, type LedgerKeeperOptions } from "../ledger-keeper.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A worker that does not tell what it has counted in time makes the answer unsure. */
const TELL_MS = 1_000;

/**
 * The ledger of all workers, which each tell what they have counted every second, and when asked. Each has
 * all of it, as it was a second ago at the earliest: for the guard.
 */
export class JoinedLedger {
  readonly keeper: LedgerKeeper;
  readonly #workers: () => readonly WorkerProcess[];
  readonly #asked = new Map<number, { readonly worker: WorkerProcess; readonly end: () => void }>();
  /** Those that hear of each other's uses. */
  readonly #joined = new Set<WorkerProcess>();
  #lastRequest = 0;

  constructor(options: LedgerKeeperOptions, workers: () => readonly WorkerProcess[]) {
    this.keeper = new LedgerKeeper(options);
    this.#workers = workers;
  }

  async page(asked: LedgerQuestion): Promise<unknown> {
    const now = Date.now();
    const workers = this.#workers().filter(({ isServing }) => isServing);
    const silent = await Promise.all(workers.map((worker) => this.#ask(worker)));
    const doubt = silent.find((words) => words !== "") ?? "";
    return this.keeper.pageOf(asked, { now, doubt });
  }

  /** A worker has started: it hears what is known, and from now on what the others count. */
  join(worker: WorkerProcess): void {
    this.#joined.add(worker);
    worker.send({ kind: "ledger", record: this.keeper.record });
  }

  take(worker: WorkerProcess, batch: UseBatch): void {
    const from = nameOf(worker);
    this.keeper.hear(batch, from);
    for (const each of this.#joined) {
      if (each !== worker) each.send({ kind: "uses", from, batch });
    }
  }

  /** What this worker was asked for has come. */
  told(request: number): void {
    this.#asked.get(request)?.end();
  }

  workerGone(worker: WorkerProcess): void {
    for (const asked of this.#asked.values()) if (asked.worker === worker) asked.end();
    const from = nameOf(worker);
    this.keeper.lose(from);
    this.#joined.delete(worker);
    for (const each of this.#joined) each.send({ kind: "uses_lost", from });
  }

  /** Settles with "", or with a clause where it did not answer. */
  #ask(worker: WorkerProcess): Promise<string> {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve) => {
      const end = (words: string) => {
        clearTimeout(timer);
        this.#asked.delete(request);
        resolve(words);
      };
      const timer = setTimeout(() => end(`${nameOf(worker)} does not answer`), TELL_MS);
      this.#asked.set(request, { worker, end: () => end("") });
      worker.send({ kind: "tell_uses", request });
    });
  }
}

function nameOf({ number }: WorkerProcess): string {
  return `worker ${number}`;
}
