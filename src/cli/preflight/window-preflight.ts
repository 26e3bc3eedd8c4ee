import type pg from "pg";
import type { Config } from "../../config/config.ts";
import type { Window } from "../../version/window.ts";
import { findBlindSpots } from "../blind-spots.ts";
import { withConnection } from "../control-connection.ts";
import type { BlindSpot } from "./blind-spot.ts";

/** Lines in the log for one window; `straddle check` has all. */
const LOGGED_MAX = 20;
const RETRY_MS = 60_000;
const STATEMENT_TIMEOUT_MS = 60_000;

/** How many objects of each kind a window has, for metrics. */
export interface BlindSpotCount {
  readonly window: string;
  readonly kind: BlindSpot["kind"];
  readonly count: number;
}

const KINDS: readonly BlindSpot["kind"][] = ["breaks", "unclear", "follows"];

/**
 * Looks at each window of a running Straddle once, when it is opened: in the background, over a connection of
 * its own. What it finds is told to the log, and counted for the health pages and metrics.
 */
export class WindowPreflight {
  readonly #config: () => Config;
  readonly #log: { info(text: string): void; warn(text: string): void };
  readonly #spots = new Map<string, readonly BlindSpot[]>();
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #client: pg.Client | undefined;
  #problem = "";

  constructor(options: {
    readonly config: () => Config;
    readonly log: { info(text: string): void; warn(text: string): void };
  }) {
    this.#config = options.config;
    this.#log = options.log;
  }

  /** The windows may have changed. Returns at once. */
  look(): void {
    if (this.#isStopped || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#looking = this.#lookAtAll().finally(() => {
      this.#looking = undefined;
      // Changed while it looked.
      if (this.#problem === "" && this.#unseen().length > 0) this.look();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    void this.#client?.end().catch(() => undefined); // Cuts its question short.
    await this.#looking;
  }

  get counts(): readonly BlindSpotCount[] {
    return this.#config().windows.flatMap((window) => {
      const spots = this.#spots.get(keyOf(window));
      if (spots === undefined) return [];
      return KINDS.map((kind) => ({
        window: labelOf(window),
        kind,
        count: spots.filter((spot) => spot.kind === kind).length,
      }));
    });
  }

  /** A clause for each window that a person should look at before its rename; "" if there is none. */
  get problem(): string {
    const clauses = this.#config().windows.flatMap((window) => {
      const spots = this.#spots.get(keyOf(window)) ?? [];
      const breaking = spots.filter(({ kind }) => kind === "breaks").length;
      const unclear = spots.filter(({ kind }) => kind === "unclear").length;
      if (breaking + unclear === 0) return [];
      return [
        `${labelOf(window)}: ${breaking} object(s) in the database break at the rename, ${unclear} may (straddle check names them)`,
      ];
    });
    return [...clauses, ...(this.#problem === "" ? [] : [this.#problem])].join("; ");
  }

  async #lookAtAll(): Promise<void> {
    // A window that was closed and is opened again is looked at anew.
    const open = new Set(this.#config().windows.map(keyOf));
    for (const key of this.#spots.keys()) if (!open.has(key)) this.#spots.delete(key);
    const unseen = this.#unseen();
    this.#problem = "";
    if (unseen.length === 0) return;
    try {
      await withConnection(this.#config(), async (client) => {
        if (this.#isStopped) return;
        this.#client = client;
        await client.query(`SET statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
        for (const window of unseen) {
          const spots = await findBlindSpots(client, window, this.#config().control.schema);
          this.#spots.set(keyOf(window), spots);
          this.#tell(window, spots);
        }
      });
    } catch (error) {
      if (this.#isStopped) return;
      const because = error instanceof Error ? error.message : String(error);
      this.#problem = `what the windows' renames leave behind could not be looked up: ${because}`;
      this.#log.warn(`${this.#problem}; it is tried again`);
      this.#timer = setTimeout(() => this.look(), RETRY_MS).unref();
    } finally {
      this.#client = undefined;
    }
  }

  #tell(window: Window, spots: readonly BlindSpot[]): void {
    const told = spots.filter(({ kind }) => kind !== "follows");
    for (const { object, text } of told.slice(0, LOGGED_MAX)) {
      this.#log.warn(`window on ${labelOf(window)}: ${object} ${text}`);
    }
    const rest = told.length - LOGGED_MAX;
    if (rest > 0) {
      this.#log.warn(`window on ${labelOf(window)}: and ${rest} more: straddle check names them`);
    }
    const following = spots.length - told.length;
    this.#log.info(
      `window on ${labelOf(window)}: ${told.length} object(s) in the database to look after, ${following} follow by themselves`,
    );
  }

  #unseen(): readonly Window[] {
    return this.#config().windows.filter((window) => !this.#spots.has(keyOf(window)));
  }
}

function labelOf({ schema, table }: Window): string {
  return `${schema}.${table}`;
}

function keyOf({ schema, table, renameTable, renameColumns }: Window): string {
  return JSON.stringify([schema, table, renameTable, ...renameColumns]);
}
