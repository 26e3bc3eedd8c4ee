import type { Catalog } from "./catalog.ts";
import { type Naming, namingFor } from "./naming.ts";
import { formatTag, type VersionTag } from "./tag.ts";
import type { Window } from "./window.ts";

/** Tags that a naming is kept for. More than this many versions at one time is a mistake somewhere. */
const NAMINGS_MAX = 1_000;

/** What each version calls things by one state of windows and catalog; made once for each. */
export class Namings {
  readonly catalog: Catalog;
  readonly #windows: readonly Window[];
  readonly #known = new Map<string, Naming>();

  constructor(windows: readonly Window[], catalog: Catalog) {
    this.#windows = windows;
    this.catalog = catalog;
  }

  naming(tag: VersionTag | undefined): Naming {
    const key = tag === undefined ? "" : formatTag(tag);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const naming = namingFor(tag, this.#windows, this.catalog);
    if (this.#known.size >= NAMINGS_MAX) this.#known.clear();
    this.#known.set(key, naming);
    return naming;
  }
}
