import type { ToWorker } from "./messages.ts";

/** A worker, as far as flips are concerned. */
export interface Member {
  send(message: ToWorker): void;
}

/**
 * The primary's part in flips: one at a time for each relation. It has all members close the relation,
 * tells the one that asked when all have said that they are drained, and has them open it when that
 * one is done. Also has them read the catalog when one of them has changed it.
 *
 * Nobody can keep it waiting: a member that is gone counts as drained, and one that says nothing is
 * waited for until the hold's deadline. When the one that flips is gone, whether it has flipped is
 * not known, and the others find out before they open.
 */
export class FlipBoard {
  readonly #members = new Set<Member>();
  readonly #relations = new Map<number, { current: Flip | undefined; readonly queue: Request[] }>();
  readonly #rounds = new Map<number, Round>();
  #lastEpoch = 0;
  #lastRound = 0;

  /** A worker has started. It has no session yet, and hears of the holds that are on. */
  join(member: Member): void {
    this.#members.add(member);
    for (const { current } of this.#relations.values()) {
      if (current === undefined) continue;
      const { epoch, request, endsMs } = current;
      const holdMs = Math.max(1, endsMs - performance.now());
      member.send({ kind: "hold", epoch, oid: request.oid, holdMs, graceMs: 0 });
    }
  }

  leave(member: Member): void {
    this.#members.delete(member);
    for (const round of [...this.#rounds.values()]) this.#roundAnswered(round, member);
    for (const [oid, relation] of [...this.#relations]) {
      const others = relation.queue.filter((request) => request.member !== member);
      relation.queue.splice(0, relation.queue.length, ...others);
      const { current } = relation;
      if (current === undefined) continue;
      if (current.request.member === member) this.#end(oid, { isUnknown: current.isReady });
      else this.#drained(current, member);
    }
  }

  /** A member wants to flip a relation. */
  flip(member: Member, request: Omit<Request, "member">): void {
    const { oid } = request;
    const relation = this.#relations.get(oid) ?? { current: undefined, queue: [] };
    this.#relations.set(oid, relation);
    relation.queue.push({ ...request, member });
    if (relation.current === undefined) this.#next(oid);
  }

  /** It is done, or has given up. */
  flipped(member: Member, flip: number): void {
    for (const [oid, { current, queue }] of [...this.#relations]) {
      if (current !== undefined && isOf(current.request, member, flip)) {
        this.#end(oid, { isUnknown: false });
        return;
      }
      const index = queue.findIndex((request) => isOf(request, member, flip));
      if (index >= 0) queue.splice(index, 1);
    }
  }

  drained(member: Member, epoch: number): void {
    for (const { current } of this.#relations.values()) {
      if (current?.epoch === epoch) this.#drained(current, member);
    }
  }

  /** Has all members but `member` read the catalog; `onRead` when they have, or `deadlineMs` is over. */
  announce(member: Member | undefined, deadlineMs: number, onRead: () => void): void {
    const others = [...this.#members].filter((each) => each !== member);
    this.#readCatalog(others, deadlineMs, onRead);
  }

  /** The same of one member. */
  readCatalog(member: Member, deadlineMs: number, onRead: () => void): void {
    this.#readCatalog([member], deadlineMs, onRead);
  }

  catalogRead(member: Member, number: number): void {
    const round = this.#rounds.get(number);
    if (round !== undefined) this.#roundAnswered(round, member);
  }

  #readCatalog(members: readonly Member[], deadlineMs: number, onRead: () => void): void {
    if (members.length === 0) {
      onRead();
      return;
    }
    this.#lastRound += 1;
    const number = this.#lastRound;
    const end = () => {
      clearTimeout(timer);
      if (this.#rounds.delete(number)) onRead();
    };
    const timer = setTimeout(end, deadlineMs);
    this.#rounds.set(number, { waitingFor: new Set(members), end });
    for (const each of members) each.send({ kind: "read_catalog", round: number });
  }

  #roundAnswered(round: Round, member: Member): void {
    round.waitingFor.delete(member);
    if (round.waitingFor.size === 0) round.end();
  }

  #next(oid: number): void {
    const relation = this.#relations.get(oid);
    const request = relation?.queue.shift();
    if (relation === undefined || request === undefined) {
      this.#relations.delete(oid);
      return;
    }
    this.#lastEpoch += 1;
    const epoch = this.#lastEpoch;
    const { holdMs } = request;
    relation.current = {
      epoch,
      request,
      waitingFor: new Set(this.#members),
      endsMs: performance.now() + holdMs,
      timer: setTimeout(() => this.#expired(oid, epoch), holdMs),
      isReady: false,
    };
    for (const member of this.#members)
      member.send({ kind: "hold", epoch, oid, holdMs, graceMs: 0 });
  }

  #drained(flip: Flip, member: Member): void {
    flip.waitingFor.delete(member);
    if (flip.waitingFor.size > 0 || flip.isReady) return;
    flip.isReady = true;
    flip.request.member.send({ kind: "flip_ready", flip: flip.request.flip, isOver: false });
  }

  /** The members have opened by themselves; who asked goes on as it can. */
  #expired(oid: number, epoch: number): void {
    const current = this.#relations.get(oid)?.current;
    if (current?.epoch !== epoch) return;
    const { member, flip } = current.request;
    member.send({ kind: "flip_ready", flip, isOver: true });
    this.#end(oid, { isUnknown: false });
  }

  #end(oid: number, { isUnknown }: { readonly isUnknown: boolean }): void {
    const relation = this.#relations.get(oid);
    if (relation?.current === undefined) return;
    const { epoch, timer } = relation.current;
    clearTimeout(timer);
    relation.current = undefined;
    const first = isUnknown ? "settle" : "nothing";
    for (const member of this.#members) member.send({ kind: "release", epoch, first });
    this.#next(oid);
  }
}

function isOf(request: Request, member: Member, flip: number): boolean {
  return request.member === member && request.flip === flip;
}

interface Request {
  readonly member: Member;
  /** The member's own number for it. */
  readonly flip: number;
  readonly oid: number;
  readonly holdMs: number;
}

interface Flip {
  readonly epoch: number;
  readonly request: Request;
  readonly waitingFor: Set<Member>;
  readonly endsMs: number;
  readonly timer: NodeJS.Timeout;
  isReady: boolean;
}

interface Round {
  readonly waitingFor: Set<Member>;
  readonly end: () => void;
}
