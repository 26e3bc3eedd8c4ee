import { type Facts, NO_FACTS } from "../guard/facts.ts";
import { lockedBy } from "../guard/locks.ts";
import { NO_TIMEOUTS } from "../guard/timeouts.ts";
import { EMPTY_MEMORY, memoryAfter, type TransactionMemory } from "../guard/transaction-memory.ts";
import { stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import type { StatementFacts } from "../sql/statement.ts";

/** Statements that wait for facts; with more, they are taken as if nothing was known. */
const PENDING_MAX = 64;

interface Remembered {
  readonly statement: ParsedStatement;
  /** The number of the Query or Sync that it ends with at the earliest. */
  readonly end: number;
}

/**
 * What a session's transaction did so far, as the guard's rules need it. Statements that were sent are
 * kept until a rule wants to know: only then is what they did put together, with the facts of then.
 */
export class TransactionWatch {
  #memory: TransactionMemory = EMPTY_MEMORY;
  #end = 0;
  #pending: Remembered[] = [];
  #isLocking = false;

  /** It holds locks that others wait for: all that comes now is of concern to rules. */
  get isLocking(): boolean {
    return this.#isLocking;
  }

  /** A statement of concern is being sent; it ends with the message of this number. */
  note({ parsed, transaction }: StatementFacts, end: number): void {
    const isEmpty = this.#memory === EMPTY_MEMORY && this.#pending.length === 0;
    switch (transaction) {
      case "begin":
        return;
      case "commit":
      case "rollback":
      case "prepare":
        if (!isEmpty) this.forget();
        return;
      case undefined:
        break;
      default:
        // With nothing to remember there is nothing to go back to: see `after`.
        if (isEmpty) return;
    }
    if (this.#pending.length >= PENDING_MAX) this.take(this.after(NO_FACTS));
    this.#pending.push({ statement: parsed, end });
    this.#isLocking ||= isLock(parsed);
  }

  /** What is remembered, with these facts. Nothing changes by asking. */
  after(facts: Facts): TransactionMemory {
    let memory: TransactionMemory = { ...this.#memory, isInBlock: true };
    for (const { statement } of this.#pending) {
      memory = isUnknownSavepoint(statement, memory)
        ? EMPTY_MEMORY
        : memoryAfter(memory, statement, facts);
      memory = { ...memory, isInBlock: true };
    }
    // Which timeouts are in force the server is asked.
    return { ...memory, session: NO_TIMEOUTS, local: NO_TIMEOUTS, sessionBefore: NO_TIMEOUTS };
  }

  /** Keeps what `after` gave in place of the statements that it was made of. */
  take(memory: TransactionMemory): void {
    this.#end = this.#pending.at(-1)?.end ?? this.#end;
    this.#pending = [];
    const { locks, created, checks, longWork, savepoints } = memory;
    const count = locks.length + created.length + checks.length + savepoints.length;
    this.#memory = count === 0 && longWork === undefined ? EMPTY_MEMORY : memory;
    this.#isLocking = locks.length > 0;
  }

  /** No transaction is open behind the Query or Sync of this number: what came up to it is over. */
  ended(end: number): void {
    if (this.#memory === EMPTY_MEMORY && this.#pending.length === 0) return;
    this.#pending = this.#pending.filter((each) => each.end > end);
    if (this.#end <= end) this.#memory = EMPTY_MEMORY;
    this.#isLocking =
      this.#memory.locks.length > 0 || this.#pending.some(({ statement }) => isLock(statement));
  }

  forget(): void {
    this.#pending = [];
    this.#memory = EMPTY_MEMORY;
    this.#isLocking = false;
  }
}

function isLock(statement: ParsedStatement): boolean {
  return statement.kind === "LockStmt" || lockedBy(statement) !== undefined;
}

/** Of a savepoint that was set while there was nothing to remember, nothing is remembered. */
function isUnknownSavepoint({ kind, node }: ParsedStatement, memory: TransactionMemory): boolean {
  if (kind !== "TransactionStmt" || stringMember(node, "kind") !== "TRANS_STMT_ROLLBACK_TO") {
    return false;
  }
  const name = stringMember(node, "savepoint_name");
  return !memory.savepoints.some((savepoint) => savepoint.name === name);
}
