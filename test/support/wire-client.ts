import { connect, type Socket } from "node:net";
import { Authentication } from "./authentication.ts";
import { startup } from "./client-frames.ts";
import { clientLine, restLine, serverLine, serverName } from "./transcript.ts";

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

const WAIT_MS = 10_000;

/**
 * A client that sends what bytes it is given, and writes down the whole conversation: a line for
 * each thing sent, a line for each message of the server, and one for the end of the connection.
 */
export class WireClient {
  readonly transcript: string[] = [];
  /** From BackendKeyData; 0 before. */
  pid = 0;
  key: Buffer = Buffer.alloc(0);

  readonly address: Address;
  readonly #socket: Socket;
  readonly #isFragmented: boolean;
  #received: Buffer = Buffer.alloc(0);
  /** The server's one byte that answers SSLRequest and GSSENCRequest is yet to come. */
  #isByteOwed = false;
  #isClosed = false;
  /** How many messages of each name came that `until` has not yet been told of. */
  readonly #unseen = new Map<string, number>();
  #onMessage: (() => void) | undefined;
  #authentication: Authentication | undefined;

  /** With `isFragmented` every byte is sent on its own. */
  static async connect(
    address: Address,
    options: { readonly isFragmented?: boolean } = {},
  ): Promise<WireClient> {
    const socket = connect({ ...address, noDelay: true });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new WireClient(address, socket, options.isFragmented === true);
  }

  /** On a connection that is there already, such as one within TLS. */
  static over(address: Address, socket: Socket): WireClient {
    return new WireClient(address, socket, false);
  }

  private constructor(address: Address, socket: Socket, isFragmented: boolean) {
    this.address = address;
    this.#socket = socket;
    this.#isFragmented = isFragmented;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    // A reset is the end of the connection as much as a FIN is.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isClosed = true;
      if (this.#received.length > 0) this.transcript.push(restLine(this.#received));
      this.transcript.push("closed");
      this.#onMessage?.();
    });
  }

  /** The port of its side. */
  get port(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Sends the frames in one write, or byte by byte. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    for (const each of frames) this.transcript.push(clientLine(each));
    const bytes = Buffer.concat(frames);
    if (!this.#isFragmented) {
      this.#socket.write(bytes);
      return;
    }
    for (let position = 0; position < bytes.length; position++) {
      this.#socket.write(bytes.subarray(position, position + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends SSLRequest or GSSENCRequest and waits for the byte that answers it. */
  async request(bytes: Buffer): Promise<void> {
    this.#isByteOwed = true;
    await this.send(bytes);
    await this.until("byte");
  }

  /** Sends a StartupMessage, and answers with the password when asked. Waits for the outcome. */
  async start(parameters: Readonly<Record<string, string>>, password = ""): Promise<void> {
    this.#authentication = new Authentication(parameters["user"] ?? "", password);
    await this.send(startup(parameters));
    await this.until("ReadyForQuery", "ErrorResponse");
  }

  /** Waits for one more message of any of these names than was waited for before. */
  async until(...names: readonly string[]): Promise<void> {
    const deadline = setTimeout(() => this.#socket.destroy(), WAIT_MS);
    for (;;) {
      const name = names.find((each) => (this.#unseen.get(each) ?? 0) > 0);
      if (name !== undefined) {
        this.#unseen.set(name, (this.#unseen.get(name) ?? 0) - 1);
        break;
      }
      if (this.#isClosed) {
        // Not an error: the transcript shows it, and both ways have to show the same.
        this.transcript.push(`no ${names.join(" or ")}`);
        break;
      }
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve;
      });
    }
    clearTimeout(deadline);
  }

  /** Waits for the server's end of the connection. */
  async untilClosed(): Promise<void> {
    const deadline = setTimeout(() => {
      this.transcript.push(`still open after ${WAIT_MS} ms`);
      this.#socket.destroy();
    }, WAIT_MS);
    while (!this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve;
      });
    }
    clearTimeout(deadline);
  }

  /** Says that nothing more will come, and goes on reading. */
  endSending(): void {
    this.transcript.push("> end");
    this.#socket.end();
  }

  /** Closes this side of the connection, as a client that crashed. */
  abandon(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#isByteOwed) {
      this.#isByteOwed = false;
      this.transcript.push(`< byte ${this.#received.toString("latin1", 0, 1)}`);
      this.#received = this.#received.subarray(1);
      this.#count("byte");
    }
    while (this.#received.length >= 5) {
      const size = 1 + this.#received.readInt32BE(1);
      if (this.#received.length < size) break;
      this.#message(this.#received.subarray(0, size));
      this.#received = this.#received.subarray(size);
    }
    this.#onMessage?.();
  }

  #message(bytes: Buffer): void {
    const name = serverName(bytes[0] ?? 0);
    if (name === "BackendKeyData") {
      this.pid = bytes.readInt32BE(5);
      this.key = Buffer.from(bytes.subarray(5));
    }
    this.transcript.push(serverLine(bytes, this.pid));
    this.#count(name);
    const answer = name === "Authentication" ? this.#authentication?.answer(bytes) : undefined;
    if (answer !== undefined) {
      this.transcript.push("> Password (secret)");
      this.#socket.write(answer);
    }
  }

  #count(name: string): void {
    this.#unseen.set(name, (this.#unseen.get(name) ?? 0) + 1);
  }
}
