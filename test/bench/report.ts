import { median } from "./statistics.ts";

/** Who is measured. `direct`: no proxy in between. */
export const TARGETS = ["direct", "PgBouncer", "Straddle"] as const;
export type TargetName = (typeof TARGETS)[number];

/** One line of the table: what was measured of each target, once per round. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  /** Oldest first. Rounds of all targets are side by side. */
  readonly samples: Partial<Record<TargetName, readonly number[]>>;
}

/** Collects samples; measures keep the order in which they were first heard of. */
export class Measures {
  readonly #measures = new Map<string, { name: string; unit: string; samples: Samples }>();

  add(target: TargetName, name: string, unit: string, value: number | undefined): void {
    if (value === undefined) return;
    const known = this.#measures.get(name);
    const measure = known ?? { name, unit, samples: {} };
    if (known === undefined) this.#measures.set(name, measure);
    const samples = measure.samples[target] ?? [];
    measure.samples[target] = samples;
    samples.push(value);
  }

  list(): readonly Measure[] {
    return [...this.#measures.values()];
  }
}

type Samples = Partial<Record<TargetName, number[]>>;

const HEAD = ["", "unit", ...TARGETS, "Straddle / PgBouncer", "Straddle / direct"];

/**
 * The table, as cells. Values are medians of the rounds. A ratio is the median of the ratios within
 * one round, so that a machine that becomes slower in the course of the run does not distort it.
 */
export function tableOf(measures: readonly Measure[]): readonly (readonly string[])[] {
  const rows = measures.map(({ name, unit, samples }) => [
    name,
    unit,
    ...TARGETS.map((target) => formatNumber(median(samples[target] ?? []))),
    formatRatio(medianRatio(samples.Straddle, samples.PgBouncer)),
    formatRatio(medianRatio(samples.Straddle, samples.direct)),
  ]);
  return [HEAD, ...rows];
}

function medianRatio(
  above: readonly number[] | undefined,
  below: readonly number[] | undefined,
): number | undefined {
  if (above === undefined || below === undefined) return undefined;
  const ratios = above.flatMap((value, round) => {
    const divisor = below[round];
    return divisor === undefined || divisor === 0 ? [] : [value / divisor];
  });
  return median(ratios);
}

/** Three digits are all that such a measurement bears, but for large numbers. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, digits === 0 ? "," : "");
}

function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? "-" : `${ratio.toFixed(2)}x`;
}

/** For a terminal: columns are aligned, numbers to the right. */
export function renderText(table: readonly (readonly string[])[]): string {
  const [head = []] = table;
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < 2 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

export function renderMarkdown(table: readonly (readonly string[])[]): string {
  const [head = [], ...rows] = table;
  const rule = head.map((_, column) => (column < 2 ? "---" : "---:"));
  return [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
