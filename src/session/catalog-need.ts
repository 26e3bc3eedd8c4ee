import type { StatementFacts } from "../sql/statement.ts";
import type { Window } from "../version/window.ts";
import type { SessionContext } from "./session-context.ts";

/** Whether the catalog has to be read again when this session's transaction has been committed. */
export class CatalogNeed {
  readonly #context: Pick<SessionContext, "catalog">;
  /** The windows of the session's database. */
  readonly #windows: () => readonly Window[];
  #isCertain = false;
  /** This session has changed the catalog at some time: a temporary table of its own may not be in the snapshot yet. */
  #hasEverChanged = false;
  /** Poolers discard all the time: it counts only if a temporary table is found to be concerned. */
  #hasDiscarded = false;
  /** Which of the pipeline's ends answers the last of it. */
  #end = 0;
  #takenAt = 0;

  constructor(context: Pick<SessionContext, "catalog">, windows: () => readonly Window[]) {
    this.#context = context;
    this.#windows = windows;
  }

  /** A statement that changes the catalog is being sent. False: as far as is known it is of no concern. */
  note(facts: StatementFacts, end: number): boolean {
    this.#end = end;
    const isDiscard = facts.parsed.kind === "DiscardStmt";
    if (isDiscard) this.#hasDiscarded = true;
    else this.#isCertain = this.#hasEverChanged = true;
    return !isDiscard || this.#mayUncover();
  }

  /** What was sent could be anything. */
  assume(end: number): void {
    this.#end = end;
    this.#isCertain = this.#hasEverChanged = true;
  }

  /** Whether nothing of it is still to be answered, when the pipeline's ends up to `end` are. */
  isAnswered(end: number): boolean {
    return end >= this.#end;
  }

  /** Asked when an end is answered outside of a transaction: once for each, and for those before it as well. */
  take(end: number): boolean {
    if (end === this.#takenAt) return false;
    this.#takenAt = end;
    // Looked up again: at the time of sending, a CREATE TEMPORARY TABLE before it may have been unanswered.
    const isNeeded = this.#isCertain || (this.#hasDiscarded && this.#mayUncover());
    if (this.isAnswered(end)) this.#isCertain = this.#hasDiscarded = false;
    return isNeeded && this.#windows().length > 0;
  }

  /** Whether DISCARD can let a windowed table be seen again. */
  #mayUncover(): boolean {
    return this.#hasEverChanged || this.#isShadowed();
  }

  /** Whether a temporary table stands before a windowed one, in any session. */
  #isShadowed(): boolean {
    const { catalog } = this.#context;
    return this.#windows().some(({ table, renameTable }) =>
      [table, renameTable].some((name) => name !== undefined && catalog.hasTemporary(name)),
    );
  }
}
