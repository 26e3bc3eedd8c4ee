import type { SessionInfo, StatementRecord } from "../../src/session/observer.ts";
import type { StatementShape } from "../../src/sql/shape.ts";

export const SHAPE: StatementShape = {
  verb: "SELECT",
  normalized: "SELECT user_id FROM orders WHERE id = $1",
  fingerprint: "0123456789abcdef",
  tables: ["orders"],
  columns: ["id", "user_id"],
  names: { uses: [], hidden: undefined },
};

export function sessionInfo(changes: Partial<SessionInfo> = {}): SessionInfo {
  return {
    id: 7,
    user: "alice",
    database: "shop",
    replication: "none",
    clientAddress: "127.0.0.1:50312",
    startedAt: Date.UTC(2026, 2, 1, 8, 0, 0),
    tag: { app: "shop", version: "1.4.0" },
    bytesReceived: 0,
    bytesSent: 0,
    ...changes,
  };
}

/** A statement that passed; a test says what is different. */
export function statementRecord(changes: Partial<StatementRecord> = {}): StatementRecord {
  const session = changes.session ?? sessionInfo();
  return {
    session,
    tag: session.tag,
    shape: SHAPE,
    protocol: "simple",
    sentText: "SELECT user_id FROM orders WHERE id = 42",
    ranText: undefined,
    ranShape: {},
    bind: undefined,
    verdict: "pass",
    rule: undefined,
    outcomes: [],
    startedAt: Date.UTC(2026, 2, 1, 8, 15, 30, 42),
    durationMs: 1.25,
    overheadMs: 0.0125,
    attempts: 1,
    rows: 1,
    sqlstate: undefined,
    transactionStatus: "I",
    traceId: undefined,
    schemas: undefined,
    ...changes,
  };
}
