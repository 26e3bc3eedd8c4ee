import { performance } from "node:perf_hooks";
import { type Ending, endings } from "./ending.ts";
import type { CountedLimit, LimitHits } from "./limit-hits.ts";
import type { SessionLimits } from "./session-context.ts";
import type { SessionState } from "./session-state.ts";

/** How often is looked: a quarter of the shortest time that is asked for, within these. */
const INTERVAL_MIN_MS = 20;
const INTERVAL_MAX_MS = 5_000;

export interface Swept {
  readonly state: SessionState;
  fail(ending: Ending): void;
}

export interface SweepContext {
  readonly limits: Pick<SessionLimits, "idleMs" | "stalledMs">;
  readonly hits: LimitHits;
}

/** What a session was like when it was last looked at, and since when it has not moved. */
interface Seen {
  receivedSize: number;
  takenSize: number;
  idleSince: number;
  stalledSince: number;
}

/**
 * Ends sessions whose client is idle, or takes nothing of what waits for it, for too long. It looks at
 * all of them now and then, so that messages need no timers and no clock. They get at least the time
 * that the settings give them, and at most half of it more.
 */
export class SessionSweep {
  readonly #sessions: ReadonlySet<Swept>;
  readonly #context: SweepContext;
  readonly #seen = new WeakMap<Swept, Seen>();
  #timer: NodeJS.Timeout | undefined;

  constructor(sessions: ReadonlySet<Swept>, context: SweepContext) {
    this.#sessions = sessions;
    this.#context = context;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.look(performance.now());
      this.start();
    }, this.#intervalMs());
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  look(nowMs: number): void {
    const { idleMs, stalledMs } = this.#context.limits;
    if (idleMs === 0 && stalledMs === 0) return;
    for (const session of [...this.#sessions]) {
      const seen = this.#look(session, nowMs);
      if (idleMs > 0 && nowMs - seen.idleSince >= idleMs) {
        this.#end(session, "idle_timeout", endings.idleTimeout);
      } else if (stalledMs > 0 && nowMs - seen.stalledSince >= stalledMs) {
        this.#end(session, "stalled_timeout", endings.stalledTimeout);
      }
    }
  }

  #look(session: Swept, nowMs: number): Seen {
    const { isAtRest, receivedSize, waitingSize, takenSize } = session.state;
    const seen = this.#seen.get(session);
    if (seen === undefined) {
      const first = { receivedSize, takenSize, idleSince: nowMs, stalledSince: nowMs };
      this.#seen.set(session, first);
      return first;
    }
    if (!isAtRest || receivedSize !== seen.receivedSize) seen.idleSince = nowMs;
    if (waitingSize === 0 || takenSize !== seen.takenSize) seen.stalledSince = nowMs;
    seen.receivedSize = receivedSize;
    seen.takenSize = takenSize;
    return seen;
  }

  #end(session: Swept, limit: CountedLimit, ending: Ending): void {
    this.#context.hits.add(limit);
    session.fail(ending);
  }

  #intervalMs(): number {
    const { idleMs, stalledMs } = this.#context.limits;
    const asked = [idleMs, stalledMs].filter((each) => each > 0);
    const wanted = Math.min(INTERVAL_MAX_MS, ...asked.map((each) => each / 4));
    return Math.max(INTERVAL_MIN_MS, wanted);
  }
}
