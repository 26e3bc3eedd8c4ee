import type { Fleet, FleetSide } from "../../control/fleet.ts";
import type { Member } from "../workers/flip-board.ts";
import type { FlipSubject } from "./flip-subject.ts";

/** What the fleet does for the gates of this instance. */
export type FleetForBoard = Pick<Fleet, "ask" | "done" | "drained">;

/**
 * An instance's gates as its fleet sees them: one. Holds go on to all members, which are drained when
 * all of them are, and a member's wish to flip goes on to the fleet.
 *
 * A member that is gone counts as drained, and its flip as over.
 */
export class FleetBoard implements Pick<FleetSide, "hold" | "release" | "ready"> {
  readonly #fleet: () => FleetForBoard;
  readonly #members = new Set<Member>();
  readonly #holds = new Map<number, Hold>();
  readonly #requests = new Map<number, { readonly member: Member; readonly flip: number }>();
  #lastRequest = 0;

  constructor(fleet: () => FleetForBoard) {
    this.#fleet = fleet;
  }

  /** It has no session yet, and hears of the holds that are on. */
  join(member: Member): void {
    this.#members.add(member);
    for (const [epoch, { oid, endsMs, graceMs }] of this.#holds) {
      const holdMs = Math.max(1, endsMs - performance.now());
      member.send({ kind: "hold", epoch, oid, holdMs, graceMs });
    }
  }

  leave(member: Member): void {
    this.#members.delete(member);
    for (const [number, request] of [...this.#requests]) {
      if (request.member === member) this.#done(number);
    }
    for (const [epoch, hold] of [...this.#holds]) this.#drained(epoch, hold, member);
  }

  flip(
    member: Member,
    asked: {
      readonly flip: number;
      readonly oid: number;
      readonly holdMs: number;
      readonly subject: FlipSubject | undefined;
    },
  ): void {
    const { flip, oid, holdMs, subject } = asked;
    if (subject === undefined) {
      member.send({ kind: "flip_ready", flip, isOver: true });
      return;
    }
    this.#lastRequest += 1;
    this.#requests.set(this.#lastRequest, { member, flip });
    this.#fleet().ask({ flip: this.#lastRequest, oid, holdMs, ...subject });
  }

  flipped(member: Member, flip: number): void {
    for (const [number, request] of this.#requests) {
      if (request.member === member && request.flip === flip) this.#done(number);
    }
  }

  drained(member: Member, epoch: number): void {
    const hold = this.#holds.get(epoch);
    if (hold !== undefined) this.#drained(epoch, hold, member);
  }

  hold({ epoch, oid, holdMs, graceMs }: Parameters<FleetSide["hold"]>[0]): void {
    const endsMs = performance.now() + holdMs;
    const hold = { oid, endsMs, graceMs, waitingFor: new Set(this.#members) };
    this.#holds.set(epoch, hold);
    // Who joins later learns of it; once it is over nobody has to.
    setTimeout(() => this.#holds.delete(epoch), holdMs).unref();
    for (const member of this.#members) member.send({ kind: "hold", epoch, oid, holdMs, graceMs });
    if (this.#members.size === 0) this.#fleet().drained(epoch);
  }

  release(epoch: number): void {
    this.#holds.delete(epoch);
    for (const member of this.#members) member.send({ kind: "release", epoch, first: "read" });
  }

  ready(number: number, isOver: boolean): void {
    const request = this.#requests.get(number);
    if (request === undefined) return;
    if (isOver) this.#requests.delete(number);
    request.member.send({ kind: "flip_ready", flip: request.flip, isOver });
  }

  #done(number: number): void {
    this.#requests.delete(number);
    this.#fleet().done(number);
  }

  #drained(epoch: number, hold: Hold, member: Member): void {
    if (!hold.waitingFor.delete(member) || hold.waitingFor.size > 0) return;
    this.#fleet().drained(epoch);
  }
}

interface Hold {
  readonly oid: number;
  /** `performance.now()`. */
  readonly endsMs: number;
  readonly graceMs: number;
  readonly waitingFor: Set<Member>;
}
