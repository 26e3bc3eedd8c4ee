import { coordinatorSteps } from "./coordinator-steps.ts";
import { faultSteps } from "./fault-steps.ts";
import { type Coordinator, type Instance, keyOf, type State } from "./flip-state.ts";
import { instanceSteps } from "./instance-steps.ts";
import type { Rules } from "./rules.ts";
import type { Goal, Model, Step } from "./search.ts";
import { sessionSteps } from "./session-steps.ts";

/** How large the world is that is searched. */
export interface World {
  readonly instanceCount: number;
  /** How many of them are not there yet at the beginning. */
  readonly joinerCount: number;
  /** Of each instance. */
  readonly sessionCount: number;
  readonly coordinators: readonly Coordinator["kind"][];
  readonly flipCount: number;
  readonly faultCount: number;
  /** How many instances may leave. */
  readonly leaveCount: number;
}

export function flipModel(world: World, rules: Rules): Model<State> {
  return {
    initial: initialState(world),
    steps: (state) => {
      const steps: Step<State>[] = [];
      coordinatorSteps(steps, state, rules);
      instanceSteps(steps, state, rules);
      sessionSteps(steps, state, rules);
      faultSteps(steps, state);
      return steps;
    },
    wrong: ({ coordinators }) =>
      coordinators.filter(({ phase }) => phase === "locked" || phase === "renamed").length > 1
        ? "there are two flips of one table at once"
        : undefined,
    goals: GOALS,
    key: keyOf,
  };
}

const GOALS: readonly Goal<State>[] = [
  {
    otherwise: "a statement stays held until somebody helps",
    isReached: ({ instances }) =>
      instances.every(({ sessions }) => sessions.every((each) => each === "idle")),
    isWithoutHelp: true,
  },
  {
    otherwise: "a flip is neither finished nor abandoned until somebody helps",
    isReached: ({ flip, instances }) =>
      flip.state !== "holding" ||
      !instances.some(({ life, isConnected }) => life === "up" && isConnected),
    isWithoutHelp: true,
  },
  {
    otherwise: "nothing leads to a fleet that serves under the right name",
    isReached: ({ physical, flip, coordinators, instances }) =>
      flip.state !== "holding" &&
      coordinators.every(({ phase }) => phase === "idle") &&
      instances.every((each) => each.life === "out" || isServing(each, physical)),
    isWithoutHelp: false,
  },
];

function isServing(instance: Instance, physical: number): boolean {
  const { life, isConnected, presence, name, guesses, door, sessions } = instance;
  return (
    life === "up" &&
    isConnected &&
    presence === "live" &&
    name === physical &&
    guesses === 0 &&
    door === "open" &&
    sessions.every((each) => each === "idle")
  );
}

function initialState(world: World): State {
  const { instanceCount, joinerCount, sessionCount } = world;
  const instances = Array.from({ length: instanceCount }, (_, index): Instance => {
    const isUp = index >= joinerCount;
    return {
      ...{ life: isUp ? "up" : "out", isConnected: isUp, presence: isUp ? "live" : "gone" },
      ...{ name: 0, guesses: 0, door: "open", epoch: 0, hasAcknowledged: false },
      ...{ beat: undefined, fetched: undefined, onItsWay: 0 },
      sessions: Array.from({ length: sessionCount }, () => "idle" as const),
      row: { epoch: 0, isWithdrawn: false },
    };
  });
  return {
    physical: 0,
    flip: { epoch: 0, state: "aborted", before: 0, time: 0 },
    coordinators: world.coordinators.map((kind) => ({ kind, phase: "idle", epoch: 0 })),
    instances,
    flipsLeft: world.flipCount,
    faultsLeft: world.faultCount,
    leavesLeft: world.leaveCount,
  };
}
