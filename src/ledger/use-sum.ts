import { joinedFingerprints, tagKey, type UseDelta } from "./batch.ts";
import { nameKey } from "./ledger-name.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Deltas put together by version and name. */
export class UseSum {
  readonly #deltas = new Map<string, Mutable<UseDelta>>();

  get size(): number {
    return this.#deltas.size;
  }

  get deltas(): readonly UseDelta[] {
    return [...this.#deltas.values()];
  }

  add(deltas: readonly UseDelta[]): void {
    for (const delta of deltas) this.addOne(useKey(delta), delta);
  }

  /** `key`: that of its version and name. */
  addOne(key: string, delta: UseDelta): void {
    const known = this.#deltas.get(key);
    if (known === undefined) {
      this.#deltas.set(key, { ...delta });
      return;
    }
    known.count += delta.count;
    known.firstAt = Math.min(known.firstAt, delta.firstAt);
    const isLater = delta.lastAt >= known.lastAt;
    known.fingerprints = isLater
      ? joinedFingerprints(delta.fingerprints, known.fingerprints)
      : joinedFingerprints(known.fingerprints, delta.fingerprints);
    if (!isLater) return;
    known.lastAt = delta.lastAt;
    known.client = delta.client;
  }
}

export function useKey({ tag, name }: Pick<UseDelta, "tag" | "name">): string {
  return `${tagKey(tag)}\0${nameKey(name)}`;
}
