import { type Instance, isDrained, type State, withInstance, withNames } from "./flip-state.ts";
import type { Rules } from "./rules.ts";
import type { Step } from "./search.ts";

export const INSTANCES = ["instance 1", "instance 2", "instance 3"] as const;

/** I1 to I8 of "The flip across a fleet" in src/README.md. */
export function instanceSteps(steps: Step<State>[], state: State, rules: Rules): void {
  for (const [index, instance] of state.instances.entries()) {
    const add = (does: string, change: Partial<Instance>, isHelp = false) =>
      steps.push({
        who: INSTANCES[index] ?? "",
        does,
        state: withInstance(state, index, change),
        isHelp,
      });
    if (instance.onItsWay > 0) acknowledgement(add, state, instance);
    const { life } = instance;
    if (life === "out") join(add, state, rules, instance);
    if (life !== "joining" && life !== "up") continue;
    if (instance.isConnected) ask(add, state, instance);
    if (instance.beat !== undefined) dealWith(add, state, rules, instance, instance.beat);
    if (life !== "up") continue;
    if (instance.door === "closed") hold(add, state, rules, instance);
    else if (isIdle(instance) && state.leavesLeft > 0) {
      const leaving: State = { ...state, leavesLeft: state.leavesLeft - 1 };
      const left = withInstance(leaving, index, LEFT);
      steps.push({ who: INSTANCES[index] ?? "", does: "I8: leaves", state: left, isHelp: true });
    }
  }
}

type Add = (does: string, change: Partial<Instance>, isHelp?: boolean) => void;

function isIdle({ isConnected, sessions }: Instance): boolean {
  return isConnected && sessions.every((each) => each === "idle");
}

const LEFT: Partial<Instance> = {
  ...{ life: "out", isConnected: false, presence: "gone", name: 0, guesses: 0, epoch: 0 },
  ...{ hasAcknowledged: false, beat: undefined, fetched: undefined },
};

/** It comes to the store, or is lost with its connection. What was withdrawn stays so. */
function acknowledgement(add: Add, state: State, instance: Instance): void {
  const { onItsWay: epoch, row, isConnected } = instance;
  const isTaken = state.flip.epoch === epoch && row.epoch < epoch;
  const taken = isTaken ? { epoch, isWithdrawn: false } : row;
  add("has its acknowledgement at the store", { onItsWay: 0, row: taken });
  if (!isConnected) add("has its acknowledgement lost", { onItsWay: 0 });
}

function join(add: Add, state: State, rules: Rules, { fetched }: Instance): void {
  const joined: Partial<Instance> = {
    ...{ isConnected: true, presence: "live", row: { epoch: 0, isWithdrawn: false } },
    life: rules.joinerHolds ? "joining" : "up",
  };
  if (!rules.joinerReads && fetched === undefined) {
    add("reads the catalog before it joins", { fetched: state.physical }, true);
  } else {
    const name = fetched ?? state.physical;
    add("I1: joins", { ...joined, name, fetched: undefined }, true);
  }
}

/** I2, and the poll of the catalog: what is asked of the server. The answer waits to be dealt with. */
function ask(add: Add, state: State, instance: Instance): void {
  const { flip, physical } = state;
  const { life, beat, epoch, door, guesses, name } = instance;
  // One that has no time left is not held for, but it is no end of a hold either.
  const isOn = flip.state === "holding" && (flip.time < 2 || flip.epoch === epoch);
  const found = isOn ? flip.epoch : 0;
  // With the door open and nothing in doubt, that there is nothing is no news.
  const isNews = life === "joining" || door === "closed" || guesses === 2 || found > epoch;
  if (found !== beat && isNews) add("I2: beats", { beat: found });
  if (life === "up" && door === "open" && guesses < 2 && (guesses === 1 || name !== physical)) {
    add("has its poll read the catalog", withNames(instance, physical, physical));
  }
}

function dealWith(add: Add, state: State, rules: Rules, instance: Instance, beat: number): void {
  const { life, epoch, door, name } = instance;
  const change: Partial<Instance> = {
    beat: undefined,
    guesses: instance.guesses === 2 ? 1 : instance.guesses,
    // The names are read when the row is there.
    ...(life === "joining" ? { life: "up", name: rules.joinerReads ? state.physical : name } : {}),
  };
  if (beat > epoch) {
    add("I3: holds", {
      ...{ ...change, epoch: beat, door: "closed" },
      ...{ hasAcknowledged: false, fetched: undefined },
    });
  } else if (beat === 0 && door === "closed") {
    const fetched = rules.releaseReads ? state.physical : name;
    add("I5: sees the end of the flip, and reads the catalog", { ...change, fetched });
  } else add("I2: hears nothing new", change);
}

function hold(add: Add, state: State, rules: Rules, instance: Instance): void {
  const { flip, physical } = state;
  const { epoch, fetched, hasAcknowledged, isConnected, row } = instance;
  if (fetched !== undefined) {
    const names = withNames(instance, fetched, physical);
    add("opens the door", { ...names, door: "open", fetched: undefined });
    return;
  }
  if (isConnected && !hasAcknowledged && (isDrained(instance) || !rules.drain)) {
    add("I4: acknowledges", { hasAcknowledged: true, onItsWay: epoch });
  }
  const isDue = flip.epoch > epoch || flip.time === 2 || !rules.holdLasts;
  if (!rules.deadline || !isDue) return;
  if (!isConnected) {
    const guesses = instance.guesses === 0 ? 1 : instance.guesses;
    add("I6: ends its hold, and can't read the catalog", { door: "open", guesses });
    return;
  }
  const change = { fetched: rules.deadlineReads ? physical : instance.name };
  add("I6: ends its hold, and reads the catalog", change);
  if (rules.withdrawal && row.epoch <= epoch) {
    // It need not come to the store; if it does, then not before the acknowledgement.
    add("I6: ends its hold, withdraws, and reads the catalog", {
      ...{ ...change, onItsWay: 0, row: { epoch, isWithdrawn: true } },
    });
  }
}
