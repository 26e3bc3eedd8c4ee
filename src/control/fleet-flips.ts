import { performance } from "node:perf_hooks";
import type { LinkRow } from "./control-link.ts";
import type { FleetSide } from "./fleet.ts";

/** The store is asked again this often, in case that a notification is lost. */
const POLL_MS = 50;
const END_RETRY_MS = 200;

/** A session's wish to rename. */
export interface FlipRequest {
  /** The instance's own number for it. */
  readonly flip: number;
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** The table's windows, as they are in force here. */
  readonly content: string;
  readonly holdMs: number;
}

export interface FleetFlipsOptions {
  readonly schema: string;
  readonly side: Pick<FleetSide, "ready">;
  readonly query: (sql: string, values: unknown[]) => Promise<readonly LinkRow[]>;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly leaseMs: number;
  readonly marginMs: number;
  readonly id: () => number | undefined;
}

/**
 * The coordinator of flips that this instance's sessions ask for (C1 to C3, C6 and C7 of "The flip across a
 * fleet" in src/README.md). The fence and the rename are in the session's own transaction.
 */
export class FleetFlips {
  readonly #options: FleetFlipsOptions;
  readonly #requests = new Map<number, Running>();

  constructor(options: FleetFlipsOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#requests.size > 0;
  }

  ask(request: FlipRequest): void {
    const running: Running = { request, isDone: false, wake: () => undefined };
    this.#requests.set(request.flip, running);
    this.#run(running)
      .catch((error: unknown) => {
        this.#options.log.warn(
          `a rename of ${nameOf(request)} was not agreed on: ${String(error)}`,
        );
        if (!running.isDone) this.#options.side.ready(request.flip, true);
      })
      .finally(() => this.#requests.delete(request.flip));
  }

  done(flip: number): void {
    const running = this.#requests.get(flip);
    if (running === undefined) return;
    running.isDone = true;
    running.wake();
  }

  /** Something has changed in the store. */
  notified(): void {
    for (const running of this.#requests.values()) running.wake();
  }

  async #run(running: Running): Promise<void> {
    const { side, marginMs, log } = this.#options;
    const { flip, holdMs } = running.request;
    const epoch = await this.#begin(running);
    if (epoch === undefined) {
      if (!running.isDone) side.ready(flip, true);
      return;
    }
    // Begins after the store's own, so it ends after it: the fence has the last word.
    const endsMs = performance.now() + holdMs - marginMs;
    let missing = await this.#missing(epoch);
    while (missing !== "" && !running.isDone && performance.now() < endsMs) {
      await pause(running, POLL_MS);
      missing = await this.#missing(epoch);
    }
    if (missing !== "" && !running.isDone) {
      const why = `not acknowledged by ${missing}`;
      log.warn(`the rename of ${nameOf(running.request)}, flip ${epoch}, was given up: ${why}`);
      await this.#end(epoch, why);
      side.ready(flip, true);
      return;
    }
    if (!running.isDone) side.ready(flip, false);
    while (!running.isDone) await pause(running, holdMs);
    await this.#end(epoch, "the session's transaction is over");
  }

  /** C1 and C2; undefined where the session has gone, or nothing came of it in time. */
  async #begin(running: Running): Promise<number | undefined> {
    const { schema, query, leaseMs, marginMs, id, log } = this.#options;
    const { request } = running;
    const endsMs = performance.now() + leaseMs + request.holdMs;
    const coordinator = `instance ${id()}, for a session`;
    const margin = Math.min(marginMs, Math.ceil(request.holdMs / 2));
    for (;;) {
      const [row] = await query(
        `SELECT epoch::text, busy FROM ${schema}.begin_flip($1, $2, $3, $4, $5, $6, $7)`,
        [
          request.oid,
          request.schema,
          request.table,
          request.content,
          coordinator,
          request.holdMs,
          margin,
        ],
      );
      const epoch = row?.["epoch"];
      if (typeof epoch === "string") return Number(epoch);
      if (running.isDone) return undefined;
      if (performance.now() >= endsMs) {
        log.warn(`the rename of ${nameOf(request)} was given up: ${row?.["busy"]}`);
        return undefined;
      }
      await pause(running, POLL_MS);
    }
  }

  async #missing(epoch: number): Promise<string> {
    const { schema, query } = this.#options;
    const rows = await query(
      `SELECT format('instance %s (%s, process %s)%s', id, host, process_id,
         CASE WHEN problem <> '' THEN ', which says: ' || problem ELSE '' END) AS text
       FROM ${schema}.missing($1)`,
      [epoch],
    );
    return rows.map((row) => String(row["text"])).join("; ");
  }

  /** Waits while the session's transaction still holds the flip's row. */
  async #end(epoch: number, why: string): Promise<void> {
    const { schema, query } = this.#options;
    for (;;) {
      const [row] = await query(`SELECT ${schema}.end_flip($1, $2) AS is_over`, [epoch, why]);
      if (row?.["is_over"] === true) return;
      await new Promise((resolve) => setTimeout(resolve, END_RETRY_MS).unref());
    }
  }
}

interface Running {
  readonly request: FlipRequest;
  /** The session has no more use for it. */
  isDone: boolean;
  /** Ends a pause. */
  wake: () => void;
}

function pause(running: Running, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      running.wake = () => undefined;
      resolve();
    };
    const timer = setTimeout(end, forMs);
    running.wake = end;
  });
}

function nameOf({ schema, table }: FlipRequest): string {
  return `${schema}.${table}`;
}
