import type { Socket } from "node:net";

/**
 * Collects what goes out to one peer while a chunk is being cut, and writes it at once.
 *
 * Neighbouring slices of one chunk become one slice again, so a chunk that passes unchanged costs
 * one write and no copy, however many frames are in it.
 */
export class Outbox {
  /** Undefined until it is connected. */
  #socket: Socket | undefined;
  /** Runs that are over, and stand before the one at hand. */
  #done: Buffer[] = [];
  #buffer: Buffer | undefined;
  #start = 0;
  #end = 0;
  /** Bytes ever added. */
  byteCount = 0;

  constructor(socket?: Socket) {
    this.#socket = socket;
  }

  /** Bytes that wait for the peer. */
  get waitingSize(): number {
    return this.#socket === undefined ? this.byteCount : this.#socket.writableLength;
  }

  /** The peer is there: what was collected for it goes out. */
  open(socket: Socket): void {
    this.#socket = socket;
    this.flush();
  }

  addSlice(buffer: Buffer, start: number, end: number): void {
    this.byteCount += end - start;
    if (this.#buffer === buffer && this.#end === start) {
      this.#end = end;
      return;
    }
    const run = this.#takeRun();
    if (run !== undefined) this.#done.push(run);
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
  }

  add(bytes: Buffer): void {
    this.addSlice(bytes, 0, bytes.length);
  }

  flush(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const run = this.#takeRun();
    if (run === undefined) return;
    const done = this.#done;
    if (done.length === 0) {
      if (socket.writable) socket.write(run);
      return;
    }
    this.#done = [];
    if (!socket.writable) return;
    socket.cork();
    for (const bytes of done) socket.write(bytes);
    socket.write(run);
    socket.uncork();
  }

  /** The run at hand, which is then over. */
  #takeRun(): Buffer | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined) return undefined;
    this.#buffer = undefined;
    const isWhole = this.#start === 0 && this.#end === buffer.length;
    return isWhole ? buffer : buffer.subarray(this.#start, this.#end);
  }
}
