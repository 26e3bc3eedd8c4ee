import { formatTag, type VersionTag } from "../version/tag.ts";
import type { Facts } from "./facts.ts";
import type { LockLevel } from "./lock-level.ts";
import { nameText, type RelationName } from "./relation-name.ts";

/** What a statement does to the rows of a table while it holds its lock. */
export type Work = "rewrite" | "scan" | "none";

/** What it would take to run a statement as it is. Undefined is not known. */
export interface Cost {
  readonly table: RelationName;
  readonly level: LockLevel;
  readonly work: Work;
  readonly bytes: number | undefined;
  readonly tuples: number | undefined;
  /** To move the bytes at the disk's throughput. */
  readonly secondsAtBest: number | undefined;
  /** With indexes and WAL. */
  readonly secondsLikely: number | undefined;
  /** Versions that have used the table in the last minute, and how much of theirs would wait. */
  readonly waiting: readonly WaitingVersion[];
  readonly requestsWaiting: number | undefined;
  /** Of the time that 99.99 % leaves for a year: 1 is all of it. */
  readonly budgetShare: number | undefined;
}

export interface WaitingVersion {
  readonly tag: VersionTag | undefined;
  readonly perSecond: number;
  readonly requests: number | undefined;
}

/** What 99.99 % of a year of 365 days leaves: 52.56 minutes. */
export const YEARLY_BUDGET_SECONDS = 365 * 24 * 3600 * 0.0001;

/**
 * A rewrite also makes all indexes anew, and logs everything: a table that a disk could copy in 200 s
 * takes 15 to 30 minutes. This is the lower end.
 */
const REWRITE_FACTOR = 4.5;

export function costOf(
  parts: { readonly table: RelationName; readonly level: LockLevel; readonly work: Work },
  facts: Facts,
): Cost {
  const found = facts.relation(parts.table);
  const relation = found === "missing" ? undefined : found;
  const { bytes, tuples } = relation ?? {};
  const throughput = facts.bytesPerSecond;
  const secondsAtBest =
    parts.work === "none" || bytes === undefined || throughput === undefined
      ? undefined
      : bytes / throughput;
  const factor = parts.work === "rewrite" ? REWRITE_FACTOR : 1;
  const secondsLikely = secondsAtBest === undefined ? undefined : secondsAtBest * factor;
  const waiting = versionsUsing(parts.table, facts).map(({ tag, perSecond }) => ({
    tag,
    perSecond,
    requests: secondsLikely === undefined ? undefined : perSecond * secondsLikely,
  }));
  const perSecond = waiting.reduce((sum, each) => sum + each.perSecond, 0);
  const isKnown = secondsLikely !== undefined && facts.usage !== undefined;
  return {
    ...parts,
    bytes,
    tuples,
    secondsAtBest,
    secondsLikely,
    waiting,
    requestsWaiting: isKnown ? perSecond * secondsLikely : undefined,
    budgetShare: secondsLikely === undefined ? undefined : secondsLikely / YEARLY_BUDGET_SECONDS,
  };
}

function versionsUsing(table: RelationName, facts: Facts) {
  const found = facts.relation(table);
  const schema = found === undefined || found === "missing" ? table.schema : found.schema;
  if (facts.usage === undefined || schema === undefined) return [];
  const uses = facts.usage.of({ schema, table: table.name, column: undefined });
  return uses.filter(({ isCertain, perSecond }) => isCertain && perSecond > 0);
}

/** Sentences for DETAIL; "" where nothing is known. */
export function costWords(cost: Cost): string {
  const sentences: string[] = [];
  const { bytes, secondsAtBest, secondsLikely, requestsWaiting, budgetShare, waiting } = cost;
  if (secondsAtBest !== undefined && secondsLikely !== undefined) {
    const rows = cost.tuples === undefined ? "" : ` in ${count(cost.tuples)} rows`;
    const verb = cost.work === "rewrite" ? "rewrite" : "read";
    const likely =
      secondsLikely > secondsAtBest
        ? `, with indexes and WAL more likely ${seconds(secondsLikely)}`
        : "";
    sentences.push(
      `To ${verb} the ${size(bytes ?? 0)}${rows} of ${nameText(cost.table)} takes ` +
        `${seconds(secondsAtBest)} at best${likely}.`,
    );
  }
  const upTo = cost.level === "ACCESS EXCLUSIVE" ? "" : "up to ";
  if (waiting.length > 0) {
    const shown = waiting.map(({ tag, perSecond, requests }) => {
      const each = requests === undefined ? "" : `, ${upTo}${count(requests)} that would wait`;
      return `${tag === undefined ? "unknown versions" : formatTag(tag)} (${count(perSecond)} a second${each})`;
    });
    sentences.push(`It is used by ${shown.join(", ")}.`);
  }
  if (requestsWaiting !== undefined && requestsWaiting >= 1) {
    sentences.push(`${capital(`${upTo}${count(requestsWaiting)} requests would wait or fail.`)}`);
  }
  if (budgetShare !== undefined && budgetShare >= 0.0005) {
    sentences.push(
      `That is ${(budgetShare * 100).toFixed(1)} % of the 52.56 minutes that 99.99 % leaves for a year.`,
    );
  }
  return sentences.join(" ");
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** 900000 is `900,000`; below 10, one digit after the point. */
function count(value: number): string {
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return Math.round(value).toLocaleString("en-US");
}

function seconds(value: number): string {
  if (value < 1) return "under 1 s";
  return value < 600 ? `${count(Math.round(value))} s` : `${count(Math.round(value / 60))} minutes`;
}

export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ""}`;
}
