/** Something that can be shown the door. */
export interface Guest {
  destroy(): void;
}

/**
 * Connections in the order in which they came, at most so many: for one too many the one that has
 * been there longest is destroyed. Who needs a moment only gets through, however many others take
 * their time.
 */
export class NewestSet<T extends Guest> {
  readonly #guests = new Set<T>();
  readonly #countMax: () => number;
  readonly #onFull: () => void;

  constructor(options: { readonly countMax: () => number; readonly onFull: () => void }) {
    this.#countMax = options.countMax;
    this.#onFull = options.onFull;
  }

  get count(): number {
    return this.#guests.size;
  }

  add(guest: T): void {
    for (const oldest of this.#guests) {
      if (this.#guests.size < this.#countMax()) break;
      this.#onFull();
      this.delete(oldest);
      oldest.destroy();
    }
    this.#guests.add(guest);
  }

  delete(guest: T): void {
    this.#guests.delete(guest);
  }

  destroyAll(): void {
    for (const guest of [...this.#guests]) guest.destroy();
  }
}
