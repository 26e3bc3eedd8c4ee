import assert from "node:assert/strict";
import { ProtocolError } from "./protocol-error.ts";

/**
 * What `next` found. `frame`: a whole inspected frame. `head`: the beginning of an inspected frame
 * that is larger than is held; its rest follows as `pass`. `pass`: bytes to forward unseen, many
 * frames or a part of one. `wait`: push more bytes first.
 */
export type Piece = "frame" | "head" | "pass" | "wait";

/** Type byte and length: the smallest frame, and all that is needed to know its size. */
export const HEADER_SIZE = 5;

/** What a length may be, itself included (PQ_LARGE_MESSAGE_LIMIT, PQ_SMALL_MESSAGE_LIMIT). */
export const LENGTH_MAX = 0x3ffffffe;
export const SMALL_LENGTH_MAX = 10_000;

const EMPTY = Buffer.alloc(0);

/** A table for `FrameReaderOptions.inspected`. */
export function inspectedTypes(types: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const type of types) table[type] = 1;
  return table;
}

/** A server bounds the body of what it sends, by MaxAllocSize, and not the length. */
const ANY_LENGTH = new Int32Array(256).fill(0x3fffffff + 4);

export interface FrameReaderOptions {
  /** 256 entries by type byte: 1 where frames of the type are to arrive whole. */
  readonly inspected: Uint8Array;
  /** Of messages of any type up to what a server can send, where left out. */
  readonly lengthMax?: Int32Array;
  /** Bytes. An inspected frame larger than this arrives as a head, and its rest passes. */
  readonly frameSizeMax: number;
  /** Bytes of a head, at most. */
  readonly headSizeMax: number;
}

/**
 * Cuts one direction of a connection into pieces, without touching a socket.
 *
 * Bytes are never reordered or copied on the way, so forwarding every piece as it comes reproduces
 * the stream. A piece is `buffer` from `start` to `end`, valid until the next `push` or `next`. The
 * caller pulls, so the caller can stop at any piece, and so apply back-pressure.
 */
export class FrameReader {
  /** Type byte of the current piece, when it is a frame or a head. */
  type = 0;
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Size of the whole frame, header included, when the piece is a frame or a head. */
  frameSize = 0;
  /** 256 entries by type byte: the largest length of its frames; 0 where there is no such type. */
  lengthMax: Int32Array;
  /** Inspect every type, for as long as the caller waits for a row of its own. */
  isInspectingAll = false;

  readonly #inspected: Uint8Array;
  readonly #frameSizeMax: number;
  readonly #headSizeMax: number;
  #passSize = 0; // Bytes of the current frame, passed or discarded, that have yet to arrive.
  #isDiscarding = false; // Whether those bytes are dropped instead.
  #held: Buffer[] = []; // An incomplete frame, in chunks.
  #heldSize = 0;
  #wantedSize = 0; // How much to hold before cutting goes on.

  constructor(options: FrameReaderOptions) {
    this.#inspected = options.inspected;
    this.lengthMax = options.lengthMax ?? ANY_LENGTH;
    this.#frameSizeMax = options.frameSizeMax;
    this.#headSizeMax = options.headSizeMax;
  }

  /** Whether what was given so far ends inside of a message that passes in parts. */
  get isInsideFrame(): boolean {
    return this.#passSize > 0;
  }

  /** Takes the next bytes off the wire. Call it only after `next` said "wait". */
  push(chunk: Buffer): void {
    assert(this.end === this.buffer.length);
    if (this.#heldSize === 0) {
      this.buffer = chunk;
    } else {
      this.#held.push(chunk);
      this.#heldSize += chunk.length;
      if (this.#heldSize < this.#wantedSize) return;
      // Joined once per frame, not once per chunk: a large statement costs linear time.
      this.buffer = Buffer.concat(this.#held, this.#heldSize);
      this.#held = [];
      this.#heldSize = 0;
    }
    this.end = 0;
  }

  /** What throws is the frame whose header is at `start`; all before it was cut. */
  next(): Piece {
    if (this.#heldSize > 0) return "wait";
    const { buffer } = this;
    let position = this.end;
    this.start = position;

    if (this.#isDiscarding) {
      const size = Math.min(this.#passSize, buffer.length - position);
      position += size;
      this.start = position;
      this.#passSize -= size;
      if (this.#passSize > 0) return this.#hold(position, 0);
      this.#isDiscarding = false;
    }

    position = this.#passRunEnd(position);
    if (position > this.start) {
      this.end = position;
      return "pass";
    }
    if (position < buffer.length && this.lengthMax[buffer[position] ?? 0] === 0) {
      throw new ProtocolError("frame_unknown", `a message of type ${buffer[position]}`);
    }
    if (buffer.length - position < HEADER_SIZE) return this.#hold(position, HEADER_SIZE);

    this.type = buffer[position] as number; // Bounds checked on the line above.
    this.frameSize = this.#sizeAt(position) || this.#throwAt(position);
    if (this.frameSize > this.#frameSizeMax) return this.#head(position);
    if (position + this.frameSize > buffer.length) return this.#hold(position, this.frameSize);
    this.end = position + this.frameSize;
    return "frame";
  }

  /** Drops what is still to come of the frame whose head is the current piece. */
  discardRest(): void {
    this.#isDiscarding = this.#passSize > 0;
  }

  /** The end of the longest run, from here, of bytes that need no look. */
  #passRunEnd(from: number): number {
    const { buffer } = this;
    let position = from + this.#passSize;
    while (position + HEADER_SIZE <= buffer.length && !this.#isInspected(buffer[position])) {
      const size = this.#sizeAt(position);
      // One that is wrong is thrown for when it is the next.
      if (size === 0 && position > this.start) break;
      position += size > 0 ? size : this.#throwAt(position);
    }
    if (position <= buffer.length) {
      this.#passSize = 0;
      return position;
    }
    this.#passSize = position - buffer.length;
    return buffer.length;
  }

  #isInspected(type: number | undefined): boolean {
    return this.isInspectingAll || this.#inspected[type ?? 0] === 1;
  }

  /** 0 where its length is out of bounds. */
  #sizeAt(position: number): number {
    const length = this.buffer.readInt32BE(position + 1); // Counts itself, not the type byte.
    const lengthMax = this.lengthMax[this.buffer[position] ?? 0] ?? 0;
    return length < 4 || length > lengthMax ? 0 : 1 + length;
  }

  #throwAt(position: number): never {
    const length = this.buffer.readInt32BE(position + 1);
    const code = length < 4 ? "frame_too_small" : "frame_too_large";
    throw new ProtocolError(code, `a message of length ${length}`);
  }

  #head(position: number): Piece {
    const size = Math.min(this.frameSize, this.#headSizeMax);
    if (position + size > this.buffer.length) return this.#hold(position, size);
    this.end = position + size;
    this.#passSize = this.frameSize - size;
    return "head";
  }

  #hold(position: number, wantedSize: number): Piece {
    const rest = this.buffer.subarray(position);
    if (rest.length > 0) {
      this.#held = [rest];
      this.#heldSize = rest.length;
      this.#wantedSize = wantedSize;
    }
    this.buffer = EMPTY;
    this.start = 0;
    this.end = 0;
    return "wait";
  }
}
