import type { Side } from "./naming.ts";
import type { PhysicalSide } from "./physical-side.ts";

/**
 * The life of a window.
 *
 *   planned -> open <-> holding -> flipped -> closing -> closed
 *
 * Instances have it in force from `open` to `closing`. `holding` is a flip or its reverse under way. The
 * catalog's names are what counts; `open` and `flipped` follow from them.
 */
export type WindowState = "planned" | "open" | "holding" | "flipped" | "closing" | "closed";

/** What an operator asks for. `withdraw` closes a window whose rename is not to happen. */
export type WindowMove = "open" | "flip" | "unflip" | "close" | "withdraw";

/** A window as the checks of this file see it. */
export interface WindowLife {
  readonly state: WindowState;
  /** Whose names the catalog has now. */
  readonly names: PhysicalSide;
}

export type MoveVerdict =
  | { readonly kind: "go" }
  /** As it was asked for already. */
  | { readonly kind: "done"; readonly because: string }
  /** Both end a sentence that begins with the window. */
  | { readonly kind: "refused"; readonly because: string; readonly instead: string };

/** Whether a window may make this move, and if not, why and what to do instead. `id` is for commands. */
export function judgeMove(move: WindowMove, life: WindowLife, id: number): MoveVerdict {
  return VERDICTS[life.state][move](life.names, id);
}

/** Versions of which sides are still served by the window, and have to be gone before it is closed. */
export function sidesToLeave({ state, names }: WindowLife): readonly Side[] {
  if (state === "planned" || state === "closed") return [];
  switch (names) {
    case "old":
      return ["new"];
    case "new":
      return ["old"];
    case "mixed":
    case "broken":
      return ["old", "new"];
  }
}

/** The state in force that a window has by its names, when nothing is under way. */
export function restingState(names: PhysicalSide): "open" | "flipped" {
  return names === "new" ? "flipped" : "open";
}

type Judge = (names: PhysicalSide, id: number) => MoveVerdict;

const GO: MoveVerdict = { kind: "go" };
const go: Judge = () => GO;
const done =
  (because: string): Judge =>
  () => ({ kind: "done", because });
const refused =
  (because: string, instead: string): Judge =>
  (_names, id) => ({ kind: "refused", because, instead: instead.replaceAll("ID", String(id)) });

const notInForce = refused("is only planned", "straddle window open ID");
const underWay = refused(
  "is being renamed at this moment",
  "try again in a few seconds; straddle window show ID tells who does it",
);
const beingClosed = refused(
  "is being closed",
  "straddle window show ID tells by whom; straddle window open ID takes that back",
);
const isClosed = refused("is closed", "declare it again with straddle window plan");

const fitsNot = refused("does not fit the catalog", "straddle window show ID tells what is wrong");

/** From open or flipped: towards names that the catalog does not have yet. */
const renameTo =
  (side: Side): Judge =>
  (names, id) => {
    if (names === "broken") return fitsNot(names, id);
    return names === side ? done(`has its ${side} names already`)(names, id) : GO;
  };

const close: Judge = (names, id) => {
  if (names === "old") {
    return refused(
      "has not been renamed yet: versions of its new range still depend on it",
      "rename first (straddle window flip ID), or give the rename up (straddle window close ID --withdraw)",
    )(names, id);
  }
  return names === "mixed" ? halfRenamed(names, id) : GO;
};

const withdraw: Judge = (names, id) => {
  if (names === "new") {
    return refused(
      "has been renamed: versions of its old range depend on it",
      "close it (straddle window close ID), or rename back first (straddle window unflip ID)",
    )(names, id);
  }
  return names === "mixed" ? halfRenamed(names, id) : GO;
};

const halfRenamed = refused(
  "has been renamed in part",
  "finish that (straddle window flip ID), or take it back (straddle window unflip ID)",
);

const inForce: Record<WindowMove, Judge> = {
  open: done("is open already"),
  flip: renameTo("new"),
  unflip: renameTo("old"),
  close,
  withdraw,
};

/** Every state with every move: what is missing here does not compile. */
const VERDICTS: Record<WindowState, Record<WindowMove, Judge>> = {
  planned: { open: go, flip: notInForce, unflip: notInForce, close: go, withdraw: go },
  open: inForce,
  holding: {
    open: done("is open already"),
    flip: underWay,
    unflip: underWay,
    close: underWay,
    withdraw: underWay,
  },
  flipped: inForce,
  closing: { open: go, flip: beingClosed, unflip: beingClosed, close, withdraw },
  closed: {
    open: isClosed,
    flip: isClosed,
    unflip: isClosed,
    close: done("is closed already"),
    withdraw: done("is closed already"),
  },
};
