import { performance } from "node:perf_hooks";
import { type Intervention, LOCK_TIMEOUT_SQLSTATE } from "../guard/lock-timeout.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Execution } from "./execution.ts";
import type { StatementPlan } from "./text-plan.ts";

/** Tells the observer of a statement that was answered. `sqlstate` as the client read it. */
export function observe(
  dialogue: Dialogue,
  execution: Execution,
  outcome: {
    readonly rows: number;
    readonly sqlstate: string | undefined;
    /** What the guard's own statement before it has done. */
    readonly intervention: Intervention | undefined;
  },
): void {
  const { plan, index, isOwn, protocol, tag, bind, traceId } = execution;
  const { rows, sqlstate } = outcome;
  const statement = plan.statements[index];
  // The guard's own statement is worth a record only where its failure is the statement's.
  if (statement === undefined || (isOwn && sqlstate === undefined)) return;
  // The guard's own can fail for other reasons too, as in a transaction that has failed already.
  const isRefused = isOwn
    ? sqlstate === LOCK_TIMEOUT_SQLSTATE
    : sqlstate !== undefined && statement.refusal !== undefined;
  const verdict = isRefused ? "refuse" : (outcome.intervention ?? statement.verdict);
  const isGuarded = verdict === "warn" || verdict === "inject" || isRefused;
  const { attempt: attempts, first = execution } = dialogue.retry;
  dialogue.context.observer.statementEnded({
    session: dialogue.info,
    tag,
    shape: statement.shape,
    protocol,
    sentText: sentTextOf(execution),
    ranText: plan.ranText,
    ranShape: statement,
    bind,
    verdict,
    rule: statement.refusal?.rule ?? (isGuarded ? guardRule(statement, outcome) : undefined),
    outcomes: statement.outcomes,
    startedAt: first.startedAt,
    durationMs: performance.now() - first.startedMs,
    overheadMs: execution.overheadMs,
    attempts,
    rows,
    sqlstate,
    transactionStatus: dialogue.status,
    traceId,
    schemas: dialogue.schemas,
  });
}

/** What the check in front of it did is the lock_timeout rule's; else it is the first rule's that warns. */
function guardRule(
  { outcomes }: StatementPlan,
  { intervention }: { readonly intervention: Intervention | undefined },
): string {
  const warned = intervention === undefined ? outcomes[0]?.rule : undefined;
  return warned ?? "lock-timeout";
}

/** One statement of a string of several is recorded by itself. */
function sentTextOf({ plan, index, sentText }: Execution): string {
  const facts = plan.statements[index]?.facts;
  if (plan.statements.length === 1 || facts === undefined) return sentText;
  return sentText.slice(facts.start, facts.end);
}
