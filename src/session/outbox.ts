import type { Socket } from "node:net";

/**
 * Collects what goes out to one peer while a chunk is being cut, and writes it at once.
 *
 * Neighbouring slices of one chunk become one slice again, so a chunk that passes unchanged costs
 * one write and no copy, however many frames are in it.
 */
export class Outbox {
  readonly #socket: Socket;
  #done: Buffer[] = [];
  #buffer: Buffer | undefined;
  #start = 0;
  #end = 0;
  /** Bytes ever added. */
  byteCount = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that wait for the peer. */
  get waitingSize(): number {
    return this.#socket.writableLength;
  }

  addSlice(buffer: Buffer, start: number, end: number): void {
    this.byteCount += end - start;
    if (this.#buffer === buffer && this.#end === start) {
      this.#end = end;
      return;
    }
    this.#closeRun();
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
  }

  add(bytes: Buffer): void {
    this.addSlice(bytes, 0, bytes.length);
  }

  flush(): void {
    this.#closeRun();
    const done = this.#done;
    if (done.length === 0) return;
    if (this.#socket.writable) {
      if (done.length === 1) {
        this.#socket.write(done[0] as Buffer);
      } else {
        this.#socket.cork();
        for (const bytes of done) this.#socket.write(bytes);
        this.#socket.uncork();
      }
    }
    done.length = 0;
  }

  #closeRun(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const isWhole = this.#start === 0 && this.#end === buffer.length;
    this.#done.push(isWhole ? buffer : buffer.subarray(this.#start, this.#end));
    this.#buffer = undefined;
  }
}
