import type { VersionTag } from "../version/tag.ts";
import type { Use, UsedName } from "../version/usage.ts";
import type { Window } from "../version/window.ts";
import { tagKey } from "./batch.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/** `/ledger`: all that is known. Times are RFC 3339 in UTC. */
export function ledgerPage(ledger: Ledger, now: number) {
  const entries = ledger.entries(now);
  const { gap, lostCount } = ledger;
  return {
    now: time(now),
    watching_since: time(ledger.watchingSince),
    lost: lostCount,
    ...(gap === undefined ? {} : { gap: { at: time(gap.at), why: gap.why } }),
    versions: versions(ledger, entries),
    entries: entries
      .filter(({ name }) => name.part !== "version")
      .map(({ name, ...entry }) => ({
        ...tagFields(entry.tag),
        what: name.part,
        ...(name.table === "" ? {} : { schema: name.schema, table: name.table }),
        ...(name.column === "" ? {} : { column: name.column }),
        ...timeFields(entry.firstAt, entry.lastAt),
        count: entry.count,
        per_second: rounded(entry.perSecond),
        fingerprints: entry.fingerprints,
        client: entry.client,
      })),
  };
}

/** `/ledger?of=public.orders.user_id`: who uses it. */
export function usesPage(
  ledger: Ledger,
  asked: {
    readonly of: UsedName;
    readonly windows: readonly Window[];
    readonly quietMs: number;
    readonly doubt: string;
  },
  now: number,
) {
  const { of, windows, quietMs, doubt } = asked;
  return {
    of: { ...of },
    watching_since: time(ledger.watchingSince),
    quiet_for_ms: quietMs,
    /** Why a use in the time that has to be quiet may be missing; empty where none is. */
    doubt: doubt || ledger.doubt(quietMs, now),
    now: time(now),
    uses: ledger.usage(windows, now).of(of).map(useFields),
  };
}

/** As they are read again from JSON. */
export type LedgerPage = ReturnType<typeof ledgerPage>;
export type UsesPage = ReturnType<typeof usesPage>;

export interface VersionLine {
  readonly app?: string;
  readonly version?: string;
  /** Missing where it has sent no statement yet. */
  readonly first_seen?: string;
  readonly last_seen?: string;
  readonly sessions: number;
  readonly statements: number;
  readonly per_second: number;
}

function versions(ledger: Ledger, entries: readonly LedgerEntry[]): readonly VersionLine[] {
  const open = new Map(ledger.sessions().map((each) => [tagKey(each.tag), each]));
  const seen = entries.filter(({ name }) => name.part === "version");
  const known = seen.map((entry) => ({
    ...tagFields(entry.tag),
    ...timeFields(entry.firstAt, entry.lastAt),
    sessions: open.get(tagKey(entry.tag))?.count ?? 0,
    statements: entry.count,
    per_second: rounded(entry.perSecond),
  }));
  const silent = [...open.values()].filter(
    ({ tag }) => !seen.some((entry) => tagKey(entry.tag) === tagKey(tag)),
  );
  return [
    ...known,
    ...silent.map(({ tag, count }) => ({
      ...tagFields(tag),
      sessions: count,
      statements: 0,
      per_second: 0,
    })),
  ];
}

function useFields(use: Use) {
  return {
    ...tagFields(use.tag),
    is_certain: use.isCertain,
    ...timeFields(use.firstSeenAt, use.lastSeenAt),
    count: use.count,
    per_second: rounded(use.perSecond),
    live_sessions: use.liveSessions,
    fingerprints: use.fingerprints,
    client: use.client,
  };
}

function tagFields(tag: VersionTag | undefined) {
  return tag === undefined ? {} : { app: tag.app, version: tag.version };
}

function timeFields(firstAt: number, lastAt: number) {
  return { first_seen: time(firstAt), last_seen: time(lastAt) };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function rounded(perSecond: number): number {
  return Math.round(perSecond * 100) / 100;
}
