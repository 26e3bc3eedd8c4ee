/** Which limit leaves no place, by its name in the settings. */
export type FullPlaces = "sessions_max" | "sessions_per_user_max";

export interface PlaceRequest {
  readonly user: string;
  /** Sessions that this user may have; 0 is any number. */
  readonly userMax: number;
}

/**
 * How many sessions there may be, and their numbers. Asked before a session begins; the answer may
 * take a while where several processes share the places.
 */
export interface Places {
  /** Whether it is known already that there is none. */
  whyFull(request: PlaceRequest): FullPlaces | undefined;
  /** `answer` is called once, at once or later: with the session's id, or with why there is no place. */
  take(request: PlaceRequest, answer: (place: number | FullPlaces) => void): void;
  /** A session of the user has ended, or has not come about. */
  free(user: string): void;
}

/** The places of a process that has them for itself, or keeps them for others. */
export class OwnPlaces implements Places {
  readonly #countMax: number;
  readonly #users = new Map<string, number>();
  #count = 0;
  #lastId = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** How many are taken; for users, by the one who has the most. */
  get levels(): Readonly<Record<FullPlaces, number>> {
    return {
      sessions_max: this.#count,
      sessions_per_user_max: Math.max(0, ...this.#users.values()),
    };
  }

  whyFull({ user, userMax }: PlaceRequest): FullPlaces | undefined {
    if (this.#count >= this.#countMax) return "sessions_max";
    const isUserFull = userMax > 0 && (this.#users.get(user) ?? 0) >= userMax;
    return isUserFull ? "sessions_per_user_max" : undefined;
  }

  take(request: PlaceRequest, answer: (place: number | FullPlaces) => void): void {
    const full = this.whyFull(request);
    if (full !== undefined) {
      answer(full);
      return;
    }
    this.#count += 1;
    this.#users.set(request.user, (this.#users.get(request.user) ?? 0) + 1);
    this.#lastId += 1;
    answer(this.#lastId);
  }

  free(user: string): void {
    this.#count -= 1;
    const left = (this.#users.get(user) ?? 1) - 1;
    if (left > 0) this.#users.set(user, left);
    else this.#users.delete(user);
  }
}

/** The server's own words. */
export function fullWords(full: FullPlaces, user: string): string {
  return full === "sessions_max"
    ? "sorry, too many clients already"
    : `too many connections for role "${user}"`;
}
