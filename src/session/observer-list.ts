import type { Observer, SessionEnd, SessionInfo, StatementRecord } from "./observer.ts";

/** Several observers as one. A statement may start when all of them let it. */
export class ObserverList implements Observer {
  readonly wantsParameters: boolean;
  readonly #observers: readonly Observer[];

  constructor(observers: readonly Observer[]) {
    this.#observers = observers;
    this.wantsParameters = observers.some((observer) => observer.wantsParameters);
  }

  sessionOpened(session: SessionInfo): void {
    for (const observer of this.#observers) observer.sessionOpened(session);
  }

  sessionClosed(session: SessionInfo, end: SessionEnd): void {
    for (const observer of this.#observers) observer.sessionClosed(session, end);
  }

  statementEnded(record: StatementRecord): void {
    for (const observer of this.#observers) observer.statementEnded(record);
  }

  recovered(session: SessionInfo, how: "resent" | "reprepared"): void {
    for (const observer of this.#observers) observer.recovered(session, how);
  }

  retried(session: SessionInfo): void {
    for (const observer of this.#observers) observer.retried(session);
  }

  held(session: SessionInfo, milliseconds: number): void {
    for (const observer of this.#observers) observer.held(session, milliseconds);
  }

  mayStart(resume: () => void): boolean {
    for (const observer of this.#observers) if (!observer.mayStart(resume)) return false;
    return true;
  }

  forget(resume: () => void): void {
    for (const observer of this.#observers) observer.forget(resume);
  }
}
