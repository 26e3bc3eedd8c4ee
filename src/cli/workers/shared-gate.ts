import { FlipGate, type FlipOwner, type Gate } from "../../session/flip-gate.ts";
import type { LimitHits } from "../../session/limit-hits.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";

type Message = Extract<ToWorker, { kind: "hold" | "release" | "flip_ready" }>;

/**
 * A worker's gate, closed and opened together with those of all other workers. Statements enter and
 * leave without a word to anybody. A flip is asked for at the primary, which has every worker close
 * its gate, this one included, and says when all are drained.
 *
 * A hold ends by its own deadline here, whatever becomes of the primary's word.
 */
export class SharedGate implements Gate {
  readonly #gate: FlipGate;
  readonly #send: (message: ToPrimary) => void;
  /** Reads the catalog when nobody holds or awaits the relation's lock any more. */
  readonly #settle: (oid: number, deadlineMs: number) => Promise<void>;
  /** Flips that sessions of this worker have asked for. */
  readonly #flips = new Map<number, { readonly owner: FlipOwner; isReady: boolean }>();
  readonly #numbers = new Map<FlipOwner, number>();
  /** By epoch: what the primary has closed here. */
  readonly #holds = new Map<number, Hold>();
  #lastFlip = 0;

  constructor(options: {
    readonly hits: LimitHits;
    readonly send: (message: ToPrimary) => void;
    readonly settle: (oid: number, deadlineMs: number) => Promise<void>;
  }) {
    this.#gate = new FlipGate({ hits: options.hits });
    this.#send = options.send;
    this.#settle = options.settle;
  }

  enter(oids: readonly number[], retry: () => void): boolean {
    return this.#gate.enter(oids, retry);
  }

  leave(oids: readonly number[]): void {
    this.#gate.leave(oids);
  }

  forget(retry: () => void): void {
    this.#gate.forget(retry);
  }

  close(oid: number, owner: FlipOwner, deadlineMs: number): boolean {
    if (owner.isOver) return true;
    const number = this.#numbers.get(owner);
    if (number !== undefined) return this.#flips.get(number)?.isReady === true;
    this.#lastFlip += 1;
    this.#numbers.set(owner, this.#lastFlip);
    this.#flips.set(this.#lastFlip, { owner, isReady: false });
    this.#send({ kind: "flip", flip: this.#lastFlip, oid, holdMs: deadlineMs });
    return false;
  }

  open(_oid: number, owner: FlipOwner): void {
    const number = this.#numbers.get(owner);
    if (number === undefined) return;
    this.#forgetFlip(number, owner);
    this.#send({ kind: "flipped", flip: number });
    owner.onEmpty();
  }

  take(message: Message): void {
    if (message.kind === "hold") this.#hold(message.epoch, message.oid, message.holdMs);
    else if (message.kind === "release") this.#release(message.epoch, message.isUnknown);
    else this.#ready(message.flip, message.isOver);
  }

  #ready(number: number, isOver: boolean): void {
    const flip = this.#flips.get(number);
    if (flip === undefined) return; // Its session has ended meanwhile.
    if (isOver) this.#forgetFlip(number, flip.owner);
    else flip.isReady = true;
    flip.owner.onEmpty();
  }

  #forgetFlip(number: number, owner: FlipOwner): void {
    this.#flips.delete(number);
    this.#numbers.delete(owner);
    owner.isOver = true;
  }

  #hold(epoch: number, oid: number, holdMs: number): void {
    let isTold = false;
    const look = () => {
      if (isTold || owner.isOver || !this.#gate.close(oid, owner, holdMs)) return;
      isTold = true;
      this.#send({ kind: "drained", epoch });
    };
    const owner: FlipOwner = { onEmpty: look, isOver: false };
    this.#holds.set(epoch, { oid, owner, endsMs: Date.now() + holdMs });
    look();
  }

  #release(epoch: number, isUnknown: boolean): void {
    const hold = this.#holds.get(epoch);
    if (hold === undefined) return;
    this.#holds.delete(epoch);
    const { oid, owner } = hold;
    if (!isUnknown) {
      this.#gate.open(oid, owner);
      return;
    }
    const leftMs = Math.max(0, hold.endsMs - Date.now());
    void this.#settle(oid, leftMs).then(() => this.#gate.open(oid, owner));
  }
}

interface Hold {
  readonly oid: number;
  readonly owner: FlipOwner;
  readonly endsMs: number;
}
