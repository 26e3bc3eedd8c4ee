import { performance } from "node:perf_hooks";
import type pg from "pg";
import { ControlLink } from "./control-link.ts";
import { FleetFlips, type FlipRequest } from "./fleet-flips.ts";
import { FleetHolds } from "./fleet-holds.ts";
import { checkStore, STORE_VERSION } from "./store.ts";
import { type WindowInForce, windowsSql } from "./window-in-force.ts";

/** Beats come this often while a flip is under way, in case that a notification is lost. */
const HURRY_MS = 100;

/** What the fleet needs of this instance: its gates, its windows and its catalog. */
export interface FleetSide {
  /** Close a relation's door, and say `drained` when nobody is inside. */
  hold(hold: {
    readonly epoch: number;
    readonly oid: number;
    readonly holdMs: number;
    /** How long the catalog may take to be read when the hold ends by its deadline. */
    readonly graceMs: number;
  }): void;
  /** The flip is over: read the catalog, and open. */
  release(epoch: number): void;
  /** The flip asked for may go ahead; `isOver`: it may not, since the fleet did not agree in time. */
  ready(flip: number, isOver: boolean): void;
  /** The store's windows have changed. Gives what is refused of them, empty where nothing is. */
  takeWindows(windows: readonly WindowInForce[]): string;
  /** Whether a table's windows are in force here with this very content (`windowContent`). */
  hasContent(content: string): boolean;
  /** Rejects where it can't be read. */
  readCatalog(): Promise<void>;
}

