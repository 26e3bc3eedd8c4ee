import type { VersionTag } from "./tag.ts";

/** A table, or one of its columns, under the names that a version uses for them. */
export interface UsedName {
  readonly schema: string;
  readonly table: string;
  /** Undefined for the table as such. */
  readonly column: string | undefined;
}

/** What one version has done with a table or a column. Times are milliseconds since the epoch. */
export interface Use {
  /** Undefined for sessions whose version is not known. */
  readonly tag: VersionTag | undefined;
  /** False for statements that may have used it, or not: their text does not tell. */
  readonly isCertain: boolean;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Statements. */
  readonly count: number;
  /** Statements a second, over the last minute. */
  readonly perSecond: number;
  /** Sessions of this version that are open now. */
  readonly liveSessions: number;
  /** A few of the statements that did it: libpg_query's fingerprints, the latest first. */
  readonly fingerprints: readonly string[];
  /** Where the latest came from: an address with its port, or `unix`. */
  readonly client: string;
}

/** Who uses what, as far as statements have told: what the ledger answers. */
export interface Usage {
  /** By version, the latest use first. Empty where nobody has used it. */
  of(name: UsedName): readonly Use[];
}

/**
 * Whether a use says that the name is still needed: it was within the last `quietMs`, or its version is there
 * and may do it again. Of sessions without a version, and of what is not certain, only the time tells.
 */
export function isNeeded(
  use: Pick<Use, "isCertain" | "liveSessions"> & {
    readonly isOfVersion: boolean;
    readonly agoMs: number;
  },
  quietMs: number,
): boolean {
  return use.agoMs < quietMs || (use.isOfVersion && use.isCertain && use.liveSessions > 0);
}
