import type { Statistics } from "./statistics.ts";

/** How many different error messages are shown. */
const MESSAGES_MAX = 4;

/** `[v2] [v1] [v1] [v1]` for the versions of the pods. */
export function picture(versions: readonly string[]): string {
  return versions.map((version) => `[v${version.split(".")[0]}]`).join(" ");
}

/** What happened in a step. */
export function stepLine(pods: string, statistics: Statistics, elapsedMs: number): string {
  const perSecond = Math.round((statistics.queries * 1_000) / elapsedMs);
  return [
    `  ${pods}`,
    `${number(perSecond, 7)} queries/s`,
    `${number(statistics.failures, 6)} failed`,
    `p50 ${milliseconds(statistics.latencies.percentile(0.5))}`,
    `p99 ${milliseconds(statistics.latencies.percentile(0.99))}`,
  ].join("  ");
}

/** The commonest errors, with their numbers. */
export function failureLines(statistics: Statistics): readonly string[] {
  return [...statistics.errors]
    .sort(([, left], [, right]) => right - left)
    .slice(0, MESSAGES_MAX)
    .map(([message, count]) => `  ${number(count, 6)} x ${message}`);
}

/** Both deployments side by side. */
export function comparison(
  results: readonly { readonly name: string; readonly statistics: Statistics }[],
): readonly string[] {
  const head = ["", "queries", "failed", "p50", "p99", "longest"];
  const rows = results.map(({ name, statistics: { queries, failures, latencies, longestMs } }) => [
    name,
    number(queries, 0),
    number(failures, 0),
    milliseconds(latencies.percentile(0.5)).trim(),
    milliseconds(latencies.percentile(0.99)).trim(),
    milliseconds(longestMs * 1_000).trim(),
  ]);
  return [head, ...rows].map(
    ([name = "", ...cells]) =>
      `  ${name.padEnd(18)}${cells.map((cell) => cell.padStart(12)).join("")}`,
  );
}

function number(value: number, width: number): string {
  return value.toLocaleString("en").padStart(width);
}

function milliseconds(microseconds: number): string {
  return `${(microseconds / 1_000).toFixed(2).padStart(7)} ms`;
}