export interface FleetOptions {
  readonly connection: pg.ClientConfig;
  readonly schema: string;
  /** Who this is, as others are told. */
  readonly version: string;
  readonly host: string;
  readonly pollMs: number;
  /** So long after its last beat an instance that has lost its connection still counts. */
  readonly leaseMs: number;
  /** So long before the end of a hold a rename has to be over. */
  readonly marginMs: number;
  readonly side: FleetSide;
  /** Undefined when all is well again. */
  readonly onProblem: (problem: string | undefined) => void;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/**
 * This instance's part in its fleet: it is seen (I1, I2), has the store's windows in force, holds and
 * acknowledges (`FleetHolds`) and has its own sessions' renames agreed on (`FleetFlips`). The steps are
 * those of "The flip across a fleet" in src/README.md.
 */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #link: ControlLink;
  readonly #holds: FleetHolds;
  readonly #flips: FleetFlips;
  #id: number | undefined;
  /** Its row of this connection is there. */
  #hasJoined = false;
  #revision = 0;
  #refused = "";
  #beating: Promise<void> | undefined;
  #isBeatDue = false;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: FleetOptions) {
    const { schema, side, log, leaseMs, marginMs } = options;
    this.#options = options;
    this.#link = new ControlLink({
      connection: options.connection,
      channel: schema,
      queryTimeoutMs: leaseMs,
      prepare: (client) => checkStore(client, schema),
      onUp: () => this.#join(),
      onDown: (error) => {
        this.#hasJoined = false;
        options.onProblem(error.message);
      },
      onNotified: (payload) => {
        this.#flips.notified();
        // Acknowledgements are for coordinators, and many where instances are.
        if (payload !== "acknowledged") this.#beatSoon();
      },
    });
    const query = (sql: string, values: unknown[]) => this.#link.query(sql, values);
    this.#holds = new FleetHolds({ schema, side, query, log, id: () => this.#id });
    this.#flips = new FleetFlips({
      schema,
      side,
      query,
      log,
      leaseMs,
      marginMs,
      id: () => this.#id,
    });
  }

  /** Joins; the store's windows are in force and its holds are on when it settles. */
  async start(): Promise<void> {
    await this.#link.start();
    this.#schedule();
  }

  /** After the last session has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#holds.stop();
    const { schema } = this.#options;
    await this.#link
      .query(`DELETE FROM ${schema}.instances WHERE id = $1`, [this.#id])
      .catch(() => undefined); // Its row goes by itself, when its lease is over.
    await this.#link.stop();
  }

  /** A session wants to rename. */
  ask(request: FlipRequest): void {
    this.#flips.ask(request);
  }

  /** Its transaction is over, or it has given up. */
  done(flip: number): void {
    this.#flips.done(flip);
  }

  /** Nobody is inside the door that `hold` closed. */
  drained(epoch: number): void {
    this.#holds.drained(epoch);
  }

  async #join(): Promise<void> {
    const { schema, version, host, leaseMs, side } = this.#options;
    const [row] = await this.#link.query(`SELECT ${schema}.join_fleet($1, $2, $3, $4, $5) AS id`, [
      this.#id ?? 0,
      version,
      host,
      process.pid,
      leaseMs,
    ]);
    this.#id = Number(row?.["id"]);
    this.#hasJoined = true;
    this.#holds.joined();
    await this.#beat();
    // What was missed before is in the catalog.
    await side.readCatalog();
    this.#options.onProblem(undefined);
    this.#options.log.info(`instance ${this.#id} of the fleet in schema ${schema}`);
  }

  #schedule(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    const isBusy = this.#holds.isHolding || this.#flips.isBusy;
    const pauseMs = isBusy ? Math.min(HURRY_MS, this.#options.pollMs) : this.#options.pollMs;
    this.#timer = setTimeout(() => this.#beatSoon(), pauseMs);
    this.#timer.unref();
  }

  /** One at a time; one that is asked for while one is under way follows it. */
  #beatSoon(): void {
    if (this.#beating !== undefined) {
      this.#isBeatDue = true;
      return;
    }
    this.#isBeatDue = false;
    const beat = this.#hasJoined ? this.#beat() : Promise.resolve();
    this.#beating = beat
      .catch((error: unknown) => this.#options.log.warn(`control store: ${String(error)}`))
      .finally(() => {
        this.#beating = undefined;
        if (this.#isBeatDue) this.#beatSoon();
        else this.#schedule();
      });
  }

  async #beat(): Promise<void> {
    const { schema } = this.#options;
    const [row] = await this.#link.query(`SELECT ${schema}.beat($1, $2, $3)::text AS answer`, [
      this.#id,
      this.#revision,
      this.#problem(),
    ]);
    const arrivedMs = performance.now();
    const answer = readAnswer(row?.["answer"]);
    if (answer === undefined) {
      await this.#join();
      return;
    }
    const isKnown = answer.version <= STORE_VERSION;
    if (!isKnown)
      this.#refuse(`the store has version ${answer.version} now; restart with a newer Straddle`);
    this.#holds.take(answer.flips, arrivedMs);
    if (isKnown && answer.revision !== this.#revision) await this.#readWindows();
    this.#holds.acknowledge();
    if (answer.flips.some(({ left }) => left < 0)) {
      await this.#link.query(`SELECT ${schema}.recover()`);
    }
  }

  async #readWindows(): Promise<void> {
    const [row] = await this.#link.query(windowsSql(this.#options.schema));
    const windows = readWindows(row?.["windows"]);
    this.#refuse(this.#options.side.takeWindows(windows));
    this.#revision = Number(row?.["revision"]);
    this.#isBeatDue = true; // So that others see what is in force here.
  }

  #refuse(problem: string): void {
    if (problem !== "" && problem !== this.#refused) this.#options.log.warn(problem);
    this.#refused = problem;
  }

  #problem(): string {
    return [this.#refused, this.#holds.problem].filter((problem) => problem !== "").join("; ");
  }
}

/** A flip that is `holding`, as a beat tells of it. */
export interface HeldFlip {
  readonly epoch: number;
  readonly relation: number;
  readonly content: string;
  readonly left: number;
  readonly margin: number;
}

interface Answer {
  readonly version: number;
  readonly revision: number;
  readonly flips: readonly HeldFlip[];
}

// Trust boundary: what the store's own functions and checks have made.
function readAnswer(text: unknown): Answer | undefined {
  return typeof text === "string" ? JSON.parse(text) : undefined;
}

function readWindows(value: unknown): readonly WindowInForce[] {
  return Array.isArray(value) ? value : [];
}
