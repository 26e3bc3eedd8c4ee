import { isTableLocked, type Session, type State, withInstance, withNames } from "./flip-state.ts";
import type { Rules } from "./rules.ts";
import type { Step } from "./search.ts";

const SESSIONS = ["a session of instance 1", "one of instance 2", "one of instance 3"] as const;
const WRONG_NAME = "the server got a statement with the other name";

/** A first touch is sent or held, taken by the server, answered, and may pin. */
export function sessionSteps(steps: Step<State>[], state: State, rules: Rules): void {
  for (const [index, { life, sessions }] of state.instances.entries()) {
    if (life !== "up") continue;
    for (const at of sessions.keys()) stepsOf(steps, state, rules, { index, at });
  }
}

function stepsOf(
  steps: Step<State>[],
  state: State,
  rules: Rules,
  { index, at }: { readonly index: number; readonly at: number },
): void {
  const { physical, instances } = state;
  const instance = instances[index];
  const session = instance?.sessions[at];
  if (instance === undefined || session === undefined) return;
  const who = SESSIONS[index] ?? "";
  const become = (does: string, next: Session) => {
    const sessions = instance.sessions.with(at, next);
    steps.push({ who, does, state: withInstance(state, index, { sessions }) });
  };
  const { door, name, guesses, isConnected } = instance;
  const sent: Session = guesses === 0 ? `sent${name}` : `guess${name}`;
  switch (session) {
    case "idle":
      become(door === "open" ? "sends" : "is held", door === "open" ? sent : "held");
      break;
    case "held":
      if (door === "open") become("sends what was held", sent);
      break;
    case "sent0":
    case "sent1":
    case "guess0":
    case "guess1": {
      // Behind the rename's lock it waits.
      if (isTableLocked(state)) break;
      if (session.endsWith(`${physical}`)) become("is taken by the server", "pinned");
      else if (session.startsWith("guess") && rules.excuses) become("is refused", "wrong");
      else steps.push({ who, does: "is taken by the server", wrong: WRONG_NAME });
      break;
    }
    case "wrong":
      // As for a rename that nobody has announced: the catalog is read, and it goes by the door again.
      if (isConnected) {
        const names = withNames(instance, physical, physical);
        const again: Session = names.guesses === 0 ? `sent${physical}` : `guess${physical}`;
        const sessions = instance.sessions.with(at, door === "open" ? again : "held");
        const fetched = instance.fetched === undefined ? undefined : physical;
        const change = { ...names, sessions, fetched };
        steps.push({ who, does: "is sent again", state: withInstance(state, index, change) });
      }
      become("is told to try again", "idle");
      break;
    case "pinned":
      // Other statements of it go on, without asking anybody.
      if (name !== physical) {
        if (guesses === 0 || !rules.excuses) {
          steps.push({ who, does: "goes on", wrong: WRONG_NAME });
        } else become("goes on, and is told to try again", "idle");
      }
      become("ends its transaction", "idle");
  }
}
