import type { LimitHits } from "./limit-hits.ts";

/** What sessions see of a gate; one of a single process, or one of several processes together. */
export interface Gate {
  /** Whether the statement may be sent now; if so, `leave` must follow. `retry` is called if not. */
  enter(oids: readonly number[], retry: () => void): boolean;
  leave(oids: readonly number[]): void;
  forget(retry: () => void): void;
  /** Whether the flip may go ahead; if not, `owner.onEmpty` is called when to ask again. */
  close(oid: number, owner: FlipOwner, deadlineMs: number): boolean;
  /** The flip is over, whatever became of it. */
  open(oid: number, owner: FlipOwner): void;
}

/**
 * Keeps statements back while a windowed relation's physical name changes, across the sessions of
 * this process. It holds no timer and no socket but the deadline of a hold.
 *
 * A statement whose text relies on the physical name enters before it is sent and leaves when it is
 * answered. A flip closes the relation: who has not entered waits, and the flip goes ahead once all
 * who entered have left. Transactions that already hold a lock on the relation need not enter; the
 * server makes the flip wait for them.
 */
export class FlipGate implements Gate {
  readonly #hits: LimitHits;
  readonly #relations = new Map<number, State>();

  constructor(options: { readonly hits: LimitHits }) {
    this.#hits = options.hits;
  }

  /** Whether the statement may be sent now; if so, `leave` must follow. `retry` is called if not. */
  enter(oids: readonly number[], retry: () => void): boolean {
    for (const oid of oids) {
      const state = this.#relations.get(oid);
      if (state?.closedBy !== undefined) {
        state.waiting.add(retry);
        return false;
      }
    }
    for (const oid of oids) this.#state(oid).insideCount += 1;
    return true;
  }

  leave(oids: readonly number[]): void {
    for (const oid of oids) {
      const state = this.#relations.get(oid);
      if (state === undefined) continue;
      state.insideCount -= 1;
      if (state.insideCount === 0) {
        if (state.closedBy === undefined) this.#relations.delete(oid);
        else state.closedBy.onEmpty();
      }
    }
  }

  forget(retry: () => void): void {
    for (const state of this.#relations.values()) state.waiting.delete(retry);
  }

  /**
   * Closes a relation for `owner` and says whether nobody is inside any more; `onEmpty` is called
   * when the last one leaves. After `deadlineMs` the relation opens again, whatever became of the
   * flip. False, and `onEmpty` later, also while another owner has it closed.
   */
  close(oid: number, owner: FlipOwner, deadlineMs: number): boolean {
    if (owner.isOver) return true;
    const state = this.#state(oid);
    if (state.closedBy !== undefined && state.closedBy !== owner) {
      state.waiting.add(owner.onEmpty);
      return false;
    }
    if (state.closedBy === undefined) {
      state.closedBy = owner;
      state.deadline = setTimeout(() => {
        this.#hits.add("hold_timeout");
        this.open(oid, owner);
      }, deadlineMs);
    }
    return state.insideCount === 0;
  }

  /** Ends a hold: everybody who waited tries again. */
  open(oid: number, owner: FlipOwner): void {
    const state = this.#relations.get(oid);
    if (state?.closedBy !== owner) return;
    clearTimeout(state.deadline);
    owner.isOver = true;
    state.closedBy = undefined;
    const waiting = [...state.waiting];
    state.waiting.clear();
    if (state.insideCount === 0) this.#relations.delete(oid);
    owner.onEmpty();
    for (const retry of waiting) retry();
  }

  #state(oid: number): State {
    let state = this.#relations.get(oid);
    if (state === undefined) {
      state = { insideCount: 0, closedBy: undefined, deadline: undefined, waiting: new Set() };
      this.#relations.set(oid, state);
    }
    return state;
  }
}

/** Whoever carries out a flip. */
export interface FlipOwner {
  /** Everybody has left, or the hold is over: go on. */
  readonly onEmpty: () => void;
  /** The hold has ended, by its deadline or by the owner: it is not taken again. */
  isOver: boolean;
}

interface State {
  insideCount: number;
  closedBy: FlipOwner | undefined;
  deadline: NodeJS.Timeout | undefined;
  readonly waiting: Set<() => void>;
}
