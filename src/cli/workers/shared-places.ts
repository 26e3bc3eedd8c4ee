import type { WorkerProcess } from "./worker-process.ts";

/** The places for sessions of all workers together: how many are taken, and the sessions' numbers. */
export class SharedPlaces {
  readonly #countMax: number;
  #count = 0;
  #lastId = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  take(worker: WorkerProcess, request: number): void {
    const isFree = this.#count < this.#countMax;
    if (isFree) {
      this.#count += 1;
      this.#lastId += 1;
      worker.sessionsCount += 1;
    }
    worker.send({ kind: "placed", request, id: isFree ? this.#lastId : null });
  }

  free(worker: WorkerProcess): void {
    this.#count -= 1;
    worker.sessionsCount -= 1;
  }

  /** Its sessions have ended with it. */
  freeAll(worker: WorkerProcess): void {
    this.#count -= worker.sessionsCount;
  }
}
