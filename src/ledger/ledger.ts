import type { VersionTag } from "../version/tag.ts";
import type { Usage, Use, UsedName } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import {
  joinedFingerprints,
  type OpenSessions,
  tagKey,
  type UseBatch,
  type UseDelta,
} from "./batch.ts";
import type { LedgerName } from "./ledger-name.ts";
import { MinuteRate } from "./minute-rate.ts";
import { useKey } from "./use-sum.ts";

export interface LedgerOptions {
  /** Lines that are kept: one for each version and name. */
  readonly entriesMax: number;
  /** Since when statements have been counted without a gap. Milliseconds since the epoch. */
  readonly watchingSince: number;
}

/** Uses until then may be missing; why, as a clause. */
export interface Gap {
  readonly at: number;
  readonly why: string;
}

/** What is known, as plain data. */
export interface LedgerRecord {
  readonly watchingSince: number;
  readonly gap?: Gap | undefined;
  readonly deltas: readonly UseDelta[];
}

/** One version and one name. */
export interface LedgerEntry {
  readonly tag: VersionTag | undefined;
  readonly name: LedgerName;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly perSecond: number;
  readonly fingerprints: readonly string[];
  readonly client: string;
}

/**
 * Which version has used which table and column: what the counters of all processes have counted, put
 * together. Bounded: what finds no room is counted, and makes the ledger's answers unsure for as long as
 * they hang on the time in which that was.
 */
export class Ledger {
  #watchingSince: number;
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Entry>();
  /** By who has told them. */
  readonly #sessions = new Map<string, readonly OpenSessions[]>();
  #lostCount = 0;
  #gap: Gap | undefined;

  constructor(options: LedgerOptions) {
    this.#entriesMax = options.entriesMax;
    this.#watchingSince = options.watchingSince;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Uses that found no room. */
  get lostCount(): number {
    return this.#lostCount;
  }

  /** When uses were last lost, and why. */
  get gap(): Gap | undefined {
    return this.#gap;
  }

  get watchingSince(): number {
    return this.#watchingSince;
  }

  noteGap(gap: Gap): void {
    if (gap.at >= (this.#gap?.at ?? 0)) this.#gap = gap;
  }

  /** All of it but for sessions and rates. */
  get record(): LedgerRecord {
    const deltas = [...this.#entries.values()].map((entry) => entry.delta);
    return { watchingSince: this.#watchingSince, gap: this.#gap, deltas };
  }

  /** Takes a record for what it knows itself. */
  adopt({ watchingSince, gap, deltas }: LedgerRecord, now: number): void {
    this.#watchingSince = Math.min(this.#watchingSince, watchingSince);
    if (gap !== undefined) this.noteGap(gap);
    for (const delta of deltas) this.#add(delta, now, { isPast: true });
  }

  /** Takes what was counted; `from` is who has, whose sessions replace those that it told before. */
  add(batch: UseBatch, from: string, now: number): void {
    this.#sessions.set(from, batch.sessions);
    for (const delta of batch.deltas) this.#add(delta, now);
  }

  /** Whoever this is has no sessions any more. */
  leave(from: string): void {
    this.#sessions.delete(from);
  }

  /** Forgets what nobody has used since then. */
  prune(before: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.lastAt < before) this.#entries.delete(key);
    }
  }

  entries(now: number): readonly LedgerEntry[] {
    return [...this.#entries.values()].map((entry) => ({
      tag: entry.tag,
      name: entry.name,
      firstAt: entry.firstAt,
      lastAt: entry.lastAt,
      count: entry.count,
      perSecond: entry.rate.perSecond(now),
      fingerprints: entry.fingerprints,
      client: entry.client,
    }));
  }

  /** Sessions that are open, by version. */
  sessions(): readonly OpenSessions[] {
    const open = new Map<string, { tag: VersionTag | undefined; count: number }>();
    for (const { tag, count } of [...this.#sessions.values()].flat()) {
      const known = open.get(tagKey(tag));
      if (known === undefined) open.set(tagKey(tag), { tag, count });
      else known.count += count;
    }
    return [...open.values()];
  }

  /** Who uses what, as far as is known. A table under a window goes by either of its names. */
  usage(windows: readonly Window[], now: number): Usage {
    return { of: (name) => this.#usesOf(name, windows, now) };
  }

  /** Why its answers may lack a use of the last `quietMs`, or "". */
  doubt(quietMs: number, now: number): string {
    if (now - this.#watchingSince < quietMs) {
      return `the ledger has been watching since ${new Date(this.#watchingSince).toISOString()} only`;
    }
    if (this.#gap !== undefined && now - this.#gap.at < quietMs) {
      return `uses were lost at ${new Date(this.#gap.at).toISOString()}: ${this.#gap.why}`;
    }
    return "";
  }

  #add(delta: UseDelta, now: number, { isPast } = { isPast: false }): void {
    const key = useKey(delta);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= this.#entriesMax) {
        this.#lostCount += delta.count;
        this.noteGap({ at: delta.lastAt, why: "the ledger is full, raise ledger.entries_max" });
        return;
      }
      entry = new Entry(delta);
      this.#entries.set(key, entry);
    }
    if (!isPast) entry.rate.add(delta.count, now);
    entry.add(delta);
  }

