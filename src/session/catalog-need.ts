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

  constructor(context: Pick<SessionContext, "catalog">, windows: () => readonly Window[]) {
    this.#context = context;
    this.#windows = windows;
  }

  /** A statement that changes the catalog is being sent. False: as far as is known it is of no concern. */
  note(facts: StatementFacts): boolean {
    const isDiscard = facts.parsed.kind === "DiscardStmt";
    if (isDiscard) this.#hasDiscarded = true;
    else this.#isCertain = this.#hasEverChanged = true;
    return !isDiscard || this.#mayUncover();
  }

  /** What was sent could be anything. */
  assume(): void {
    this.#isCertain = this.#hasEverChanged = true;
  }

  /** Asked when it is committed, once. */
  take(): boolean {
    // Looked up again: at the time of sending, a CREATE TEMPORARY TABLE before it may have been unanswered.
    const isNeeded = this.#isCertain || (this.#hasDiscarded && this.#mayUncover());
    this.#isCertain = false;
    this.#hasDiscarded = false;
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
