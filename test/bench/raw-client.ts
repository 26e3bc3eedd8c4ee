import { createConnection, type Socket } from "node:net";
import { encodeFrame, encodeQuery, TERMINATE } from "../../src/wire/encode.ts";
import { decodeFields } from "../../src/wire/fields.ts";
import { FrameReader, inspectedTypes } from "../../src/wire/frame-reader.ts";
import { Client, Server } from "../../src/wire/frame-type.ts";
import { encodeStartup } from "../../src/wire/startup.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What an ErrorResponse says. */
export class ServerError extends Error {
  readonly sqlstate: string;

  constructor(sqlstate: string, message: string) {
    super(`${sqlstate}: ${message}`);
    this.sqlstate = sqlstate;
  }
}

const PROTOCOL = 3 << 16;
const FRAME_SIZE_MAX = 1024 * 1024;

/**
 * A client that does as little as can be: rows are counted in bytes, not looked at. With a driver it
 * would be the driver that is measured.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #reader = new FrameReader({
    inspected: inspectedTypes([Server.readyForQuery, Server.errorResponse, Server.copyInResponse]),
    frameSizeMax: FRAME_SIZE_MAX,
    headSizeMax: FRAME_SIZE_MAX,
  });
  #receivedSize = 0;
  #onReceived: ((size: number) => void) | undefined;
  #onCopyIn: (() => void) | undefined;
  #error: Error | undefined;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#take(chunk as Buffer));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(this.#error ?? new Error("the connection was closed")));
  }

  static async connect(
    address: Address,
    parameters: Readonly<Record<string, string>>,
  ): Promise<RawClient> {
    const socket = createConnection({ host: address.host, port: address.port, noDelay: true });
    const client = new RawClient(socket);
    const ready = client.#untilReady();
    socket.write(encodeStartup(PROTOCOL, new Map(Object.entries(parameters))));
    await ready;
    return client;
  }

  /** Runs a Query. Gives the bytes of the answer; `onReceived` is told how many there are so far. */
  async query(sql: string, onReceived?: (size: number) => void): Promise<number> {
    this.#receivedSize = 0;
    this.#onReceived = onReceived;
    const ready = this.#untilReady();
    this.#socket.write(encodeQuery(sql, "utf8"));
    await ready;
    this.#onReceived = undefined;
    return this.#receivedSize;
  }

  /** Sends messages that end with one Sync, or are one Query. Rejects with the server's error. */
  async send(messages: Buffer): Promise<void> {
    const ready = this.#untilReady();
    this.#socket.write(messages);
    await ready;
  }

  /** Runs COPY FROM STDIN, with a block of complete lines sent `count` times. */
  async copyIn(sql: string, block: Buffer, count: number): Promise<void> {
    const frame = encodeFrame(Client.copyData, block);
    const started = new Promise<void>((resolve) => {
      this.#onCopyIn = resolve;
    });
    const ready = this.#untilReady();
    this.#socket.write(encodeQuery(sql, "utf8"));
    await Promise.race([started, ready]);
    for (let sent = 0; sent < count; sent++) {
      if (this.#socket.write(frame)) continue;
      await Promise.race([new Promise((resolve) => this.#socket.once("drain", resolve)), ready]);
    }
    this.#socket.write(encodeFrame(Client.copyDone));
    await ready;
  }

  /** Reads nothing for a while, as a client that is busy with something else. */
  stall(milliseconds: number): void {
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), milliseconds);
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.end(TERMINATE);
  }

  #untilReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
  }

  #take(chunk: Buffer): void {
    this.#receivedSize += chunk.length;
    this.#onReceived?.(this.#receivedSize);
    const reader = this.#reader;
    reader.push(chunk);
    for (let piece = reader.next(); piece !== "wait"; piece = reader.next()) {
      if (piece === "frame") this.#reply(reader.type, reader.buffer, reader.start, reader.end);
    }
  }

  #reply(type: number, buffer: Buffer, start: number, end: number): void {
    if (type === Server.errorResponse) {
      const fields = decodeFields(buffer, start, end);
      this.#error = new ServerError(fields.get("C") ?? "", fields.get("M") ?? "");
    } else if (type === Server.copyInResponse) {
      this.#onCopyIn?.();
    } else {
      const error = this.#error;
      this.#error = undefined;
      if (error === undefined) this.#settle?.resolve();
      else this.#settle?.reject(error);
      this.#settle = undefined;
    }
  }
}
