import type { VersionTag } from "../version/tag.ts";
import { VersionCounts } from "./version-counts.ts";

/** A label is what a client says it is: no more of it than this, in characters. */
const LABEL_LENGTH_MAX = 100;

/**
 * The counts of each application's version, at most `labelSetsMax` of them: an application could say
 * anything. The rest shares one, as app `other`, version `other`. What no session has used since the
 * scrape before last gives its place to a newcomer, so that a year of deployments doesn't end with
 * the present versions as `other`.
 */
export class VersionTable {
  readonly #labelSetsMax: number;
  readonly #byName = new Map<string, Row>();
  readonly #byTag = new WeakMap<VersionTag, Row>();
  readonly #untagged = new VersionCounts("", "");
  readonly #other = new VersionCounts("other", "other");
  #scrape = 0;

  constructor(options: { readonly labelSetsMax: number }) {
    this.#labelSetsMax = options.labelSetsMax;
  }

  /** Where to count what is of this tag. Not to be kept: ask again each time. */
  counts(tag: VersionTag | undefined): VersionCounts {
    if (tag === undefined) return this.#untagged;
    let row = this.#byTag.get(tag);
    if (row === undefined || row.isRemoved) {
      row = this.#row(tag);
      if (row === undefined) return this.#other;
      this.#byTag.set(tag, row);
    }
    row.lastUse = this.#scrape;
    return row.counts;
  }

  /** All counts that were ever used, in the order in which they came up. */
  all(): readonly VersionCounts[] {
    const named = [...this.#byName.values()].map((row) => row.counts);
    return [this.#untagged, ...named, this.#other].filter((counts) => counts.isUsed);
  }

  /** To be called at each scrape, after marking the tags of open sessions by `counts`. */
  scraped(): void {
    this.#scrape += 1;
  }

  #row(tag: VersionTag): Row | undefined {
    const app = tag.app.slice(0, LABEL_LENGTH_MAX);
    const version = tag.version.slice(0, LABEL_LENGTH_MAX);
    const name = `${app}\0${version}`;
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= this.#labelSetsMax && !this.#makeRoom()) return undefined;
    const row = {
      counts: new VersionCounts(app, version),
      lastUse: this.#scrape,
      isRemoved: false,
    };
    this.#byName.set(name, row);
    return row;
  }

  #makeRoom(): boolean {
    for (const [name, row] of this.#byName) {
      if (row.lastUse >= this.#scrape - UNUSED_SCRAPES) continue;
      row.isRemoved = true;
      this.#byName.delete(name);
      return true;
    }
    return false;
  }
}
/** How many scrapes a version must have been unused for, so that its last values were seen. */
const UNUSED_SCRAPES = 2;

interface Row {
  readonly counts: VersionCounts;
  lastUse: number;
  isRemoved: boolean;
}
