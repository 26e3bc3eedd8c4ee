import type { Execution } from "./execution.ts";
import type { Refusal } from "./text-plan.ts";

/** The client's message (or Straddle's own) that a reply belongs to. */
export type EntryKind =
  | "parse"
  | "bind"
  | "describe"
  | "execute"
  | "close"
  | "sync"
  | "query"
  | "function_call"
  /** CopyDone or CopyFail: no reply of its own, but it ends what the server ignores in COPY. */
  | "copy_end";

/** The fields of an ErrorResponse, by their code letter. */
export type ErrorFields = Map<string, string>;

/** Something that is being asked of the server, which will owe an answer for it. */
export interface Asked {
  readonly kind: EntryKind;
  /** Asked for by Straddle itself: the reply is swallowed. */
  readonly isOwn: boolean;
  /**
   * A Sync that the client sent while the server took CopyData: the server ignores it, unless the COPY
   * had failed by then. Only what comes next tells.
   */
  readonly isMaybe?: boolean;
  /**
   * What the reply belongs to, for audit, timing and names: one for Parse, Describe and Execute, one
   * per statement for Query. Empty where nothing hangs on it.
   */
  readonly executions: readonly Execution[];
  /** Rows of Straddle's own question, as text. */
  readonly rows?: (string | null)[][] | undefined;
  /** How an ErrorResponse to Straddle's own message is taken; the client reads it otherwise. */
  readonly swallowsError?: boolean;
  /** What Straddle made fail, in place of the client's message. */
  readonly refusal?: Refusal | undefined;
  /** Called once, when it is known what became of it; with the error that a message of Straddle's own failed with. */
  readonly settle?: ((outcome: Outcome, error?: ErrorFields) => void) | undefined;
}

/** One thing that the server still owes an answer for. All have one shape, for the engine's sake. */
export interface Entry extends Required<Omit<Asked, "isMaybe">> {
  isMaybe: boolean;
  /** Of a Sync: no CopyData stands before it, so that the server has passed it when data is wrong. */
  isBeforeData: boolean;
  /** Of a Query or FunctionCall: an error has come, and only its ReadyForQuery is yet to. */
  hasFailed: boolean;
  /** The error, where it is about a message of Straddle's own. */
  error: ErrorFields | undefined;
  /** Observers were told of it, where that does not hang on its CommandComplete. */
  isObserved: boolean;
}

/** `failed`: the server's error is about it. `dropped`: the server never got to it. */
export type Outcome = "done" | "failed" | "dropped";

/** The statement that a reply is about: of a Query, the first that is not answered yet. */
export function currentExecution(entry: Entry, answeredCount: number): Execution | undefined {
  return entry.executions[entry.kind === "query" ? answeredCount : 0];
}
