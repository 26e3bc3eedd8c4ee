import type { VersionTag } from "../version/tag.ts";
import type { LedgerName } from "./ledger-name.ts";

/**
 * What one version has done with one name since the batch before. Plain data: it goes to other processes,
 * and to the store. Times are milliseconds since the epoch.
 */
export interface UseDelta {
  /** Undefined for sessions whose version is not known. */
  readonly tag?: VersionTag | undefined;
  readonly name: LedgerName;
  /** Statements. */
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The latest first. */
  readonly fingerprints: readonly string[];
  /** Where the latest came from. */
  readonly client: string;
}

/** Sessions of one version that are open. */
export interface OpenSessions {
  readonly tag?: VersionTag | undefined;
  readonly count: number;
}

export interface UseBatch {
  readonly deltas: readonly UseDelta[];
  readonly sessions: readonly OpenSessions[];
}

/** Fingerprints that are kept of what used a name. */
export const FINGERPRINTS_MAX = 5;

/** The latest first, each once, and only a few. */
export function joinedFingerprints(
  later: readonly string[],
  earlier: readonly string[],
): readonly string[] {
  if (later.every((each, index) => earlier[index] === each)) return earlier;
  return [...new Set([...later, ...earlier])].slice(0, FINGERPRINTS_MAX);
}

// A tag can hold any character that a client sends, but no NUL.
export function tagKey(tag: VersionTag | undefined): string {
  return tag === undefined ? "\0" : `${tag.app}\0${tag.version}`;
}
