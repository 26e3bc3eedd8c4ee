import { LatencyHistogram } from "./latency-histogram.ts";

/** What a pod tells of the time since its last report. Crosses a process boundary as JSON. */
export interface PodReport {
  readonly kind: "report";
  readonly queries: number;
  readonly failures: number;
  /** Error messages of failures and how often. */
  readonly errors: Readonly<Record<string, number>>;
  readonly latencyCounts: readonly number[];
  readonly longestMs: number;
}

/** Sums of reports: of a pod, a step or a whole deployment. */
export class Statistics {
  queries = 0;
  failures = 0;
  longestMs = 0;
  readonly errors = new Map<string, number>();
  readonly latencies = new LatencyHistogram();

  add(report: PodReport): void {
    this.queries += report.queries;
    this.failures += report.failures;
    this.longestMs = Math.max(this.longestMs, report.longestMs);
    for (const [message, count] of Object.entries(report.errors)) {
      this.errors.set(message, (this.errors.get(message) ?? 0) + count);
    }
    this.latencies.addCounts(report.latencyCounts);
  }

  toReport(): PodReport {
    return {
      kind: "report",
      queries: this.queries,
      failures: this.failures,
      errors: Object.fromEntries(this.errors),
      latencyCounts: this.latencies.counts,
      longestMs: this.longestMs,
    };
  }
}
