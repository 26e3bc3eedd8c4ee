/** A message of the client: its bytes, or, of one too large to hold, the head of them. */
export interface ClientFrame {
  readonly type: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** The rest follows, and is forwarded as it comes. */
  readonly isHead: boolean;
}

/**
 * What became of a message. `blocked`: it has to wait; come again with the same message when
 * `resumeClient` is called. `discard`: the rest of a message that came as a head is to be dropped.
 */
export type Step = "done" | "blocked" | "discard";
