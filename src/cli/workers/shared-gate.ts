import { performance } from "node:perf_hooks";
import { FlipGate, type FlipOwner, type Gate } from "../../session/flip-gate.ts";
import type { LimitHits } from "../../session/limit-hits.ts";
import type { FlipSubject } from "../fleet/flip-subject.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";

type Message = Extract<ToWorker, { kind: "hold" | "release" | "flip_ready" }>;

/**
 * A gate that is closed and opened together with others: those of all workers, or of a whole fleet.
 * Statements enter and leave without a word to anybody. A flip is asked for at whoever puts them
 * together, who has every gate closed, this one included, and says when all are drained.
 *
 * A hold ends by its own deadline here, whatever becomes of the primary's word.
 */
export class SharedGate implements Gate {
  readonly #gate: FlipGate;
  readonly #send: (message: ToPrimary) => void;
  /** Reads the catalog when nobody holds or awaits the relation's lock any more. */
  readonly #settle: (oid: number, deadlineMs: number) => Promise<void>;
  readonly #readCatalog: () => Promise<void>;
  readonly #subject: (oid: number) => FlipSubject | undefined;
  readonly #hits: LimitHits;
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
    readonly readCatalog: () => Promise<void>;
    /** What a flip of a relation is about, as others are to be told. */
    readonly subject: (oid: number) => FlipSubject | undefined;
  }) {
    this.#gate = new FlipGate({ hits: options.hits });
    this.#send = options.send;
    this.#settle = options.settle;
    this.#readCatalog = options.readCatalog;
    this.#subject = options.subject;
    this.#hits = options.hits;
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
    const subject = this.#subject(oid);
    this.#send({ kind: "flip", flip: this.#lastFlip, oid, holdMs: deadlineMs, subject });
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
    if (message.kind === "hold") this.#hold(message);
    else if (message.kind === "release") this.#release(message.epoch, message.first);
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

  #hold({ epoch, oid, holdMs, graceMs }: Extract<Message, { kind: "hold" }>): void {
    let isTold = false;
    const look = () => {
      if (isTold || owner.isOver || !this.#gate.close(oid, owner, holdMs + graceMs)) return;
      isTold = true;
      this.#send({ kind: "drained", epoch });
    };
    const owner: FlipOwner = { onEmpty: look, isOver: false };
    const deadline = graceMs > 0 ? setTimeout(() => this.#expired(epoch), holdMs) : undefined;
    this.#holds.set(epoch, { oid, owner, endsMs: performance.now() + holdMs, deadline });
    look();
  }

  /** Of a fleet's flip nobody may come to tell what became of it. */
  #expired(epoch: number): void {
    if (!this.#holds.has(epoch)) return;
    this.#hits.add("hold_timeout");
    this.#release(epoch, "read");
  }

  #release(epoch: number, first: Extract<Message, { kind: "release" }>["first"]): void {
    const hold = this.#holds.get(epoch);
    if (hold === undefined) return;
    this.#holds.delete(epoch);
    const { oid, owner, deadline } = hold;
    clearTimeout(deadline);
    if (first === "nothing") {
      this.#gate.open(oid, owner);
      return;
    }
    const leftMs = Math.max(0, hold.endsMs - performance.now());
    const known = first === "read" ? this.#readCatalog() : this.#settle(oid, leftMs);
    void known.then(() => this.#gate.open(oid, owner));
  }
}

interface Hold {
  readonly oid: number;
  readonly owner: FlipOwner;
  /** `performance.now()`. */
  readonly endsMs: number;
  readonly deadline: NodeJS.Timeout | undefined;
}
