import { ProtocolError } from "./protocol-error.ts";

/** Bytes of a name, its NUL included (NAMEDATALEN). */
const NAME_SIZE = 64;

/** A cursor over one message's body. Every read is checked against the end of the message. */
export class ByteReader {
  position: number;
  readonly #buffer: Buffer;
  readonly #end: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer;
    this.position = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.position;
  }

  int16(): number {
    this.#need(2);
    const value = this.#buffer.readInt16BE(this.position);
    this.position += 2;
    return value;
  }

  int32(): number {
    this.#need(4);
    const value = this.#buffer.readInt32BE(this.position);
    this.position += 4;
    return value;
  }

  byte(): number {
    this.#need(1);
    const value = this.#buffer.readUInt8(this.position);
    this.position += 1;
    return value;
  }

  bytes(size: number): Buffer {
    this.#need(size);
    const value = this.#buffer.subarray(this.position, this.position + size);
    this.position += size;
    return value;
  }

  /** A String of the protocol: bytes up to a NUL, which is consumed. */
  text(encoding: BufferEncoding = "utf8"): string {
    const start = this.position;
    const end = this.#textEnd(start);
    this.position = end + 1;
    return end === start ? "" : this.#buffer.toString(encoding, start, end);
  }

  /** Where the NUL is. Most texts here are names: to look at their bytes is less than a call to find it. */
  #textEnd(start: number): number {
    const near = Math.min(start + NAME_SIZE, this.#end);
    for (let at = start; at < near; at++) if (this.#buffer[at] === 0) return at;
    const end = this.#buffer.indexOf(0, near);
    if (end === -1 || end >= this.#end) {
      throw new ProtocolError("frame_malformed", "a string without its end");
    }
    return end;
  }

  #need(size: number): void {
    if (size < 0 || this.position + size > this.#end) {
      throw new ProtocolError("frame_malformed", "a message that ends inside a field");
    }
  }
}
