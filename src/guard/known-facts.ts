import type { Usage } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import type { Facts, RelationFacts } from "./facts.ts";
import type { LockInUse } from "./lock-in-use.ts";
import type { AskedRelation, RelationAnswer, SessionSettings } from "./relation-inquiry.ts";
import { nameSql, type RelationName } from "./relation-name.ts";

/** What has to be asked of the server before all is known that rules have looked at. */
export interface WantedFacts {
  readonly names: readonly AskedRelation[];
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
  /** Of which relations the locks are wanted, too. */
  readonly #wantsLocks = new Set<string>();
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
    if (this.#isDoubted(name)) return undefined;
    const key = nameSql(name);
    if (this.#known.has(key)) return this.#known.get(key);
    this.#wanted.set(key, name);
    return undefined;
  }

  locksOn(name: RelationName): readonly LockInUse[] | undefined {
    if (this.#isDoubted(name)) return undefined;
    const key = nameSql(name);
    const known = this.#known.get(key);
    if (known === "missing") return [];
    // Asked for and not told of: a kind of relation that is not known.
    const isAsked = this.#known.has(key) && (known === undefined || this.#wantsLocks.has(key));
    if (isAsked) return known?.locks;
    this.#wanted.set(key, name);
    this.#wantsLocks.add(key);
    return undefined;
  }

  /** Undefined where all that was looked at is known. */
  get wanted(): WantedFacts | undefined {
    const wantsSettings = this.#wantsSettings && this.#settings === undefined;
    if (this.#wanted.size === 0 && !wantsSettings) return undefined;
    const names = [...this.#wanted].map(([key, name]) => ({
      ...this.#physical(name),
      withLocks: this.#wantsLocks.has(key),
    }));
    return { names };
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

  #isDoubted({ schema, name }: RelationName): boolean {
    return (this.#isPathDoubted && schema === undefined) || this.#doubted.has(name);
  }
}
