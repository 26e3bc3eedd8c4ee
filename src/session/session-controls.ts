/** What a handler asks its session to do with its sockets. */
export interface SessionControls {
  /** Goes on with the client's messages, after a handler said that it could not. */
  resumeClient(): void;
  /** Goes on with the server's. */
  resumeServer(): void;
  /** The client's messages wait until `replay` or `resumeClient`. */
  blockClient(): void;
  /** Puts messages of the client in front of those that are yet to be read. */
  replay(frames: readonly Buffer[]): void;
  /** Whether rows are to arrive whole, since Straddle waits for some of its own. */
  inspectRows(isWanted: boolean): void;
}
