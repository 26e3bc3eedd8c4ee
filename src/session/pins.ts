import { stringMember } from "../sql/ast.ts";
import type { StatementFacts } from "../sql/statement.ts";

/** Older ones are forgotten; a rollback to one of them is taken as one to the beginning. */
const SAVEPOINTS_MAX = 64;

interface Savepoint {
  readonly name: string;
  /** How many pins there were. */
  readonly pinCount: number;
  /** The number of the Query or Sync that it ends with at the earliest. */
  readonly end: number;
}

/**
 * Relations whose names a transaction relies on and holds locks on, in the order in which it came to
 * them. A rollback to a savepoint gives back the locks since then, and keeps those from before: to take
 * these for gone would make the transaction wait for a flip that waits for its locks.
 */
export class Pins {
  readonly #oids = new Set<number>();
  #savepoints: Savepoint[] = [];

  has(oid: number): boolean {
    return this.#oids.has(oid);
  }

  add(oid: number): void {
    this.#oids.add(oid);
  }

  clear(): void {
    if (this.#oids.size > 0) this.#oids.clear();
    if (this.#savepoints.length > 0) this.#savepoints = [];
  }

  /** A statement is being sent; it ends with the message of this number. */
  note({ transaction, parsed: { node } }: StatementFacts, end: number): void {
    switch (transaction) {
      case undefined:
      case "begin":
        return;
      case "savepoint": {
        const name = stringMember(node, "savepoint_name");
        this.#savepoints.push({ name, pinCount: this.#oids.size, end });
        if (this.#savepoints.length > SAVEPOINTS_MAX) this.#savepoints.shift();
        return;
      }
      case "release": {
        const index = this.#find(stringMember(node, "savepoint_name"));
        if (index >= 0) this.#savepoints.length = index;
        return;
      }
      case "rollback_to":
        this.#rollBackTo(this.#find(stringMember(node, "savepoint_name")));
        return;
      default:
        this.clear();
    }
  }

  /** What ended with the Query or Sync of this number failed: its savepoints may not be there. */
  failed(end: number): void {
    if (this.#savepoints.length === 0) return;
    this.#savepoints = this.#savepoints.filter((each) => each.end !== end);
  }

  #rollBackTo(index: number): void {
    const savepoint = this.#savepoints[index];
    if (savepoint === undefined) {
      this.clear();
      return;
    }
    this.#savepoints.length = index + 1;
    let count = 0;
    for (const oid of this.#oids) {
      count += 1;
      if (count > savepoint.pinCount) this.#oids.delete(oid);
    }
  }

  #find(name: string): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
  }
}
