/**
 * A peer broke the protocol. `code` is stable and is what tests, logs and the README name; the
 * client reads SQLSTATE 08P01 (protocol_violation), as PostgreSQL would send.
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, detail: string) {
    super(detail);
    this.name = "ProtocolError";
    this.code = code;
  }
}

export type ProtocolErrorCode =
  | "frame_too_small"
  | "frame_too_large"
  | "frame_unknown"
  | "frame_malformed"
  | "startup_size"
  | "too_many_syncs"
  | "unexpected_reply";
