import { beforeEach, expect, test } from "vitest";
import { LimitHits } from "../../src/session/limit-hits.ts";
import type { SessionState } from "../../src/session/session-state.ts";
import { SessionSweep, type Swept } from "../../src/session/session-sweep.ts";

const REST: SessionState = {
  isAtRest: true,
  receivedSize: 100,
  waitingSize: 0,
  takenSize: 50,
  bufferedSize: 0,
  owedCount: 0,
  preparedSize: 0,
  running: [],
};

const LIMITS = { idleMs: 1_000, stalledMs: 2_000 };

let state: SessionState;
let ends: string[];
let hits: LimitHits;
let sweep: SessionSweep;

function sweepWith(limits: typeof LIMITS): SessionSweep {
  const session: Swept = {
    get state() {
      return state;
    },
    fail: ({ end, sqlstate }) => ends.push(`${end} ${sqlstate}`),
  };
  return new SessionSweep(new Set([session]), { limits, hits });
}

beforeEach(() => {
  state = REST;
  ends = [];
  hits = new LimitHits();
  sweep = sweepWith(LIMITS);
});

/** What a session goes through, in milliseconds, and when it ends. */
const cases: readonly {
  readonly name: string;
  readonly limits?: typeof LIMITS;
  readonly steps: readonly (readonly [atMs: number, Partial<SessionState>])[];
  readonly ends: readonly string[];
}[] = [
  {
    name: "idle for as long as it may",
    steps: [
      [0, {}],
      [999, {}],
    ],
    ends: [],
  },
  {
    name: "idle for longer",
    steps: [
      [0, {}],
      [1_000, {}],
    ],
    ends: ["idle_timeout 57P05"],
  },
  {
    name: "something came from the client in between",
    steps: [
      [0, {}],
      [900, { receivedSize: 106 }],
      [1_800, {}],
    ],
    ends: [],
  },
  {
    name: "in a transaction, or in a query, and idle after it",
    steps: [
      [0, { isAtRest: false }],
      [5_000, { isAtRest: false }],
      [5_500, {}],
      [5_900, {}],
    ],
    ends: [],
  },
  {
    name: "idle for longer, after a transaction",
    steps: [
      [0, { isAtRest: false }],
      [5_000, { isAtRest: false }],
      [6_000, {}],
    ],
    ends: ["idle_timeout 57P05"],
  },
  {
    name: "takes nothing",
    steps: [
      [0, { isAtRest: false, waitingSize: 9 }],
      [2_000, { isAtRest: false, waitingSize: 9 }],
    ],
    ends: ["stalled_timeout 57014"],
  },
  {
    name: "takes something now and then",
    steps: [
      [0, { isAtRest: false, waitingSize: 9 }],
      [1_500, { isAtRest: false, waitingSize: 9, takenSize: 51 }],
      [3_000, { isAtRest: false, waitingSize: 9, takenSize: 51 }],
    ],
    ends: [],
  },
  {
    name: "nothing waited for it in between",
    steps: [
      [0, { isAtRest: false, waitingSize: 9 }],
      [1_500, { isAtRest: false }],
      [3_000, { isAtRest: false, waitingSize: 9 }],
    ],
    ends: [],
  },
  {
    name: "without limits",
    limits: { idleMs: 0, stalledMs: 0 },
    steps: [
      [0, { waitingSize: 9 }],
      [1e9, { waitingSize: 9 }],
    ],
    ends: [],
  },
];
for (const { name, limits, steps, ends: expected } of cases) {
  test(`${name}: ${expected.join() || "goes on"}`, () => {
    if (limits !== undefined) sweep = sweepWith(limits);
    for (const [atMs, change] of steps) {
      state = { ...REST, ...change };
      sweep.look(atMs);
    }
    expect(ends).toEqual(expected);
    const counted = hits.of("idle_timeout") + hits.of("stalled_timeout");
    expect(counted).toBe(expected.length);
  });
}
