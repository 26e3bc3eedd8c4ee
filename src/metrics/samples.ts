import type { Labels, Sample } from "./registry.ts";
import type { NamedCounts } from "./version-counts.ts";

/** A sample for each name that was counted. */
export function named(label: string, counts: NamedCounts, labels: Labels = {}): Sample[] {
  return counts.entries().map(([name, value]) => ({ labels: { ...labels, [label]: name }, value }));
}

/** The same of a record of counts. */
export function fixed(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
