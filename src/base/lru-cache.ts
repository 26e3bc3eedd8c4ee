/**
 * A cache by text that holds at most `sizeMax` bytes and lets go of what was used longest ago.
 * Sizes are what the caller says; a value that alone is over the limit is not kept.
 */
export class LruCache<Value> {
  readonly #sizeMax: number;
  readonly #entries = new Map<string, { readonly value: Value; readonly size: number }>();
  #size = 0;
  #evictedCount = 0;

  constructor(options: { readonly sizeMax: number }) {
    this.#sizeMax = options.sizeMax;
  }

  /** Bytes held. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#entries.size;
  }

  get evictedCount(): number {
    return this.#evictedCount;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    // While there is ample room the order does not matter, and moving an entry is not free.
    if (this.#size * 2 > this.#sizeMax) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry.value;
  }

  set(key: string, value: Value, size: number): void {
    this.delete(key);
    if (size > this.#sizeMax) return;
    this.#entries.set(key, { value, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#sizeMax) return;
      this.delete(oldest);
      this.#evictedCount += 1;
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }

  clear(): void {
    this.#entries.clear();
    this.#size = 0;
  }
}
