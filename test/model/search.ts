/** What is searched: states, and the steps between them. */
export interface Model<State> {
  readonly initial: State;
  /** All that could happen next. */
  readonly steps: (state: State) => Iterable<Step<State>>;
  /** What is wrong with a state, as a sentence. */
  readonly wrong: (state: State) => string | undefined;
  readonly goals: readonly Goal<State>[];
  /** The same for states that are the same. */
  readonly key: (state: State) => string;
}

/** What somebody does. `wrong`: the step itself is what must not happen. */
export type Step<State> = { readonly who: string; readonly does: string } & (
  | { readonly state: State; readonly isHelp?: boolean }
  | { readonly wrong: string }
);

/** What has to be within reach of every state. */
export interface Goal<State> {
  readonly otherwise: string;
  readonly isReached: (state: State) => boolean;
  /** Without steps that nobody can count on. */
  readonly isWithoutHelp: boolean;
}

export interface Found {
  readonly stateCount: number;
  readonly stepCount: number;
  /** Why the model does not hold, and the steps that lead there: no shorter ones do. */
  readonly counterExample:
    | { readonly reason: string; readonly steps: readonly string[] }
    | undefined;
}

interface Edges {
  readonly from: number[];
  readonly to: number[];
  readonly isHelp: boolean[];
}

/**
 * Looks at every state that can be reached, breadth first, so that a counter-example is a shortest one.
 * Throws when there are more than `statesMax`.
 */
export function search<State>(model: Model<State>, statesMax: number): Found {
  const numbers = new Map<string, number>([[model.key(model.initial), 0]]);
  const states: State[] = [model.initial];
  const cameFrom: number[] = [-1];
  const cameBy: (Step<State> | undefined)[] = [undefined];
  const edges: Edges = { from: [], to: [], isHelp: [] };

  const path = (number: number): string[] => {
    const steps: string[] = [];
    for (let at = number; at > 0; at = cameFrom[at] ?? 0) steps.unshift(textOf(cameBy[at]));
    return steps;
  };
  const found = (counterExample: Found["counterExample"]): Found => ({
    stateCount: states.length,
    stepCount: edges.from.length,
    counterExample,
  });

  for (let number = 0; number < states.length; number++) {
    const state = states[number];
    if (state === undefined) break;
    const reason = model.wrong(state);
    if (reason !== undefined) return found({ reason, steps: path(number) });
    for (const step of model.steps(state)) {
      if ("wrong" in step) {
        return found({ reason: step.wrong, steps: [...path(number), textOf(step)] });
      }
      const key = model.key(step.state);
      let next = numbers.get(key);
      if (next === undefined) {
        next = states.length;
        if (next === statesMax) throw new Error(`there are more than ${statesMax} states`);
        numbers.set(key, next);
        states.push(step.state);
        cameFrom.push(number);
        cameBy.push(step);
      }
      edges.from.push(number);
      edges.to.push(next);
      edges.isHelp.push(step.isHelp === true);
    }
  }

  for (const { otherwise, isReached, isWithoutHelp } of model.goals) {
    const stuck = firstStuck(states.map(isReached), edges, isWithoutHelp);
    if (stuck !== undefined) return found({ reason: otherwise, steps: path(stuck) });
  }
  return found(undefined);
}

function textOf(step: Step<unknown> | undefined): string {
  return step === undefined ? "" : `${step.who} ${step.does}`;
}

/** The first state from which none that reaches the goal is within reach. */
function firstStuck(
  isReached: readonly boolean[],
  { from, to, isHelp }: Edges,
  isWithoutHelp: boolean,
): number | undefined {
  // Steps by where they lead, as one list with an index of where each state's part begins.
  const begins = new Int32Array(isReached.length + 1);
  for (const state of to) begins[state + 1] = (begins[state + 1] ?? 0) + 1;
  for (let at = 0; at < isReached.length; at++) {
    begins[at + 1] = (begins[at + 1] ?? 0) + (begins[at] ?? 0);
  }
  const filled = Int32Array.from(begins);
  const origins = new Int32Array(from.length).fill(-1);
  for (const [index, state] of to.entries()) {
    const place = filled[state] ?? 0;
    filled[state] = place + 1;
    if (!isWithoutHelp || isHelp[index] !== true) origins[place] = from[index] ?? 0;
  }

  const canReach = Uint8Array.from(isReached, Number);
  const open = [...isReached.keys()].filter((number) => isReached[number]);
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (let at = begins[state] ?? 0; at < (begins[state + 1] ?? 0); at++) {
      const origin = origins[at] ?? -1;
      if (origin === -1 || canReach[origin] === 1) continue;
      canReach[origin] = 1;
      open.push(origin);
    }
  }
  const stuck = canReach.indexOf(0);
  return stuck === -1 ? undefined : stuck;
}
