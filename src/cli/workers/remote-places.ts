import type { FullPlaces, PlaceRequest, Places } from "../../session/places.ts";
import type { ToPrimary } from "./messages.ts";

/** A worker's end of the places for sessions, which the primary counts for all workers. */
export class RemotePlaces implements Places {
  readonly #send: (message: ToPrimary) => void;
  readonly #asking = new Map<number, (place: number | FullPlaces) => void>();
  #lastRequest = 0;

  constructor(send: (message: ToPrimary) => void) {
    this.#send = send;
  }

  /** Only the primary knows. */
  whyFull(): undefined {
    return undefined;
  }

  take(place: PlaceRequest, answer: (place: number | FullPlaces) => void): void {
    this.#lastRequest += 1;
    this.#asking.set(this.#lastRequest, answer);
    this.#send({ kind: "place", request: this.#lastRequest, place });
  }

  free(user: string): void {
    this.#send({ kind: "left", user });
  }

  answered(request: number, place: number | FullPlaces): void {
    const answer = this.#asking.get(request);
    this.#asking.delete(request);
    answer?.(place);
  }
}
