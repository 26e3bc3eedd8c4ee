import assert from "node:assert/strict";
import { write } from "node:fs";
import { type Outlet, openDescriptorOutlet, openFileOutlet } from "./outlet.ts";

/** Straddle's own log: told once when the sink begins to fail, and once when it works again. */
export interface SinkLog {
  problem(message: string, error: unknown): void;
  info(message: string): void;
}

/** A file by its name, or what is open already: standard output is 1. */
export type SinkTarget =
  | { readonly kind: "descriptor"; readonly fd: number }
  | { readonly kind: "file"; readonly path: string };

/** A line waits at most this long for company before it is given to the system. */
const FLUSH_MS = 50;
/** Bytes that are written at once, unless a line alone is larger. */
const CHUNK_SIZE = 64 * 1024;
/** A pipe that is full has room again soon; a disk does not. */
const FULL_PIPE_RETRY_MS = 2;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/** Bytes that UTF-8 takes for one of JavaScript's UTF-16 units. */
const UTF8_SIZE_MAX = 3;
const EMPTY = Buffer.alloc(0);

/** Takes whole lines, in order, and never drops one. */
export interface LineSink {
  /** Called when something has left the buffer, and when the sink begins to fail. */
  onChange: () => void;
  /** Bytes that the system has not taken yet. */
  readonly pendingSize: number;
  /** Why it can't write at present. */
  readonly problem: string | undefined;
  write(line: string): void;
  reopen(): Promise<void>;
  /** Writes what is pending, for at most `deadlineMs`, and closes. Nothing may be written after. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Appends lines to a file or a descriptor, in order, in the background. It never drops and
 * never bounds: `pendingSize` lets the owner do that. A write that fails is tried again, from the
 * byte where it stopped, until it succeeds; a failing disk leaves no hole and no torn line.
 */
export class Sink implements LineSink {
  onChange: () => void = () => {};

  readonly #target: SinkTarget;
  readonly #log: SinkLog;
  #outlet: Outlet;
  #nextOutlet: Outlet | undefined; // Opened anew; takes over between two writes.
  #filling: Buffer = EMPTY; // Lines are encoded into it as they come, up to #filled.
  #filled = 0;
  #sealed = 0; // What of it has been handed on.
  #chunks: Buffer[] = []; // Waiting to be written.
  #chunksSize = 0;
  #chunk: Buffer = EMPTY; // Being written, from #offset on.
  #offset = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined; // The next flush, or the next try.
  #retryMs = RETRY_MS_MIN;
  #problem: string | undefined;
  #onEmpty: (() => void) | undefined;
  #isClosed = false;

  /** Rejects if the target can't be opened: that is a matter of set-up, not of writing. */
  static async open(target: SinkTarget, log: SinkLog): Promise<Sink> {
    return new Sink(target, log, await openOutlet(target));
  }

  private constructor(target: SinkTarget, log: SinkLog, outlet: Outlet) {
    this.#target = target;
    this.#log = log;
    this.#outlet = outlet;
  }

  /** Bytes that the system has not taken yet. */
  get pendingSize(): number {
    return this.#filled - this.#sealed + this.#chunksSize + this.#chunk.length - this.#offset;
  }

