import type { Health } from "../../admin/health.ts";
import type { Admin } from "../../admin/http.ts";
import type { Sink } from "../../audit/sink.ts";
import type { Config } from "../../config/config.ts";
import { shownSettings } from "../../config/written.ts";
import type { ConfigWatch } from "../config-watch.ts";
import { OwnFleet } from "../fleet/own-fleet.ts";
import { type KeptLedger, openKeptLedger } from "../ledger/kept-ledger.ts";
import { log } from "../log.ts";
import { CLOSE_DEADLINE_MS } from "../observers.ts";
import { WindowPreflight } from "../preflight/window-preflight.ts";
import { listenAs, watchConfig } from "../run.ts";
import { AuditHub, openAuditSink } from "./audit-hub.ts";
import { FlipBoard } from "./flip-board.ts";
import { FrontDoor, SILENT_MS } from "./front-door.ts";
import { check, joinedHealth } from "./joined-health.ts";
import { JoinedLedger } from "./joined-ledger.ts";
import { JoinedMetrics } from "./joined-metrics.ts";
import type { ToPrimary } from "./messages.ts";
import { startPages } from "./pages.ts";
import { Pool } from "./pool.ts";
import { Settings } from "./settings.ts";
import { SharedPlaces } from "./shared-places.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** What a worker may need to end, beyond its own deadlines. */
const EXIT_MS = 5_000;

export interface PrimaryOptions {
  readonly workersCount: number;
  readonly configFile?: string | undefined;
  /** Somebody asks for the end by HTTP. */
  readonly onQuit?: (() => void) | undefined;
}

/**
 * The primary process: no session and no statement comes here. It owns what there is one of (the
 * listening sockets, the audit log, the pages, the configuration file), the workers, and what these
 * have to agree on (places for sessions, flips). What is wrong with the set-up is a SetupError.
 */
export class Primary {
  port = 0;
  /** The Unix socket's file. */
  socket: string | undefined;
  readonly #settings: Settings;
  readonly #hub: AuditHub | undefined;
  readonly #pool: Pool;
  readonly #door: FrontDoor;
  readonly #board = new FlipBoard();
  readonly #fleet: OwnFleet | undefined;
  readonly #places: SharedPlaces;
  readonly #metrics: JoinedMetrics;
  readonly #ledger: JoinedLedger | undefined;
  readonly #health = { configProblem: "" };
  readonly #watch: ConfigWatch | undefined;
  readonly #preflight = new WindowPreflight({ config: () => this.#settings.config, log });
  readonly #onQuit: (() => void) | undefined;
  #admin: Admin | undefined;
  #isStarted = false;
  #isStopping = false;

  static async start(config: Config, options: PrimaryOptions): Promise<Primary> {
    const kept = await openKeptLedger(config);
    const primary = new Primary(config, { sink: await openAuditSink(config), kept }, options);
    try {
      await primary.#start();
    } catch (error) {
      await primary.stop();
      throw error;
    }
    return primary;
  }

