/**
 * How many sessions there may be, and their numbers. Asked before a session begins; the answer may
 * take a while where several processes share the places.
 */
export interface Places {
  /** `answer` is called once, at once or later: with the session's id, or undefined if all are taken. */
  take(answer: (id: number | undefined) => void): void;
  /** A session has ended, or has not come about. */
  free(): void;
}

/** The places of a process that has them for itself. */
export class OwnPlaces implements Places {
  readonly #countMax: number;
  #count = 0;
  #lastId = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  take(answer: (id: number | undefined) => void): void {
    if (this.#count >= this.#countMax) {
      answer(undefined);
      return;
    }
    this.#count += 1;
    this.#lastId += 1;
    answer(this.#lastId);
  }

  free(): void {
    this.#count -= 1;
  }
}
