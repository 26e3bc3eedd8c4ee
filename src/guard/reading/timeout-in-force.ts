import type { Subject } from "../rule.ts";

/** The `statement_timeout` that a statement runs under, in milliseconds; 0 is none, undefined not known. */
export function statementTimeoutInForce({ memory, facts }: Subject): number | undefined {
  return (
    memory.local.statementTimeoutMs ?? memory.session.statementTimeoutMs ?? facts.statementTimeoutMs
  );
}
