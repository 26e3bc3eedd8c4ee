import { addBlindSpots, type BlindSpotLevel } from "../../metrics/blind-spot-metrics.ts";
import { addLedgerMetrics, type LedgerLevel } from "../../metrics/ledger-metrics.ts";
import { addLimitLevels } from "../../metrics/limit-metrics.ts";
import { joinedText, lastingSamples, Registry, type Samples } from "../../metrics/registry.ts";
import type { SharedPlaces } from "./shared-places.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A worker that does not answer a scrape in time is shown as it was last heard of. */
const SCRAPE_MS = 1_000;

/**
 * The metrics of all processes as one page. Counts of workers that are gone stay in it as they were
 * last heard of, so that no sum goes down.
 */
export class JoinedMetrics {
  readonly #registry = new Registry();
  readonly #workers: () => readonly WorkerProcess[];
  readonly #scrapes = new Map<
    number,
    { readonly worker: WorkerProcess; readonly end: () => void }
  >();
  #gone: Promise<Samples> = Promise.resolve([]);
  #lastScrape = 0;

  constructor(
    pool: { readonly workers: readonly WorkerProcess[]; readonly restartsCount: number },
    shown: {
      readonly places: Pick<SharedPlaces, "levels">;
      readonly blindSpots: () => readonly BlindSpotLevel[];
      readonly ledger: () => LedgerLevel | undefined;
    },
  ) {
    const { places, blindSpots } = shown;
    addLedgerMetrics(this.#registry, shown.ledger);
    addBlindSpots(this.#registry, blindSpots);
    addLimitLevels(this.#registry, () =>
      Object.entries(places.levels).map(([limit, value]) => ({ labels: { limit }, value })),
    );
    this.#workers = () => pool.workers;
    this.#registry.addProcessMetrics();
    this.#registry.addGauge("straddle_workers", "Workers that serve.", () => [
      { labels: {}, value: pool.workers.filter(({ isServing }) => isServing).length },
    ]);
    this.#registry.addGauge("straddle_worker_sessions", "Sessions that are open, by worker.", () =>
      pool.workers.map(({ number, sessionsCount }) => ({
        labels: { worker: String(number) },
        value: sessionsCount,
      })),
    );
    this.#registry.addCounter(
      "straddle_worker_restarts_total",
      "Workers that had to be replaced.",
      () => [{ labels: {}, value: pool.restartsCount }],
    );
  }

  async render(): Promise<string> {
    await Promise.all(this.#workers().map((worker) => this.#ask(worker)));
    const own = await this.#registry.samples();
    // At one moment: a worker is among those that run, or among those that are gone.
    const running = this.#workers().map(({ samples }) => samples);
    return joinedText([own, ...running, await this.#gone]);
  }

  answered(worker: WorkerProcess, scrape: number, samples: Samples): void {
    worker.samples = samples;
    this.#scrapes.get(scrape)?.end();
  }

  workerGone(worker: WorkerProcess): void {
    for (const scrape of this.#scrapes.values()) if (scrape.worker === worker) scrape.end();
    this.#gone = this.#gone.then((before) => lastingSamples([before, worker.samples]));
  }

  #ask(worker: WorkerProcess): Promise<void> {
    this.#lastScrape += 1;
    const scrape = this.#lastScrape;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#scrapes.delete(scrape);
        resolve();
      };
      const timer = setTimeout(end, SCRAPE_MS);
      this.#scrapes.set(scrape, { worker, end });
      worker.send({ kind: "scrape", request: scrape });
    });
  }
}
