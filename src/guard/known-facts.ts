import type { Usage } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import type { Facts, RelationFacts } from "./facts.ts";
import type { RelationAnswer, SessionSettings } from "./relation-inquiry.ts";
import { nameSql, type RelationName } from "./relation-name.ts";

/** What has to be asked of the server before all is known that rules have looked at. */
export interface WantedFacts {
  readonly names: readonly RelationName[];
}

type Known = RelationFacts | "missing" | undefined;

/**
 * Facts that are found out by asking: what rules look at and is not known yet is wanted, and undefined
 * until the server has answered. So rules are asked again, until nothing is wanted any more.
 */
export class KnownFacts implements Facts {
  readonly serverVersion: number | undefined;
  readonly bytesPerSecond: number | undefined;
  /** Undefined until it is known. */
  usage: Usage | undefined;
  readonly now: number;
  readonly windows: readonly Window[];
  /** What these names mean may be another thing by now, or what any name without a schema means. */
  readonly #doubted = new Set<string>();
  #isPathDoubted = false;
  readonly #physical: (name: RelationName) => RelationName;
  readonly #known = new Map<string, Known>();
  readonly #wanted = new Map<string, RelationName>();
  #settings: SessionSettings | undefined;
  #wantsSettings = false;

  constructor(given: {
    readonly serverVersion?: number | undefined;
    readonly bytesPerSecond?: number | undefined;
    readonly usage?: Usage | undefined;
    readonly windows?: readonly Window[];
    readonly now: number;
    /** The name that the catalog has for what the text names. */
    readonly physical?: (name: RelationName) => RelationName;
  }) {
    this.serverVersion = given.serverVersion;
    this.bytesPerSecond = given.bytesPerSecond;
    this.usage = given.usage;
    this.windows = given.windows ?? [];
    this.now = given.now;
    this.#physical = given.physical ?? ((name) => name);
  }

  get lockTimeoutMs(): number | undefined {
    this.wantSettings();
    return this.#settings?.lockTimeoutMs;
  }

  get statementTimeoutMs(): number | undefined {
    this.wantSettings();
    return this.#settings?.statementTimeoutMs;
  }

  /** As far as they are known: to ask for them is `wantSettings`. */
  get settings(): SessionSettings | undefined {
    return this.#settings;
  }

  wantSettings(): void {
    this.#wantsSettings = true;
  }

  relation(name: RelationName): Known {
    const isDoubted = this.#isPathDoubted && name.schema === undefined;
    if (isDoubted || this.#doubted.has(name.name)) return undefined;
    const key = nameSql(name);
    if (this.#known.has(key)) return this.#known.get(key);
    this.#wanted.set(key, name);
    return undefined;
  }

  /** Undefined where all that was looked at is known. */
  get wanted(): WantedFacts | undefined {
    const wantsSettings = this.#wantsSettings && this.#settings === undefined;
    if (this.#wanted.size === 0 && !wantsSettings) return undefined;
    return { names: [...this.#wanted.values()].map(this.#physical) };
  }

  /** Takes what the server said to the question for what was wanted, in its order. */
  learn({ settings, relations }: RelationAnswer): void {
    this.#settings = settings;
    let position = 0;
    for (const key of this.#wanted.keys()) {
      this.#known.set(key, relations[position]);
      position += 1;
    }
    this.#wanted.clear();
  }

  /** A statement that comes before others may change what these names mean to them. */
  doubt(names: readonly string[] | "path"): void {
    if (names === "path") this.#isPathDoubted = true;
    else for (const name of names) this.#doubted.add(name);
  }

  /** Before the first statement of a text. */
  doubtNothing(): void {
    this.#isPathDoubted = false;
    this.#doubted.clear();
  }
}