  /** Why it can't write at present. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes one line, its newline included. */
  write(line: string): void {
    assert(!this.#isClosed);
    const sizeMax = line.length * UTF8_SIZE_MAX;
    if (sizeMax > CHUNK_SIZE) {
      this.#seal();
      this.#queue(Buffer.from(line, "utf8"));
    } else {
      if (this.#filled + sizeMax > this.#filling.length) this.#startFilling();
      this.#filled += this.#filling.write(line, this.#filled, "utf8");
    }
    if (this.#timer === undefined && !this.#isWriting) this.#pumpIn(FLUSH_MS);
  }

  /**
   * Opens the file anew by its name, after a log rotation has moved it. Lines already taken go to
   * the new file unless they are in the old one whole. If it can't be opened, the old one is kept.
   */
  async reopen(): Promise<void> {
    if (this.#target.kind === "descriptor" || this.#isClosed) return;
    try {
      const outlet = await openOutlet(this.#target);
      await this.#nextOutlet?.handle?.close();
      this.#nextOutlet = outlet;
      if (!this.#isWriting) this.#pump();
    } catch (error) {
      this.#log.problem(`can't open ${describe(this.#target)} anew; the old one is kept`, error);
    }
  }

  /** Writes what is pending, for at most `deadlineMs`, and closes. Nothing may be written after. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.pendingSize > 0) {
      const empty = new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
      const deadline = setTimeout(() => this.#onEmpty?.(), deadlineMs);
      if (!this.#isWriting) this.#pump();
      await empty;
      clearTimeout(deadline);
    }
    clearTimeout(this.#timer);
    if (this.pendingSize > 0) {
      this.#log.problem(
        `${this.pendingSize} bytes of audit records are lost`,
        this.#problem ?? "no time left",
      );
    }
    // While a write is under way its descriptor must stay: the number could come to mean another.
    if (!this.#isWriting) await this.#outlet.handle?.close();
    await this.#nextOutlet?.handle?.close();
  }

  /** A new buffer to fill; what is in the old one goes on its way. */
  #startFilling(): void {
    this.#seal();
    this.#filling = Buffer.allocUnsafeSlow(CHUNK_SIZE);
    this.#filled = 0;
    this.#sealed = 0;
    if (this.#chunks.length > 0 && this.#problem === undefined) this.#pump();
  }

  #seal(): void {
    if (this.#filled === this.#sealed) return;
    this.#queue(this.#filling.subarray(this.#sealed, this.#filled));
    this.#sealed = this.#filled;
  }

  #queue(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#chunksSize += chunk.length;
  }

  #pumpIn(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#pump(), milliseconds);
    if (!this.#isClosed) this.#timer.unref(); // Lines alone don't keep a process alive; `close` does.
  }

  /** Starts the next write, if there is anything to write and none is under way. */
  #pump(): void {
    if (this.#isWriting) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#takeNextOutlet();
    if (this.#offset === this.#chunk.length && !this.#takeNextChunk()) return;
    this.#isWriting = true;
    const { fd } = this.#outlet;
    const size = this.#chunk.length - this.#offset;
    write(fd, this.#chunk, this.#offset, size, null, (error, written) =>
      this.#written(error, written),
    );
  }

  #takeNextChunk(): boolean {
    if (this.#chunks.length === 0) this.#seal();
    const chunk = this.#chunks.shift();
    this.#chunk = chunk ?? EMPTY;
    this.#offset = 0;
    this.#chunksSize -= this.#chunk.length;
    return chunk !== undefined;
  }

  #takeNextOutlet(): void {
    const outlet = this.#nextOutlet;
    if (outlet === undefined) return;
    this.#nextOutlet = undefined;
    const { handle } = this.#outlet;
    this.#outlet = outlet;
    // A line that is in the old file in part is written whole to the new one.
    this.#offset = this.#offset === 0 ? 0 : this.#chunk.lastIndexOf(NEWLINE, this.#offset - 1) + 1;
    handle?.close().catch((error) => this.#log.problem("can't close the old audit file", error));
  }

  #written(error: NodeJS.ErrnoException | null, written: number): void {
    this.#isWriting = false;
    this.#offset += written;
    if (error !== null && error.code === "EAGAIN") {
      this.#pumpIn(FULL_PIPE_RETRY_MS);
      return;
    }
    if (error !== null) {
      this.#failed(error);
      return;
    }
    if (this.#problem !== undefined) {
      this.#problem = undefined;
      this.#retryMs = RETRY_MS_MIN;
      this.#log.info(`${describe(this.#target)} can be written again`);
    }
    this.#continue();
    this.onChange();
  }

  #continue(): void {
    const isDone = this.#offset === this.#chunk.length;
    if (this.pendingSize === 0) this.#onEmpty?.();
    else if (!isDone || this.#chunks.length > 0 || this.#isClosed) this.#pump();
    else this.#pumpIn(FLUSH_MS);
  }

  #failed(error: NodeJS.ErrnoException): void {
    const isNew = this.#problem === undefined;
    this.#problem = `can't write ${describe(this.#target)}: ${error.message}`;
    this.#pumpIn(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    if (!isNew) return;
    this.#log.problem(`can't write ${describe(this.#target)}`, error);
    this.onChange();
  }
}
const NEWLINE = 0x0a;

function openOutlet(target: SinkTarget): Promise<Outlet> {
  return target.kind === "file" ? openFileOutlet(target.path) : openDescriptorOutlet(target.fd);
}

function describe(target: SinkTarget): string {
  if (target.kind === "file") return target.path;
  return target.fd === 1 ? "standard output" : `descriptor ${target.fd}`;
}
