import { Client } from "../wire/frame-type.ts";

/** Where a message stands: `buffer` from `start` to `end`. */
interface Slice {
  readonly buffer: Buffer;
  readonly start: number;
  end: number;
}

/**
 * What the client sent since the last Sync, kept so that it can be sent again when a name changed
 * under it. Only a batch that starts outside a transaction can be: all that it did is rolled back.
 *
 * Nothing is copied: what was read is never written to again, and messages that stand side by side
 * are kept as one.
 */
export class ReplayBatch {
  /** Something of it relies on physical names. */
  reliesOnNames = false;
  /** The client has seen a part of the answer. */
  isDelivered = false;
  /** It was sent again already; it is not a second time. */
  readonly isReplay: boolean;
  /** All of it is kept. */
  isWhole = true;
  readonly #runs: Slice[] = [];
  #last: Slice | undefined;
  #size = 0;

  constructor(options: { readonly isReplay: boolean }) {
    this.isReplay = options.isReplay;
  }

  get canReplay(): boolean {
    return this.isWhole && !this.isDelivered && !this.isReplay;
  }

  /** The messages, one by one. */
  get frames(): readonly Buffer[] {
    return this.#runs.flatMap(({ buffer, start, end }) => framesOf(buffer, start, end));
  }

  /**
   * Takes the next message, header included. `sizeMax`: bytes of all of them. False where it is this
   * one that makes them too many.
   */
  add({ buffer, start, end }: Readonly<Slice>, sizeMax: number): boolean {
    this.#size += end - start;
    if (!this.isWhole || this.#size > sizeMax) {
      const wasWhole = this.isWhole;
      this.isWhole = false;
      this.#runs.length = 0;
      return !wasWhole;
    }
    if (this.#last?.buffer === buffer && this.#last.end === start) {
      this.#last.end = end;
      return true;
    }
    this.#last = { buffer, start, end };
    this.#runs.push(this.#last);
    return true;
  }
}

function framesOf(buffer: Buffer, start: number, end: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let position = start; position < end; ) {
    const size = 1 + buffer.readInt32BE(position + 1); // The length leaves out the type byte.
    frames.push(buffer.subarray(position, position + size));
    position += size;
  }
  return frames;
}

/** Whether the server will answer to the last of these by itself; else it waits for a Flush. */
export function endsByItself(frames: readonly Buffer[]): boolean {
  const type = frames.at(-1)?.[0];
  return type === Client.sync || type === Client.query || type === Client.functionCall;
}
