import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type RawClient, ServerError } from "../raw-client.ts";
import { type Figures, figuresOf, type Span } from "./figures.ts";
import type { FlipOptions } from "./options.ts";
import { KINDS, type Load, work } from "./session.ts";
import { COLUMNS, VERSIONS, type Way } from "./ways.ts";

export interface Measured extends Figures {
  /** Flips that were tried again, since the lock was not had within `lock_timeout`. */
  readonly lockTimeoutCount: number;
  /** The longest that the load's own process was busy: what latencies can't be told more exactly than. */
  readonly ownDelayMs: number;
  readonly errors: ReadonlyMap<string, number>;
}

const LOCK_TIMEOUT = "1s";
const LOCK_NOT_AVAILABLE = "55P03";
const TRIES_MAX = 20;

/** Has sessions of both versions work on the table while its column is renamed, back and forth. */
export async function measureWay(way: Way, options: FlipOptions): Promise<Measured> {
  const { rowCount, pauseMs, flipCount, betweenMs, quietMs, sessionCount } = options;
  const load: Load = { statements: [], errors: new Map(), isOver: false };
  const places = Array.from({ length: sessionCount }, (_, number) => ({
    number,
    version: VERSIONS[number % 2] ?? "1.0.0",
    kind: KINDS[(number >> 1) % KINDS.length] ?? KINDS[0],
  }));
  const sessions = await Promise.all(
    places.map(async ({ number, version, kind }) => {
      const client = await way.connect(version, number);
      return { client, work: { kind, column: COLUMNS[version], rowCount, pauseMs } };
    }),
  );
  const flipper = await way.connectToFlip();
  await flipper.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);

  const delay = monitorEventLoopDelay({ resolution: 1 });
  const flips: Span[] = [];
  let lockTimeoutCount = 0;
  const running = Promise.all(sessions.map(({ client, work: each }) => work(client, load, each)));
  const flipping = async () => {
    await sleep(quietMs);
    // What is compiled, cached and prepared at first use is not of interest.
    load.statements.length = 0;
    load.errors.clear();
    delay.enable();
    await sleep(quietMs);
    for (let count = 0; count < flipCount; count++) {
      const startMs = performance.now();
      lockTimeoutCount += await rename(flipper, count % 2 === 0);
      flips.push({ startMs, endMs: performance.now() });
      await sleep(betweenMs);
    }
    await sleep(quietMs);
  };
  try {
    await Promise.race([flipping(), running]);
  } finally {
    load.isOver = true;
  }
  await running;
  delay.disable();
  flipper.close();
  return {
    ...figuresOf(load.statements, flips),
    lockTimeoutCount,
    ownDelayMs: delay.max / 1e6,
    errors: load.errors,
  };
}

/** How often the lock was not had in time. */
async function rename(client: RawClient, isForth: boolean): Promise<number> {
  const { "1.0.0": old, "2.0.0": renamed } = COLUMNS;
  const [from, to] = isForth ? [old, renamed] : [renamed, old];
  for (let tries = 0; ; tries++) {
    try {
      await client.query(`ALTER TABLE public.flip_orders RENAME COLUMN ${from} TO ${to}`);
      return tries;
    } catch (error) {
      const isLock = error instanceof ServerError && error.sqlstate === LOCK_NOT_AVAILABLE;
      if (!isLock || tries === TRIES_MAX) throw error;
      await sleep(50 * 2 ** Math.min(tries, 4) * Math.random());
    }
  }
}
