import { stringMember } from "../sql/ast.ts";
import type { StatementFacts, TransactionVerb } from "../sql/statement.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { Look } from "./decider.ts";
import type { Dialogue } from "./dialogue.ts";

/**
 * How a text leaves the failed transaction that it is sent in: by its first statement. What stands behind
 * that runs under the settings and names of then, so Straddle's questions do as well.
 */
export interface Exit {
  /** The text that leaves. */
  readonly text: string;
  /** SQL that gets a question to where the first statement gets the second one. */
  readonly sql: readonly string[];
  /** Nothing of the failed transaction is left behind it. */
  readonly isFull: boolean;
}

/** Fails again, so that the client's own first statement finds the transaction as it was. */
export const FAILING_AGAIN = "SELECT 'straddle: the transaction stays failed'::pg_catalog.int4";

/** `IsTransactionExitStmt` of PostgreSQL: all others fail in a failed transaction. */
const EXITS: ReadonlySet<TransactionVerb> = new Set([
  "commit",
  "rollback",
  "rollback_to",
  "prepare",
]);

/** What touches no table and has no name in it that a window could be about. */
const TOUCHES_NOTHING: ReadonlySet<string> = new Set([
  "DeallocateStmt",
  "DiscardStmt",
  "ListenStmt",
  "UnlistenStmt",
  "VariableSetStmt",
]);

/** ROLLBACK AND CHAIN, which keeps what a client's own AND CHAIN keeps, is of PostgreSQL 12. */
const CHAIN_SINCE = 120_000;

/**
 * Whether nothing in a text can touch a table: transaction control, or, in a failed transaction, what
 * the server runs nothing of, and what resets a session. It needs no answer, which such a transaction can't give.
 */
export function isOnlyEnding(look: Look, dialogue: Dialogue, isQuery: boolean): boolean {
  const { statements } = look;
  if (statements.every(({ facts }) => isTransactionControl(facts))) return true;
  if (!isFailed(dialogue) || look.isOpaque) return false;
  // A Parse of several statements fails anywhere.
  if (!isQuery || statements.length <= 1) return true;
  if (!leaves(statements[0]?.facts)) return true;
  return statements.every(({ facts }) => facts !== undefined && touchesNothing(facts));
}

/** BEGIN and its like, and SET TRANSACTION: that has to come before any query, and so before a question. */
function isTransactionControl(facts: StatementFacts | undefined): boolean {
  if (facts === undefined) return false;
  if (facts.transaction !== undefined) return true;
  const { kind, node } = facts.parsed;
  return kind === "VariableSetStmt" && TRANSACTION_SETTING.test(stringMember(node, "name"));
}

/** `SET TRANSACTION …`, and what that sets by its own name: `transaction_isolation`. */
const TRANSACTION_SETTING = /^transaction(?:_|\b)/i;

/** Whether it has to be known whether the transaction has failed that a Query's text leaves. */
export function mustBeKnown({ statements }: Look, dialogue: Dialogue): boolean {
  if (statements.length < 2 || !leaves(statements[0]?.facts)) return false;
  const { pipeline, unsyncedCount, windows, isTagStale } = dialogue;
  // In the data of a COPY the server takes no statement at all.
  if (pipeline.isDrained || pipeline.isCopyIn || unsyncedCount > 0) return false;
  return windows.length > 0 || isTagStale;
}

/** The way that a text takes out of a failed transaction, where it has one that a question can take. */
export function exitOf(look: Look, dialogue: Dialogue, text: () => string): Exit | undefined {
  const first = look.statements[0]?.facts;
  if (!isFailed(dialogue) || !leaves(first) || look.statements.length < 2) return undefined;
  // Each question of a walsender is a Query, and would show the states between them.
  if (dialogue.info.replication !== "none") return undefined;
  const { exit } = dialogue;
  const leaving = text();
  if (exit?.text === leaving) return exit;
  const sql = exitSql(first, dialogue.serverVersion);
  if (sql === undefined) return undefined;
  // What the failed transaction has set is not what its end leaves.
  if (dialogue.hasUnsettledSession) dialogue.forgetSchemas();
  return { text: leaving, sql, isFull: first.transaction !== "rollback_to" };
}

function isFailed({ status, pipeline }: Dialogue): boolean {
  return status === "E" && pipeline.isDrained;
}

function leaves(facts: StatementFacts | undefined): facts is StatementFacts {
  return facts?.transaction !== undefined && EXITS.has(facts.transaction);
}

function touchesNothing({ transaction, parsed }: StatementFacts): boolean {
  return transaction !== undefined || TOUCHES_NOTHING.has(parsed.kind);
}

function exitSql(
  first: StatementFacts,
  serverVersion: number | undefined,
): Exit["sql"] | undefined {
  if (first.transaction !== "rollback_to") {
    const canChain = serverVersion === undefined || serverVersion >= CHAIN_SINCE;
    return canChain ? ["ROLLBACK AND CHAIN"] : ["ROLLBACK", "BEGIN"];
  }
  const savepoint = stringMember(first.parsed.node, "savepoint_name");
  return savepoint === "" ? undefined : [`ROLLBACK TO ${quoteIdentifier(savepoint)}`];
}
