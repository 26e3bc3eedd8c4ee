import { performance } from "node:perf_hooks";
import type { Dialogue } from "./dialogue.ts";
import type { Execution } from "./execution.ts";

/** Tells the observer of a statement that was answered. `sqlstate` as the client read it. */
export function observe(
  dialogue: Dialogue,
  execution: Execution,
  outcome: { readonly rows: number; readonly sqlstate: string | undefined },
): void {
  const { plan, index, isOwn, protocol, tag, bind, traceId } = execution;
  const { rows, sqlstate } = outcome;
  const statement = plan.statements[index];
  // The guard's own statement is worth a record only where its failure was the refusal.
  if (statement === undefined || (isOwn && sqlstate === undefined)) return;
  const isRefused = sqlstate !== undefined && (isOwn || statement.refusal !== undefined);
  dialogue.context.observer.statementEnded({
    session: dialogue.info,
    tag,
    shape: statement.shape,
    protocol,
    sentText: sentTextOf(execution),
    ranText: plan.ranText,
    ranShape: statement,
    bind,
    verdict: isRefused ? "refuse" : statement.verdict,
    rule: statement.refusal?.rule ?? (isRefused ? "lock-timeout" : undefined),
    startedAt: execution.startedAt,
    durationMs: performance.now() - execution.startedMs,
    overheadMs: execution.overheadMs,
    rows,
    sqlstate,
    transactionStatus: dialogue.status,
    traceId,
  });
}

/** One statement of a string of several is recorded by itself. */
function sentTextOf({ plan, index, sentText }: Execution): string {
  const facts = plan.statements[index]?.facts;
  if (plan.statements.length === 1 || facts === undefined) return sentText;
  return sentText.slice(facts.start, facts.end);
}
