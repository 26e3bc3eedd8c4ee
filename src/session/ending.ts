import { encodeErrorResponse } from "../wire/encode.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import type { SessionEnd } from "./observer.ts";
import { fatalFields } from "./refusal.ts";

/** Why Straddle ends a session, and the FATAL that its client reads. */
export interface Ending {
  readonly end: SessionEnd;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export function lastWords({ sqlstate, message, detail = "", hint }: Ending): Buffer {
  return encodeErrorResponse(fatalFields(sqlstate, message, hint).set("D", detail));
}

export const endings = {
  shuttingDown: {
    end: "shutdown",
    sqlstate: "57P01",
    message: "terminating connection because straddle is shutting down",
    hint: "Connect again.",
  },
  startupTimeout: {
    end: "startup_timeout",
    sqlstate: "57014",
    message: "straddle gave up waiting for the end of authentication",
  },
  /** In PostgreSQL's words for its idle_session_timeout. */
  idleTimeout: {
    end: "idle_timeout",
    sqlstate: "57P05",
    message: "terminating connection due to idle-session timeout",
    detail: "The client was idle for longer than straddle's limits.idle_timeout.",
  },
  stalledTimeout: {
    end: "stalled_timeout",
    sqlstate: "57014",
    message: "terminating connection because the client takes nothing of its result",
    detail: "That took longer than straddle's limits.stalled_timeout.",
  },
  unreachable: (reason: string): Ending => ({
    end: "unreachable",
    sqlstate: "08006",
    message: `straddle could not connect to the server: ${reason}`,
  }),
  /** The server's connection is gone, and it has not said why. Without Straddle, the client would read nothing. */
  serverLost: (isBusy: boolean): Ending => ({
    end: "server_lost",
    sqlstate: "08006",
    message: "the server closed the connection unexpectedly",
    detail: isBusy ? "What became of the transaction that was under way is not known." : "",
  }),
  /** What a turn of a session threw. Undefined where the client is told nothing, as by the server. */
  after(error: unknown): Ending | undefined {
    if (!(error instanceof ProtocolError)) {
      return {
        end: "bug",
        sqlstate: "XX000",
        message: "straddle ended this session because of an internal error",
      };
    }
    // There is no telling where the next message would begin.
    if (error.code.startsWith("frame_too_")) return undefined;
    return { end: "protocol_error", sqlstate: "08P01", message: error.message };
  },
} as const satisfies Record<string, Ending | ((...given: never[]) => Ending | undefined)>;
