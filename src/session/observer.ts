import type { GuardOutcome } from "../guard/guard-settings.ts";
import type { StatementShape } from "../sql/shape.ts";
import type { VersionTag } from "../version/tag.ts";
import type { Replication } from "../wire/startup.ts";

/** What does not change in a session after its startup, but for the tag. */
export interface SessionInfo {
  /** Unique in this process, from 1. */
  readonly id: number;
  readonly user: string;
  readonly database: string;
  readonly replication: Replication;
  /** `127.0.0.1:50312`, or `unix` for a client on the Unix socket. */
  readonly clientAddress: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The tag found at startup or set since; a statement's own comment can differ. */
  tag: VersionTag | undefined;
  /** Bytes so far, counted on the client's side. */
  bytesReceived: number;
  bytesSent: number;
}

/**
 * What became of a statement. `pass`: sent as it came. `rewrite`: names were exchanged. `refuse`:
 * Straddle failed it, for `rule`. `warn`, `inject`: the guard let it run with a notice, or with a
 * `lock_timeout` of its own.
 */
export type Verdict = "pass" | "rewrite" | "refuse" | "warn" | "inject";

/** One statement, when the server has answered it. */
export interface StatementRecord {
  readonly session: SessionInfo;
  readonly tag: VersionTag | undefined;
  readonly shape: StatementShape;
  readonly protocol: "simple" | "extended" | "function_call" | "replication";
  /** The text the application sent. */
  readonly sentText: string;
  /** The text that ran, where it is another. */
  readonly ranText: string | undefined;
  /** The same for records whose `ranText` differs in constants and blanks only. */
  readonly ranShape: object;
  /** The client's whole Bind frame, only when the observer asked for parameters. */
  readonly bind: Buffer | undefined;
  readonly verdict: Verdict;
  /** The rule that refused, warned or injected: `lock-timeout`, `window`, ... */
  readonly rule: string | undefined;
  /** What the guard's rules had to say. */
  readonly outcomes: readonly GuardOutcome[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** From the client's bytes read to the end of the server's answer forwarded. */
  readonly durationMs: number;
  /** The part of it that Straddle spent on deciding. */
  readonly overheadMs: number;
  /** How often it was sent: more than once where it did not get its lock. */
  readonly attempts: number;
  /** From the command tag; 0 where the tag has none. */
  readonly rows: number;
  readonly sqlstate: string | undefined;
  /** As ReadyForQuery last said: I idle, T in a transaction block, E in a failed one. */
  readonly transactionStatus: "I" | "T" | "E";
  /** From a sqlcommenter `traceparent`. */
  readonly traceId: string | undefined;
  /** The session's effective schemas, in order; undefined where they are not known. */
  readonly schemas: readonly string[] | undefined;
}

/** A statement that the server has not answered in full. */
export type RunningStatement = Pick<StatementRecord, "session" | "tag" | "shape" | "schemas">;

/**
 * Why a session ended. `server`: the server said that it ends it, or did after the client's Terminate.
 * `server_lost`: its connection ended without a word. `unreachable`: there was none to be had.
 */
export type SessionEnd =
  | "client"
  | "server"
  | "server_lost"
  | "unreachable"
  | "startup_timeout"
  | "idle_timeout"
  | "stalled_timeout"
  | "protocol_error"
  | "bug"
  | "shutdown"
  | "refused";

/** Watches sessions, for audit and metrics. Called synchronously on the hot path: it must not throw. */
export interface Observer {
  /** Whether `StatementRecord.bind` is wanted. */
  readonly wantsParameters: boolean;
  sessionOpened(session: SessionInfo): void;
  sessionClosed(session: SessionInfo, end: SessionEnd): void;
  statementEnded(record: StatementRecord): void;
  /** A statement was sent again, or prepared again, because a name had changed under it. */
  recovered(session: SessionInfo, how: "resent" | "reprepared"): void;
  /** A schema change that did not get its lock is tried once more. */
  retried(session: SessionInfo): void;
  /** A statement was kept back for a flip, for this long. */
  held(session: SessionInfo, milliseconds: number): void;
  /**
   * Whether the next statement may start. When false the session stops reading its client and calls
   * again after `resume` is called.
   */
  mayStart(resume: () => void): boolean;
  /** A session that may be waiting has ended: its `resume` is called no more. */
  forget(resume: () => void): void;
}
