import { percentile } from "../statistics.ts";

/** A span of time. `performance.now()`. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What became of one statement, from its sending to its whole answer. */
export interface StatementSpan extends Span {
  readonly isFailed: boolean;
}

/** What was measured of one way to rename. Times in milliseconds; undefined of nothing. */
export interface Figures {
  readonly statementCount: number;
  readonly failedCount: number;
  /** Before the first flip. */
  readonly before: Latency;
  /** Of those under way at some moment of a flip. */
  readonly during: Latency;
  /** Between flips and after the last one. */
  readonly after: Latency;
  readonly flip: Latency;
}

export interface Latency {
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly longest: number | undefined;
}

/** Sorts statements by where they were in time; one that failed counts, but its latency does not. */
export function figuresOf(statements: readonly StatementSpan[], flips: readonly Span[]): Figures {
  const before: Span[] = [];
  const during: Span[] = [];
  const after: Span[] = [];
  const firstMs = flips[0]?.startMs ?? Number.POSITIVE_INFINITY;
  for (const each of statements) {
    if (each.isFailed) continue;
    if (isDuringOne(each, flips)) during.push(each);
    else if (each.endMs < firstMs) before.push(each);
    else after.push(each);
  }
  return {
    statementCount: statements.length,
    failedCount: statements.filter(({ isFailed }) => isFailed).length,
    before: latencyOf(before),
    during: latencyOf(during),
    after: latencyOf(after),
    flip: latencyOf(flips),
  };
}

/** Whether the spans have a moment in common. `flips` is sorted, and no two of them overlap. */
function isDuringOne({ startMs, endMs }: Span, flips: readonly Span[]): boolean {
  let low = 0;
  let high = flips.length;
  // The first flip that ends at or after the start.
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((flips[middle]?.endMs ?? 0) < startMs) low = middle + 1;
    else high = middle;
  }
  const flip = flips[low];
  return flip !== undefined && flip.startMs <= endMs;
}

function latencyOf(spans: readonly Span[]): Latency {
  const times = spans.map(({ startMs, endMs }) => endMs - startMs);
  return {
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    longest: percentile(times, 1),
  };
}
