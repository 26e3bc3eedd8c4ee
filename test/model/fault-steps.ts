import {
  asGuesses,
  type Instance,
  type State,
  withCoordinator,
  withInstance,
} from "./flip-state.ts";
import { INSTANCES } from "./instance-steps.ts";
import type { Step } from "./search.ts";

/** What may go wrong at any time, what the store makes of it, and how it is put right. */
export function faultSteps(steps: Step<State>[], state: State): void {
  for (const [index, instance] of state.instances.entries()) {
    aftermath(steps, state, index, instance);
  }
  if (state.faultsLeft === 0) return;
  const faulty: State = { ...state, faultsLeft: state.faultsLeft - 1 };
  const add = (who: string, does: string, next: State) =>
    steps.push({ who, does, state: next, isHelp: true });
  for (const [index, { phase, epoch }] of state.coordinators.entries()) {
    if (phase === "idle" || phase === "dead") continue;
    // Its transaction is undone. The flip's row stays as it is.
    add("a coordinator", "is killed", withCoordinator(faulty, index, { phase: "dead", epoch }));
  }
  for (const [index, instance] of state.instances.entries()) {
    if (instance.life !== "joining" && instance.life !== "up") continue;
    const who = INSTANCES[index] ?? "";
    add(who, "is killed", withInstance(faulty, index, killed(instance)));
    if (instance.isConnected) add(who, "is cut off", withInstance(faulty, index, CUT_OFF));
  }
  add("the server", "is restarted", restarted(faulty));
}

const CUT_OFF = { isConnected: false, beat: undefined, fetched: undefined } as const;

/** The store finds out, a lease runs out, and I7. */
function aftermath(
  steps: Step<State>[],
  state: State,
  index: number,
  { life, isConnected, presence, sessions, row }: Instance,
): void {
  if (life === "out") return;
  const add = (does: string, change: Partial<Instance>, isHelp = false) =>
    steps.push({
      who: INSTANCES[index] ?? "",
      does,
      state: withInstance(state, index, change),
      isHelp,
    });
  if (!isConnected && presence === "live") add("is missed by the server", { presence: "limbo" });
  if (presence === "limbo") {
    const guesses = life === "up" ? ({ guesses: 2, sessions: asGuesses(sessions) } as const) : {};
    add("has its lease run out", { presence: "gone", ...guesses });
  }
  if (life === "dead") {
    if (presence === "gone") add("is started again", { life: "out" }, true);
  } else if (!isConnected) {
    const joined = presence === "gone" ? { row: { epoch: 0, isWithdrawn: false } } : { row };
    add("I7: is connected again", { ...joined, isConnected: true, presence: "live" }, true);
  }
}

/** What it has sent to the store may arrive all the same. */
function killed({ sessions }: Instance): Partial<Instance> {
  return {
    ...{ ...CUT_OFF, life: "dead", guesses: 0, door: "open", epoch: 0, name: 0 },
    ...{ hasAcknowledged: false, sessions: sessions.map(() => "idle") },
  };
}

/** All connections are lost, with what is on them, and all transactions undone. */
function restarted(state: State): State {
  return {
    ...state,
    coordinators: state.coordinators.map((each) => {
      const isInTransaction = ["fenced", "locked", "renamed"].includes(each.phase);
      return isInTransaction ? { ...each, phase: "waiting" } : each;
    }),
    instances: state.instances.map((each) => ({
      ...{ ...each, ...CUT_OFF, onItsWay: 0 },
      sessions: each.sessions.map(() => "idle" as const),
    })),
  };
}
