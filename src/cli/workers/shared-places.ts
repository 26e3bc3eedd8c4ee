import { OwnPlaces, type PlaceRequest } from "../../session/places.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** The places for sessions of all workers together, and which worker has how many. */
export class SharedPlaces {
  readonly #places: OwnPlaces;
  /** The users of each worker's sessions. */
  readonly #users = new Map<WorkerProcess, string[]>();

  constructor(countMax: number) {
    this.#places = new OwnPlaces(countMax);
  }

  get levels(): OwnPlaces["levels"] {
    return this.#places.levels;
  }

  take(worker: WorkerProcess, number: number, request: PlaceRequest): void {
    this.#places.take(request, (place) => {
      if (typeof place === "number") {
        worker.sessionsCount += 1;
        const users = this.#users.get(worker);
        if (users === undefined) this.#users.set(worker, [request.user]);
        else users.push(request.user);
      }
      worker.send({ kind: "placed", request: number, place });
    });
  }

  free(worker: WorkerProcess, user: string): void {
    const users = this.#users.get(worker) ?? [];
    const index = users.indexOf(user);
    if (index < 0) return;
    users.splice(index, 1);
    worker.sessionsCount -= 1;
    this.#places.free(user);
  }

  /** Its sessions have ended with it. */
  freeAll(worker: WorkerProcess): void {
    for (const user of this.#users.get(worker) ?? []) this.#places.free(user);
    this.#users.delete(worker);
  }
}