  #usesOf(asked: UsedName, windows: readonly Window[], now: number): readonly Use[] {
    const tables = tableNames(asked, windows);
    const uses = new Map<string, Use>();
    const sessions = new Map(this.sessions().map(({ tag, count }) => [tagKey(tag), count]));
    for (const entry of this.#entries.values()) {
      if (!isAbout(entry.name, asked, tables)) continue;
      const isCertain = entry.name.part !== "hidden";
      const of = tagKey(entry.tag);
      const key = `${of}\0${isCertain}`;
      const known = uses.get(key);
      const use: Use = {
        tag: entry.tag,
        isCertain,
        firstSeenAt: entry.firstAt,
        lastSeenAt: entry.lastAt,
        count: entry.count,
        perSecond: entry.rate.perSecond(now),
        liveSessions: sessions.get(of) ?? 0,
        fingerprints: entry.fingerprints,
        client: entry.client,
      };
      uses.set(key, known === undefined ? use : joined(known, use));
    }
    return [...uses.values()].sort((one, other) => other.lastSeenAt - one.lastSeenAt);
  }
}

class Entry {
  readonly tag: VersionTag | undefined;
  readonly name: LedgerName;
  readonly rate = new MinuteRate();
  firstAt: number;
  lastAt: number;
  count = 0;
  fingerprints: readonly string[] = [];
  client: string;

  constructor({ tag, name, firstAt, lastAt, client }: UseDelta) {
    this.tag = tag;
    this.name = name;
    this.firstAt = firstAt;
    this.lastAt = lastAt;
    this.client = client;
  }

  get delta(): UseDelta {
    const { tag, name, count, firstAt, lastAt, fingerprints, client } = this;
    return { tag, name, count, firstAt, lastAt, fingerprints, client };
  }

  add({ count, firstAt, lastAt, fingerprints, client }: UseDelta): void {
    this.count += count;
    this.firstAt = Math.min(this.firstAt, firstAt);
    const isLater = lastAt >= this.lastAt;
    this.fingerprints = isLater
      ? joinedFingerprints(fingerprints, this.fingerprints)
      : joinedFingerprints(this.fingerprints, fingerprints);
    if (!isLater) return;
    this.lastAt = lastAt;
    this.client = client;
  }
}

/** The table's name, and the other one that an open window gives it. */
function tableNames({ schema, table }: UsedName, windows: readonly Window[]): ReadonlySet<string> {
  const names = new Set([table]);
  for (const window of windows) {
    if (window.schema !== schema || window.renameTable === undefined) continue;
    const both = [window.table, window.renameTable];
    if (both.includes(table)) for (const name of both) names.add(name);
  }
  return names;
}

function isAbout(name: LedgerName, asked: UsedName, tables: ReadonlySet<string>): boolean {
  const isThere = name.schema === "" || name.schema === asked.schema;
  switch (name.part) {
    case "version":
      return false;
    case "hidden":
      return true;
    case "table":
      // Asked for the table itself: under one of its names, this one.
      return isThere && asked.column === undefined && name.table === asked.table;
    case "row":
      return isThere && asked.column !== undefined && tables.has(name.table);
    case "column":
      return isThere && name.column === asked.column && tables.has(name.table);
  }
}

function joined(one: Use, other: Use): Use {
  const [later, earlier] = one.lastSeenAt >= other.lastSeenAt ? [one, other] : [other, one];
  return {
    ...later,
    firstSeenAt: Math.min(one.firstSeenAt, other.firstSeenAt),
    count: one.count + other.count,
    perSecond: one.perSecond + other.perSecond,
    fingerprints: joinedFingerprints(later.fingerprints, earlier.fingerprints),
  };
}
