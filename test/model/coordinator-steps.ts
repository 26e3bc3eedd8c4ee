import {
  asGuesses,
  type Coordinator,
  type Instance,
  isRowLocked,
  isTableInUse,
  isTableLocked,
  type State,
  withCoordinator,
} from "./flip-state.ts";
import type { Rules } from "./rules.ts";
import type { Step } from "./search.ts";

const COORDINATORS = ["coordinator 1", "coordinator 2"] as const;

/** C1 to C7 and R of "The flip across a fleet" in src/README.md, and the time that passes. */
export function coordinatorSteps(steps: Step<State>[], state: State, rules: Rules): void {
  for (const index of state.coordinators.keys()) stepsOf(steps, state, rules, index);
  const { flip } = state;
  if (rules.recover && flip.state === "holding" && flip.time === 2 && !isRowLocked(state)) {
    if (state.instances.some(({ life, isConnected }) => life === "up" && isConnected)) {
      steps.push({ who: "an instance", does: "R: ends what nobody ends", state: ended(state) });
    }
  }
  if (flip.epoch > 0 && mayTimePass(state, rules)) {
    const time = flip.time === 0 ? 1 : 2;
    const does = time === 1 ? "for the rename is over" : "of the hold is over";
    steps.push({ who: "the time", does, state: { ...state, flip: { ...flip, time } } });
  }
}

function mayTimePass({ flip, coordinators }: State, rules: Rules): boolean {
  if (flip.time === 0) return true;
  return flip.time === 1 && !(rules.margin && coordinators.some(isOwnRename));
}

function stepsOf(steps: Step<State>[], state: State, rules: Rules, index: number): void {
  const coordinator = state.coordinators[index];
  if (coordinator === undefined) return;
  const { kind, phase, epoch } = coordinator;
  const { flip } = state;
  const who = COORDINATORS[index] ?? "";
  const become = (next: Coordinator["phase"], from = state) =>
    withCoordinator(from, index, { phase: next, epoch: next === "idle" ? 0 : epoch });
  const isMine = flip.epoch === epoch && flip.state === "holding";
  switch (phase) {
    case "idle":
      if (mayBegin(state, rules)) {
        const begun = { phase: "waiting", epoch: flip.epoch + 1 } as const;
        const next = withCoordinator(begin(state), index, begun);
        steps.push({ who, does: "C2: begins a flip", state: next, isHelp: true });
      }
      break;
    case "waiting":
      if ((isMine || !rules.oneAtATime) && !isRowLocked(state) && mayRename(state, epoch, rules)) {
        steps.push({ who, does: "C4: has the flip's row", state: become("fenced") });
      }
      if (!isMine || !isRowLocked(state)) {
        const over = isMine ? ended(state) : state;
        steps.push({ who, does: "C7: gives up", state: become("idle", over) });
      }
      break;
    case "fenced":
      if (!isTableInUse(state) && !isTableLocked(state)) {
        if (!rules.recheck || mayRename(state, epoch, rules)) {
          steps.push({ who, does: "C5: has the table's lock", state: become("locked") });
        }
      }
      steps.push({ who, does: "C7: lets go of the row", state: become("waiting") });
      break;
    case "locked":
      if (kind === "session" || !rules.fence || !rules.recheck || flip.time === 0) {
        const does = "C6: renames";
        if (state.physical === flip.before) steps.push({ who, does, state: become("renamed") });
        else steps.push({ who, does, wrong: "it is renamed already" });
      }
      steps.push({ who, does: "C7: lets go of the lock", state: become("waiting") });
      break;
    case "renamed":
      if (kind === "own") {
        steps.push({ who, does: "C6: commits", state: become("idle", ended(renamed(state))) });
      } else {
        steps.push({ who, does: "C6: commits", state: become("ending", renamed(state)) });
        steps.push({ who, does: "C6: rolls back", state: become("ending") });
      }
      break;
    case "ending":
      steps.push({
        ...{ who, does: "C6: writes what the catalog says" },
        state: become("idle", isMine ? ended(state) : state),
      });
      break;
    case "dead":
      steps.push({ who, does: "is started again", state: become("idle"), isHelp: true });
  }
}

/** C1 and C2. */
function mayBegin({ flip, flipsLeft, instances }: State, rules: Rules): boolean {
  if (flipsLeft === 0) return false;
  if (flip.state === "holding" && rules.oneAtATime) return false;
  return instances.every(({ presence }) => presence !== "limbo");
}

function begin(state: State): State {
  const { flip, physical: before, flipsLeft } = state;
  const next = { epoch: flip.epoch + 1, state: "holding", before, time: 0 } as const;
  return { ...state, flip: next, flipsLeft: flipsLeft - 1 };
}

/** C4's check: the acknowledgements are complete, and there is time. */
function mayRename({ flip, instances }: State, epoch: number, rules: Rules): boolean {
  if (rules.fence && flip.time > 0) return false;
  if (!rules.acknowledgements) return true;
  return instances.every(
    ({ presence, row }) => presence === "gone" || (row.epoch === epoch && !row.isWithdrawn),
  );
}

/** The end of C6, C7 and R: what became of the flip is what the catalog says. */
function ended(state: State): State {
  const { flip, physical } = state;
  const became = physical === flip.before ? "aborted" : "flipped";
  return { ...state, flip: { ...flip, state: became } };
}

/**
 * The names change. In a client's transaction that may be after the hold: who has opened the door by
 * then could not know.
 */
function renamed(state: State): State {
  const physical = state.physical === 0 ? 1 : 0;
  if (state.flip.time < 2 || state.coordinators.some(isOwnRename)) return { ...state, physical };
  const instances = state.instances.map((each): Instance => {
    if (each.door === "closed" && each.fetched === undefined) return each;
    const guesses = each.guesses === 0 ? 1 : each.guesses;
    return { ...each, guesses, sessions: asGuesses(each.sessions) };
  });
  return { ...state, physical, instances };
}

function isOwnRename({ kind, phase }: Coordinator): boolean {
  return kind === "own" && phase === "renamed";
}
