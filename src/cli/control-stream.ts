import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { ServerUser } from "../session/server-connector.ts";

/**
 * A connection for `pg` that is made as those of sessions are, so that TLS means the same for both.
 * `pg` takes it for a socket that is yet to be connected, and leaves TLS alone.
 */
export class ControlStream extends Duplex {
  readonly #connectServer: (user: ServerUser) => () => void;
  #leave: (() => void) | undefined;
  #socket: Socket | undefined;

  constructor(connectServer: (user: ServerUser) => () => void) {
    super({ allowHalfOpen: false });
    this.#connectServer = connectServer;
  }

  /** Where to is settled: what `pg` says of it is not needed. */
  connect(): this {
    this.#leave = this.#connectServer({
      opened: (socket) => this.#opened(socket),
      failed: (error) => this.destroy(error),
      take: (chunk) => {
        if (!this.push(chunk)) this.#socket?.pause();
      },
    });
    return this;
  }

  /** Sessions' connections are without delay anyway. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(isWanted: boolean, initialDelayMs: number): this {
    this.#socket?.setKeepAlive(isWanted, initialDelayMs);
    return this;
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#socket === undefined) done(new Error("there is no connection yet"));
    else this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    if (this.#socket === undefined) done();
    else this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#leave?.();
    this.#socket?.destroy();
    done(error);
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    this.emit("connect");
  }
}