  private constructor(
    config: Config,
    { sink, kept }: { readonly sink: Sink | undefined; readonly kept: KeptLedger | undefined },
    options: PrimaryOptions,
  ) {
    const { workersCount } = options;
    this.#onQuit = options.onQuit;
    this.#settings = new Settings({
      config,
      workersCount,
      merge: (read) => this.#fleet?.windows.rebase(read) ?? read,
      onChange: (written) => this.#tellAll({ kind: "settings", written }),
    });
    this.#pool = new Pool({
      count: workersCount,
      written: () => this.#settings.written,
      onMessage: (worker, message) => this.#take(worker, message),
      onStarted: (worker) => this.#joined(worker),
      onGone: (worker) => this.#gone(worker),
    });
    this.#hub = sink === undefined ? undefined : new AuditHub(sink, () => this.#pool.workers);
    this.#places = new SharedPlaces(config.limits.sessionsMax);
    this.#door = new FrontDoor({
      workers: () => this.#pool.workers,
      keepaliveMs: config.listen.keepaliveMs,
    });
    const windows = () => this.#settings.config.windows;
    this.#ledger = config.ledger.enabled
      ? new JoinedLedger(
          { settings: config.ledger, windows, kept, warn: (words) => log.warn(words) },
          () => this.#pool.workers,
        )
      : undefined;
    this.#metrics = new JoinedMetrics(this.#pool, {
      places: this.#places,
      blindSpots: () => this.#preflight.counts,
      ledger: () => this.#ledger?.keeper.level,
    });
    this.#fleet = OwnFleet.of({
      config,
      onWindows: (merged) => this.#settings.configure(merged),
      windows,
      readCatalog: () =>
        new Promise((resolve) => this.#board.announce(undefined, this.#holdMs, () => resolve())),
    });
    // Before the file can change unseen.
    this.#watch = watchConfig(options.configFile, this.#settings, this.#health, () =>
      this.#preflight.look(),
    );
  }

  /** Where metrics and health are; undefined when they are off. */
  get metricsPort(): number | undefined {
    return this.#admin?.port;
  }

  /** The windows that are in force. */
  get windowsCount(): number {
    return this.#settings.config.windows.length;
  }

  /** After the audit log's file has been moved away. */
  async reopenAudit(): Promise<void> {
    await this.#hub?.reopen();
  }

  /** Reads the configuration file again, whether or not it has changed. */
  rereadSettings(): void {
    if (this.#watch === undefined) log.info("there is no configuration file to be read again");
    this.#watch?.reread();
  }

  /** Lets transactions end in all workers, writes out the audit log: as `shutdown` has it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#watch?.stop();
    await this.#preflight.stop();
    const { delayMinMs, delayMaxMs } = this.#settings.config.shutdown;
    const closing = setTimeout(() => this.#door.close(), this.#isStarted ? delayMinMs : 0);
    await this.#pool.stop(delayMaxMs + CLOSE_DEADLINE_MS + EXIT_MS);
    clearTimeout(closing);
    this.#door.close();
    await this.#fleet?.stop();
    await this.#admin?.stop();
    await this.#ledger?.keeper.stop();
    await this.#hub?.close(CLOSE_DEADLINE_MS);
  }

  /** Cuts short what `stop` waits for. */
  hurry(): void {
    this.#door.close();
    this.#tellAll({ kind: "hurry" });
  }

  async #start(): Promise<void> {
    const { config } = this.#settings;
    await this.#fleet?.start();
    await this.#pool.start();
    const { port, socket } = await listenAs(config, this.#door);
    this.port = port;
    this.socket = socket;
    if (config.metrics.enabled) this.#admin = await this.#serve(config.metrics);
    this.#isStarted = true;
    this.#preflight.look();
  }

  #serve({ host, port }: Config["metrics"]): Promise<Admin> {
    return startPages({
      host,
      port,
      metrics: () => this.#metrics.render(),
      health: () => this.#report(),
      ledger: this.#ledger && ((asked) => this.#ledger?.page(asked)),
      quit: this.#onQuit,
      config: () => ({
        in_force: shownSettings(this.#settings.config),
        waiting_for_restart: this.#settings.waitingKeys,
      }),
      report: log.problem,
    });
  }

  #take(worker: WorkerProcess, message: ToPrimary): void {
    switch (message.kind) {
      case "greeted":
        worker.strangersCount -= 1;
        return;
      case "place":
        this.#places.take(worker, message.request, message.place);
        return;
      case "left":
        this.#places.free(worker, message.user);
        return;
      case "audit":
        this.#hub?.take(worker, message.lines, message.size);
        return;
      case "flip":
        this.#flips.flip(worker, message);
        return;
      case "flipped":
        this.#flips.flipped(worker, message.flip);
        return;
      case "drained":
        this.#flips.drained(worker, message.epoch);
        return;
      case "announce":
        this.#board.announce(worker, this.#holdMs, () => {
          worker.send({ kind: "announced", request: message.request });
        });
        return;
      case "catalog_read":
        this.#board.catalogRead(worker, message.round);
        return;
      case "scraped":
        this.#metrics.answered(worker, message.request, message.samples);
        return;
      case "uses":
        this.#ledger?.take(worker, message.batch);
        return;
      case "uses_told":
        this.#ledger?.told(message.request);
        return;
      case "status":
        worker.checks = message.checks;
        worker.samples = message.samples;
        return;
      case "started":
      case "failed":
        return; // The pool's.
    }
  }

  /** Who has flips agreed on: the fleet, or this process alone. */
  get #flips(): Pick<FlipBoard, "flip" | "flipped" | "drained"> {
    return this.#fleet?.board ?? this.#board;
  }

  get #holdMs(): number {
    return this.#settings.config.limits.holdTimeoutMs;
  }

  /**
   * A worker has started. It reads the catalog once more before it gets clients: from here on it hears
   * of all changes, and what it has read before may be older.
   */
  #joined(worker: WorkerProcess): void {
    this.#board.join(worker);
    this.#fleet?.board.join(worker);
    this.#hub?.join(worker);
    this.#ledger?.join(worker);
    worker.send({ kind: "settings", written: this.#settings.written });
    this.#board.readCatalog(worker, this.#holdMs, () => {
      this.#pool.serves(worker);
      this.#door.workerReady();
    });
  }

  #gone(worker: WorkerProcess): void {
    this.#board.leave(worker);
    this.#fleet?.board.leave(worker);
    this.#places.freeAll(worker);
    this.#metrics.workerGone(worker);
    this.#ledger?.workerGone(worker);
  }

  #tellAll(message: Parameters<WorkerProcess["send"]>[0]): void {
    for (const worker of this.#pool.workers) worker.send(message);
  }

  #report(): Health {
    const silent = this.#pool.workers.filter(({ heardMs }) => Date.now() - heardMs > SILENT_MS);
    const silence = silent.map(({ number }) => `worker ${number} does not answer`);
    const problems = [this.#pool.problem, ...silence].filter((problem) => problem !== "");
    const draining = this.#isStopping ? "straddle is shutting down" : "";
    return joinedHealth({
      isStarted: this.#isStarted,
      workers: this.#pool.workers.map(({ checks }) => checks),
      own: [
        check("draining", draining, "failed"),
        check("config", this.#health.configProblem, "warning"),
        check("blind_spots", this.#preflight.problem, "warning"),
        check("control", this.#fleet?.problem ?? "", "warning"),
        check("workers", problems.join("; "), this.#pool.isFailing ? "failed" : "warning"),
      ],
    });
  }
}
