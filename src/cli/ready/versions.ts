import type { LedgerPage, VersionLine } from "../../ledger/ledger-page.ts";
import type { Asked } from "./ask-instances.ts";
import { duration, tagWords } from "./report.ts";

/** What one version does, over all instances. */
export interface ShownVersion extends VersionLine {
  /** How long ago its last statement was. */
  readonly ago_ms?: number;
}

/** The versions that instances tell of, those of one application together. */
export function joinedVersions(instances: readonly Asked<LedgerPage>[]): readonly ShownVersion[] {
  const joined = new Map<string, ShownVersion>();
  for (const asked of instances) {
    if (asked.kind === "silent") continue;
    const { now } = asked.page;
    for (const told of asked.page.versions) {
      const key = tagWords(told);
      const ago =
        told.last_seen === undefined ? undefined : Date.parse(now) - Date.parse(told.last_seen);
      const version: ShownVersion = {
        ...told,
        ...(ago === undefined ? {} : { ago_ms: Math.max(0, ago) }),
      };
      const known = joined.get(key);
      joined.set(key, known === undefined ? version : sum(known, version));
    }
  }
  return [...joined].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, version]) => version);
}

function sum(one: ShownVersion, other: ShownVersion): ShownVersion {
  const firsts = [one.first_seen, other.first_seen].filter((each) => each !== undefined).sort();
  const [later, earlier] =
    (one.ago_ms ?? Infinity) <= (other.ago_ms ?? Infinity) ? [one, other] : [other, one];
  return {
    ...earlier,
    ...later,
    ...(firsts[0] === undefined ? {} : { first_seen: firsts[0] }),
    sessions: one.sessions + other.sessions,
    statements: one.statements + other.statements,
    per_second: one.per_second + other.per_second,
  };
}

/** A table for people. */
export function formatVersions(versions: readonly ShownVersion[]): string {
  if (versions.length === 0) return "no version is live\n";
  const rows = [
    ["VERSION", "SINCE", "LAST STATEMENT", "SESSIONS", "STATEMENTS/S"],
    ...versions.map((version) => [
      tagWords(version),
      version.first_seen ?? "-",
      version.ago_ms === undefined ? "-" : `${duration(version.ago_ms)} ago`,
      String(version.sessions),
      version.per_second.toFixed(2),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
