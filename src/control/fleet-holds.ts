import { performance } from "node:perf_hooks";
import type { LinkRow } from "./control-link.ts";
import type { FleetSide, HeldFlip } from "./fleet.ts";

export interface FleetHoldsOptions {
  readonly schema: string;
  readonly side: Pick<FleetSide, "hold" | "release" | "hasContent">;
  readonly query: (sql: string, values: unknown[]) => Promise<readonly LinkRow[]>;
  readonly log: { warn(message: string): void };
  /** Of this instance, as the store has it now. */
  readonly id: () => number | undefined;
}

/**
 * An instance's part in flips, whoever asked for them: it holds, acknowledges and releases (I3 to I6 of
 * "The flip across a fleet" in src/README.md).
 */
export class FleetHolds {
  readonly #options: FleetHoldsOptions;
  readonly #holds = new Map<number, Hold>();
  /** Those that have ended here by their deadline, while the store still has them: not taken again. */
  readonly #over = new Set<number>();

  constructor(options: FleetHoldsOptions) {
    this.#options = options;
  }

  get isHolding(): boolean {
    return this.#holds.size > 0;
  }

  /** What is not acknowledged here and why; empty where nothing is. */
  get problem(): string {
    const refused = [...this.#holds.values()].filter(({ isRefused }) => isRefused);
    return refused
      .map(({ flip }) => `flip ${flip.epoch} is of windows that are not in force here`)
      .join("; ");
  }

  /** What the store has, as an answer said that arrived at `arrivedMs`. */
  take(flips: readonly HeldFlip[], arrivedMs: number): void {
    const epochs = new Set(flips.map(({ epoch }) => epoch));
    for (const epoch of this.#over) if (!epochs.has(epoch)) this.#over.delete(epoch);
    for (const [epoch, hold] of [...this.#holds]) {
      if (!epochs.has(epoch)) this.#release(epoch, hold);
    }
    for (const flip of flips) {
      const { epoch, left } = flip;
      if (left <= 0 || this.#holds.has(epoch) || this.#over.has(epoch)) continue;
      this.#hold(flip, arrivedMs + left);
    }
  }

  /** Nobody is inside any more. */
  drained(epoch: number): void {
    const hold = this.#holds.get(epoch);
    if (hold === undefined) return;
    hold.isDrained = true;
    this.#acknowledge(hold);
  }

  /** Windows may have come into force since: acknowledges what can be by now. */
  acknowledge(): void {
    for (const hold of this.#holds.values()) this.#acknowledge(hold);
  }

  /** This instance has a new id: it has acknowledged nothing under it. */
  joined(): void {
    for (const hold of this.#holds.values()) hold.isAcknowledged = false;
  }

  stop(): void {
    for (const { timer } of this.#holds.values()) clearTimeout(timer);
    this.#holds.clear();
  }

  #hold(flip: HeldFlip, endsMs: number): void {
    const { epoch, relation, margin } = flip;
    const holdMs = Math.max(1, endsMs - performance.now());
    const hold: Hold = {
      flip,
      endsMs,
      timer: setTimeout(() => this.#deadline(epoch), holdMs),
      isDrained: false,
      isAcknowledged: false,
      isRefused: false,
    };
    this.#holds.set(epoch, hold);
    this.#options.side.hold({ epoch, oid: relation, holdMs, graceMs: margin });
  }

  #acknowledge(hold: Hold): void {
    const { schema, side, query, id, log } = this.#options;
    const { flip, isDrained, isAcknowledged } = hold;
    if (!isDrained || isAcknowledged || performance.now() >= hold.endsMs) return;
    if (!side.hasContent(flip.content)) {
      if (!hold.isRefused) {
        log.warn(
          `flip ${flip.epoch} is not acknowledged: it is of windows that are not in force here, or not with this content: ${flip.content}`,
        );
      }
      hold.isRefused = true;
      return;
    }
    hold.isRefused = false;
    hold.isAcknowledged = true;
    query(`SELECT ${schema}.acknowledge($1, $2)`, [flip.epoch, id()]).catch(() => {
      hold.isAcknowledged = false; // The next beat tries again.
    });
  }

  #release(epoch: number, hold: Hold): void {
    clearTimeout(hold.timer);
    this.#holds.delete(epoch);
    this.#options.side.release(epoch);
  }

  /** The doors open by deadlines of their own, which end no earlier than this one. */
  #deadline(epoch: number): void {
    const { schema, query, id, log } = this.#options;
    this.#holds.delete(epoch);
    this.#over.add(epoch);
    log.warn(`the hold of flip ${epoch} has ended by its deadline`);
    query(`SELECT ${schema}.withdraw($1, $2)`, [epoch, id()]).catch(() => undefined);
  }
}

interface Hold {
  readonly flip: HeldFlip;
  /** `performance.now()`. */
  readonly endsMs: number;
  readonly timer: NodeJS.Timeout;
  isDrained: boolean;
  isAcknowledged: boolean;
  isRefused: boolean;
}
