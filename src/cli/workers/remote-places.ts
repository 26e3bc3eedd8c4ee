import type { Places } from "../../session/places.ts";
import type { ToPrimary } from "./messages.ts";

/** A worker's end of the places for sessions, which the primary counts for all workers. */
export class RemotePlaces implements Places {
  readonly #send: (message: ToPrimary) => void;
  readonly #asking = new Map<number, (id: number | undefined) => void>();
  #lastRequest = 0;

  constructor(send: (message: ToPrimary) => void) {
    this.#send = send;
  }

  take(answer: (id: number | undefined) => void): void {
    this.#lastRequest += 1;
    this.#asking.set(this.#lastRequest, answer);
    this.#send({ kind: "place", request: this.#lastRequest });
  }

  free(): void {
    this.#send({ kind: "left" });
  }

  answered(request: number, id: number | null): void {
    const answer = this.#asking.get(request);
    this.#asking.delete(request);
    answer?.(id ?? undefined);
  }
}
