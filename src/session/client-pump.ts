import { type FrameReader, HEADER_SIZE, type Piece } from "../wire/frame-reader.ts";
import { Client } from "../wire/frame-type.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import type { ClientFrame } from "./client-frame.ts";
import type { ClientHandler } from "./client-handler.ts";
import type { Outbox } from "./outbox.ts";
import { SESSION_LENGTH_MAX } from "./readers.ts";

/** Cuts what the client sends and hands it on: to the handler what it decides on, the rest as it is. */
export class ClientPump {
  /** Authentication is over. Before that, what is not part of it waits: nothing could be decided. */
  get isReady(): boolean {
    return this.#isReady;
  }
  /** Messages of authentication that the server has asked for and that have not come. */
  passwordsDue = 0;
  /** The message at hand waits for something. Whoever knows of it clears this and runs the pump. */
  isBlocked = false;
  /** There is no telling where the client's next message begins: the server says so and ends it. */
  isLost = false;
  /** The client has sent its Terminate: the server ends the session without a word. */
  hasLeft = false;
  /** Bytes that arrived and have not been cut. */
  waitingSize = 0;

  #isReady = false;
  readonly #reader: FrameReader;
  readonly #handler: ClientHandler;
  readonly #toServer: Outbox;
  readonly #chunks: Buffer[] = [];
  /** Messages that come before what the reader has: a blocked one, or a replay. */
  readonly #pending: ClientFrame[] = [];

  constructor(options: {
    readonly reader: FrameReader;
    readonly handler: ClientHandler;
    readonly toServer: Outbox;
  }) {
    this.#reader = options.reader;
    this.#handler = options.handler;
    this.#toServer = options.toServer;
  }

  authenticated(): void {
    this.#isReady = true;
    this.#reader.lengthMax = SESSION_LENGTH_MAX;
  }

  /** Whether all that has arrived is on its way. */
  get isEmpty(): boolean {
    return !this.isBlocked && this.#chunks.length === 0 && this.#pending.length === 0;
  }

  add(chunk: Buffer): void {
    if (this.isLost) return;
    this.#chunks.push(chunk);
    this.waitingSize += chunk.length;
  }

  /** Puts messages in front of what is yet to be read, to be sent again. */
  replay(frames: readonly Buffer[]): void {
    const replayed = frames.map((buffer) => ({
      type: buffer[0] ?? 0,
      buffer,
      start: 0,
      end: buffer.length,
      isHead: false,
    }));
    this.#pending.unshift(...replayed);
  }

  /** Goes on until there is nothing left, or a message has to wait. */
  run(): void {
    const reader = this.#reader;
    while (!this.isBlocked) {
      const pending = this.#pending[0];
      if (pending !== undefined) {
        // A pending head is still the reader's current piece: nothing was read since.
        if (this.#handle(pending)) this.#pending.shift();
        continue;
      }
      const piece = this.#next();
      if (piece === "wait") {
        const chunk = this.#chunks.shift();
        if (chunk === undefined) return;
        this.waitingSize -= chunk.length;
        reader.push(chunk);
        continue;
      }
      const { type, buffer, start, end } = reader;
      if (piece === "frame" && type === Client.terminate) this.hasLeft = true;
      if (piece === "pass") {
        this.#handler.dataPassed();
        this.#toServer.addSlice(buffer, start, end);
        continue;
      }
      const frame = { type, buffer, start, end, isHead: piece === "head" };
      if (!this.#handle(frame)) this.#pending.push(frame);
    }
  }

  /** Of a message that can't be, the server gets as much as it needs to see that: its header. */
  #next(): Piece {
    if (this.isLost) return "wait";
    try {
      return this.#reader.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { buffer, start } = this.#reader;
      this.#toServer.addSlice(buffer, start, Math.min(start + HEADER_SIZE, buffer.length));
      this.isLost = true;
      this.#chunks.length = 0;
      this.waitingSize = 0;
      return "wait";
    }
  }

  /** Whether the message is dealt with. */
  #handle(frame: ClientFrame): boolean {
    if (!this.#isReady) return this.#authenticate(frame);
    const step = this.#handler.handle(frame);
    if (step === "discard" && frame.isHead) this.#reader.discardRest();
    this.isBlocked = step === "blocked";
    return step !== "blocked";
  }

  /** Whatever its type, the server takes it for the answer that it has asked for. */
  #authenticate({ buffer, start, end }: ClientFrame): boolean {
    this.isBlocked = this.passwordsDue === 0;
    if (this.isBlocked) return false;
    this.passwordsDue -= 1;
    this.#toServer.addSlice(buffer, start, end);
    return true;
  }
}
