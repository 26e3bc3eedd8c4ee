import type { Window } from "../version/window.ts";
import { SYNC } from "../wire/encode.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Execution } from "./execution.ts";
import type { Entry } from "./pipeline-entry.ts";

/**
 * undefined_column, undefined_table; and ambiguous_column and invalid_column_reference, where a column of a written
 * table has got the name that only another one had, in sight or not.
 */
const OF_NAMES: ReadonlySet<string> = new Set(["42703", "42P01", "42702", "42P10"]);

/**
 * What an error means when a name may have changed under its statement (a rename that Straddle did
 * not see): the batch is sent again where the client has seen nothing of it, and is left to the
 * client to try again where it has.
 */
export class Recovery {
  readonly #dialogue: Dialogue;
  /** The catalog was read again for the error at hand. */
  #isRechecked = false;
  /** What is sent again after the next ReadyForQuery. */
  #replay: readonly Buffer[] | undefined;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /**
   * `none`: the error is what it says. `blocked`: the catalog is read first, and the error comes again.
   * `replay`: nobody is to see it. `serialization_failure`: the client is to try again. `unknown`: the same, since
   * nobody can tell what the name is now.
   */
  judge(
    sqlstate: string,
    entry: Entry,
    execution: Execution | undefined,
    message: () => string,
  ): "none" | "blocked" | "replay" | "serialization_failure" | "unknown" {
    const dialogue = this.#dialogue;
    const { context } = dialogue;
    if (!OF_NAMES.has(sqlstate)) return "none";
    if (execution?.plan.statements[execution.index]?.reliesOnNames !== true) return "none";
    if (!this.#isRechecked) {
      this.#isRechecked = true;
      void context.refreshCatalog().then(() => dialogue.controls.resumeServer());
      return "blocked";
    }
    this.#isRechecked = false;
    const { plan, text, tag } = this.#inQuestion(execution);
    const now = context.decider.replan(plan, {
      text,
      naming: dialogue.naming(tag),
      windows: dialogue.windows,
      catalog: context.catalog,
      searchPath: dialogue.schemas ?? dialogue.lastSchemas,
    });
    const { batch, pipeline } = dialogue;
    // A later batch that is on its way already must not overtake this one.
    const canReplay = batch?.canReplay === true && pipeline.endCount <= 1;
    if (now.ranText === plan.ranText) {
      if (!context.isCatalogKnown && namesWindowed(message(), dialogue.windows)) return "unknown";
      // Names may have come and gone in the meantime. If not, the second try says so.
      if (!canReplay || !namesWindowed(message(), dialogue.windows)) return "none";
    }
    if (batch === undefined || !canReplay) return "serialization_failure";
    this.#prepareReplay(batch.frames, entry);
    return "replay";
  }

  /** The text whose names are not there: of an EXECUTE of SQL, the one that it executes. */
  #inQuestion(execution: Execution): Pick<Execution, "plan" | "tag"> & { readonly text: string } {
    const { prepared, encoding } = this.#dialogue;
    const name = execution.plan.statements[execution.index]?.facts?.executes;
    const executed = name === undefined ? undefined : prepared.statementOfSql(name, encoding);
    if (executed?.text !== undefined) return { ...executed, text: executed.text };
    return { ...execution, text: execution.sentText };
  }

  /** Once: the client's messages to send again, now that the failed batch is over. */
  takeReplay(): readonly Buffer[] | undefined {
    const replay = this.#replay;
    this.#replay = undefined;
    return replay;
  }

  #prepareReplay(frames: readonly Buffer[], entry: Entry): void {
    const { pipeline, toServer, context, info, controls } = this.#dialogue;
    this.#replay = frames;
    // What the client sends now belongs behind the replay.
    controls.blockClient();
    pipeline.fail();
    if (entry.kind !== "query" && pipeline.isSkipping) {
      // The client has not sent its Sync yet. All of the batch is rolled back, so none is committed.
      pipeline.isSkipping = false;
      toServer.add(SYNC);
      pipeline.push({ kind: "sync", isOwn: true, executions: [] });
    }
    context.observer.recovered(info, "resent");
  }
}

function namesWindowed(message: string, windows: readonly Window[]): boolean {
  return windows.some((window) =>
    [...window.renameColumns, [window.table, window.renameTable ?? window.table]].some(
      ([before = "", after = ""]) => message.includes(before) || message.includes(after),
    ),
  );
}

/** What the client reads when the name may have changed, and the catalog can't be read. */
export function unknownNames(): Map<string, string> {
  return new Map([
    ["S", "ERROR"],
    ["V", "ERROR"],
    ["C", "40001"],
    ["M", "could not find out whether a column or table has been renamed"],
    ["D", "The server does not know the name, and Straddle's own connection to it is lost."],
    ["H", "The transaction might succeed if retried."],
    ["R", "straddle:window"],
  ]);
}

/** What the client reads when only trying again can help. */
export function serializationFailure(): Map<string, string> {
  return new Map([
    ["S", "ERROR"],
    ["V", "ERROR"],
    ["C", "40001"],
    ["M", "could not serialize access due to a concurrent rename"],
    ["D", "A column or table was renamed after this transaction began, before it first used it."],
    ["H", "The transaction might succeed if retried."],
    ["R", "straddle:window"],
  ]);
}
