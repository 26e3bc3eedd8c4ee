import { Socket } from "node:net";

/**
 * A socket whose other end is a function: what is written to it is given to `take` at once, and what
 * the other end sends is pushed by `deliver`. It has no connection, and costs no system call.
 */
export class MemorySocket extends Socket {
  /** The session has closed its side. */
  isFinished = false;
  readonly #take: (bytes: Buffer) => void;

  constructor(take: (bytes: Buffer) => void) {
    super({ readable: true, writable: true });
    this.#take = take;
    this.on("error", () => undefined);
  }

  /** What the other end has sent. A socket that is paused is not given more, as by a full kernel. */
  deliver(bytes: Buffer): void {
    if (!this.destroyed) this.push(bytes);
  }

  /** The other end has closed its side. */
  deliverEnd(): void {
    if (this.destroyed) return;
    this.push(null);
    this.read(0); // As Node.js does for a socket whose bytes go elsewhere.
  }

  override _read(): void {
    // `deliver` does not wait to be asked.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#take(chunk);
    done();
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error) => void,
  ): void {
    for (const { chunk } of chunks) this.#take(chunk);
    done();
  }

  override _final(done: (error?: Error) => void): void {
    this.isFinished = true;
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.isFinished = true;
    done(error);
  }
}
