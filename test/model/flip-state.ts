/** The states of the model: one column with two names, the store, coordinators, instances, sessions. */

export type Name = 0 | 1;

/** The last flip's row. */
export interface Flip {
  readonly epoch: number;
  readonly state: "holding" | "flipped" | "aborted";
  readonly before: Name;
  /**
   * 0: there is time. 1: `started_at + H - M` is over, by which a rename has to be under way. 2:
   * `started_at + H` is over, and doors may open by themselves.
   */
  readonly time: 0 | 1 | 2;
}

/**
 * Whoever carries out flips. `fenced` has the flip's row, `locked` the table as well, and `renamed` has
 * done it and not committed yet. `ending`: the transaction is over, and the flip's row not brought up
 * to date yet. `dead`: killed, and its transaction undone.
 */
export interface Coordinator {
  /** `own`: `straddle window flip`. `session`: the transaction, and its end, are a client's. */
  readonly kind: "own" | "session";
  readonly phase: "idle" | "waiting" | "fenced" | "locked" | "renamed" | "ending" | "dead";
  readonly epoch: number;
}

/**
 * A session, as far as the table goes. `held`: kept back. `sent0`, `sent1`: a first touch on its way,
 * with a name in it. `guess0`, `guess1`: the same of an instance that could not know. `wrong`: the
 * server has refused it for its name. `pinned`: the server has the table's lock for it, until the
 * transaction ends.
 */
export type Session =
  | ("idle" | "held" | "sent0" | "sent1")
  | ("guess0" | "guess1" | "wrong" | "pinned");

export interface Instance {
  /** `joining`: its row is there, and it takes no clients yet. `dead`: killed. */
  readonly life: "out" | "joining" | "up" | "dead";
  readonly isConnected: boolean;
  /** What it takes the column to be called. */
  readonly name: Name;
  /**
   * 0: it knows. 1: until it reads the catalog, as it could not when it opened the door. 2: until it has
   * joined anew and beaten before that, as it was not waited for.
   */
  readonly guesses: 0 | 1 | 2;
  readonly door: "open" | "closed";
  /** The last hold that it knows. */
  readonly epoch: number;
  readonly hasAcknowledged: boolean;
  /** A beat's answer that it has not dealt with yet: the flip that is holding, or 0. */
  readonly beat: number | undefined;
  /** The catalog's name, read and not taken over yet. */
  readonly fetched: Name | undefined;
  /** The epoch of an acknowledgement on its way to the store; 0 is none. */
  readonly onItsWay: number;
  readonly sessions: readonly Session[];
  /** What the store knows: its lock is held; only its row is fresh; it does not count. */
  readonly presence: "live" | "limbo" | "gone";
  readonly row: { readonly epoch: number; readonly isWithdrawn: boolean };
}

export interface State {
  readonly physical: Name;
  readonly flip: Flip;
  readonly coordinators: readonly Coordinator[];
  readonly instances: readonly Instance[];
  /** How many flips may still be begun, faults still happen, and instances still leave. */
  readonly flipsLeft: number;
  readonly faultsLeft: number;
  readonly leavesLeft: number;
}

export function withInstance(state: State, index: number, change: Partial<Instance>): State {
  const instances = state.instances.slice();
  const instance = instances[index];
  if (instance !== undefined) instances[index] = { ...instance, ...change };
  return { ...state, instances };
}

export function withCoordinator(
  state: State,
  index: number,
  change: Pick<Coordinator, "phase" | "epoch">,
): State {
  const coordinators = state.coordinators.map((each, at) =>
    at === index ? { ...each, ...change } : each,
  );
  return { ...state, coordinators };
}

/** An instance takes over what it has read of the catalog. */
export function withNames(
  { guesses }: Instance,
  name: Name,
  physical: Name,
): Pick<Instance, "name" | "guesses"> {
  return { name, guesses: guesses === 1 && name === physical ? 0 : guesses };
}

/** What is on its way was sent by guess. */
export function asGuesses(sessions: readonly Session[]): readonly Session[] {
  return sessions.map((each) => (each === "sent0" ? "guess0" : each === "sent1" ? "guess1" : each));
}

/** Nobody is inside: no first touch is on its way. */
export function isDrained({ sessions }: Instance): boolean {
  return sessions.every((each) => each === "idle" || each === "held" || each === "pinned");
}

/** Whether somebody has a lock on the table that a rename has to wait for. */
export function isTableInUse({ instances }: State): boolean {
  return instances.some(({ sessions }) => sessions.includes("pinned"));
}

/** Whether a rename's transaction has the table, so that statements wait. */
export function isTableLocked({ coordinators }: State): boolean {
  return coordinators.some(({ phase }) => phase === "locked" || phase === "renamed");
}

/** Whether a transaction has the flip's row. */
export function isRowLocked(state: State): boolean {
  return isTableLocked(state) || state.coordinators.some(({ phase }) => phase === "fenced");
}

const LIVES: Readonly<Record<Instance["life"], number>> = { out: 0, joining: 1, up: 2, dead: 3 };
const PRESENCES: Readonly<Record<Instance["presence"], number>> = { live: 0, limbo: 1, gone: 2 };

/**
 * The same for states from which the same can follow. Instances and sessions are alike, and so are the
 * two names: what counts is who has the right one. What no step looks at any more is left out.
 */
export function keyOf(state: State): string {
  const { physical, flip, flipsLeft, faultsLeft, leavesLeft } = state;
  const isHolding = flip.state === "holding";
  const isTimed = isHolding || state.instances.some(({ door }) => door === "closed");
  const coordinators = state.coordinators.map(
    ({ kind, phase, epoch }) => `${kind[0]}${phase[0]}${phase[1]}${epoch}`,
  );
  const instances = state.instances.map((each) => numberOf(each, state)).sort((a, b) => a - b);
  const rest = `${flip.epoch}${isHolding ? flip.before ^ physical : "-"}${isTimed ? flip.time : 2}`;
  const left = `${flipsLeft}${faultsLeft}${leavesLeft}`;
  return `${rest}${left}${coordinators.sort().join("")}${instances.join(",")}`;
}

/** Everything about an instance, as one number. Epochs are below 4. */
function numberOf(instance: Instance, { physical, flip }: State): number {
  const { fetched, row, onItsWay } = instance;
  const isRelevant = (epoch: number) => flip.state === "holding" && epoch === flip.epoch;
  let number = LIVES[instance.life];
  const add = (value: number, count: number) => {
    number = number * count + value;
  };
  add(Number(instance.isConnected), 2);
  add(instance.name ^ physical, 2);
  add(instance.guesses, 3);
  add(Number(instance.door === "closed"), 2);
  add(instance.epoch, 4);
  add(Number(instance.door === "closed" && instance.hasAcknowledged), 2);
  add(instance.beat === undefined ? 4 : instance.beat, 5);
  add(fetched === undefined ? 2 : fetched ^ physical, 3);
  add(Number(isRelevant(onItsWay)), 2);
  add(PRESENCES[instance.presence], 3);
  add(isRelevant(row.epoch) ? (row.isWithdrawn ? 2 : 1) : 0, 3);
  for (const code of instance.sessions.map((each) => codeOf(each, physical)).sort()) add(code, 8);
  return number;
}

function codeOf(session: Session, physical: Name): number {
  switch (session) {
    case "idle":
      return 0;
    case "held":
      return 1;
    case "sent0":
    case "sent1":
      return session === `sent${physical}` ? 2 : 3;
    case "guess0":
    case "guess1":
      return session === `guess${physical}` ? 4 : 5;
    case "wrong":
      return 6;
    case "pinned":
      return 7;
  }
}
