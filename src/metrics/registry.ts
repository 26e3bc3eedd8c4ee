import {
  AggregatorRegistry,
  type Counter,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
  Registry as PromRegistry,
} from "prom-client";
import type { Tally } from "./tally.ts";

export type Labels = Readonly<Record<string, string>>;

/** One value of a counter or a gauge. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** All values of a process's registry: plain data that can be sent. */
export type Samples = readonly MetricObjectWithValues<MetricValue<string>>[];

/** One histogram. */
export interface Distribution {
  readonly labels: Labels;
  readonly tally: Tally;
}

/** What prom-client's registry asks of a metric when it is scraped. */
interface Scraped {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** What several processes' values become together. */
  readonly aggregator: "sum" | "max";
  readonly values: readonly { readonly metricName?: string; labels: Labels; value: number }[];
}

/**
 * The metrics of a process in Prometheus' text format. This file alone knows prom-client.
 *
 * Values are read from their owners at each scrape: prom-client's own counters hash their labels
 * with every increment, which would cost more than all else that is measured of a statement.
 */
export class Registry {
  readonly #registry = new PromRegistry();

  /** Adds what Node.js and the system tell of the process: memory, CPU, event loop delay, ... */
  addProcessMetrics(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  addCounter(name: string, help: string, samples: () => readonly Sample[]): void {
    this.#add(name, () => ({ name, help, type: "counter", aggregator: "sum", values: samples() }));
  }

  addGauge(
    name: string,
    help: string,
    samples: () => readonly Sample[],
    aggregator: "sum" | "max" = "sum",
  ): void {
    this.#add(name, () => ({ name, help, type: "gauge", aggregator, values: samples() }));
  }

  addHistogram(name: string, help: string, distributions: () => readonly Distribution[]): void {
    this.#add(name, () => ({
      name,
      help,
      type: "histogram",
      aggregator: "sum",
      values: distributions().flatMap((distribution) => histogramSamples(name, distribution)),
    }));
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The same as data, for `joinSamples` in another process. */
  samples(): Promise<Samples> {
    return this.#registry.getMetricsAsJSON();
  }

  #add(name: string, scrape: () => Scraped): void {
    const metric = { name, get: () => Promise.resolve(scrape()) };
    // Trust boundary: of a metric the registry takes the name, and calls `get` at a scrape; its
    // types ask for one of its own classes. The tests read what comes out.
    this.#registry.registerMetric(metric as unknown as Counter);
  }
}

function histogramSamples(name: string, { labels, tally }: Distribution) {
  const buckets = tally.cumulated().map(({ bound, count }) => ({
    metricName: `${name}_bucket`,
    labels: { le: bound, ...labels },
    value: count,
  }));
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: tally.sum },
    { metricName: `${name}_count`, labels, value: tally.count },
  ];
}

/** Several processes' values in Prometheus' text format: sums, but for what can't be summed. */
export function joinedText(parts: readonly Samples[]): Promise<string> {
  return AggregatorRegistry.aggregate(parts.map((part) => [...part])).metrics();
}

/**
 * What is left of processes that are gone: their counts, which must not be missing from a sum of
 * counts. What they had at present, they have no more.
 */
export async function lastingSamples(parts: readonly Samples[]): Promise<Samples> {
  const counts = parts.map((part) => part.filter((metric) => !isGauge(metric)));
  return AggregatorRegistry.aggregate(counts).getMetricsAsJSON();
}

function isGauge({ type }: Samples[number]): boolean {
  // Trust boundary: prom-client's types give a number here, and its registries a word.
  return (type as unknown) === "gauge";
}
