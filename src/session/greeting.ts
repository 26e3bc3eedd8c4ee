import type { Socket } from "node:net";
import { encodeErrorResponse } from "../wire/encode.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { decodeStartup, type StartupPacket } from "../wire/startup.ts";
import type { ClientTls } from "./client-tls.ts";
import { fatalFields } from "./refusal.ts";
import { finish } from "./sockets.ts";

export type StartupMessage = Extract<StartupPacket, { readonly kind: "startup" }>;

export interface GreetingOptions {
  readonly client: Socket;
  /** Undefined where TLS is not to be had: it is off, or the client comes over a Unix socket. */
  readonly tls: ClientTls | undefined;
  /** How long all of it may take, the handshake of TLS included. */
  readonly timeoutMs: number;
  /** A client that may come in. `rest` came along with its packet, behind it. */
  readonly onStartup: (client: Socket, packet: StartupMessage, rest: Buffer) => void;
  readonly onCancel: (client: Socket, packet: Buffer) => void;
  readonly onTimeout: () => void;
  /** It is over, whatever came of it. Called once, before the other two. */
  readonly onEnd: () => void;
}

/** The answers to SSLRequest and GSSENCRequest: go on in plain text, or with the handshake. */
const NO = Buffer.from("N");
const YES = Buffer.from("S");

/** The first byte of a ClientHello. No startup packet begins with it: it would be too long. */
const TLS_HANDSHAKE = 0x16;

const EMPTY = Buffer.alloc(0);

/**
 * The first packets of a client, up to the one that says what it wants (ProcessSSLStartup and
 * ProcessStartupPacket in the server). Owns the client's socket, and puts TLS on it, until it hands
 * it on.
 */
export class Greeting {
  readonly #options: GreetingOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #onData = (chunk: Buffer) => this.#take(chunk);
  #client: Socket;
  #received: Buffer = EMPTY;
  /** Each may be asked for once, and for the other one after a no. */
  #mayAskTls = true;
  #mayAskGss = true;
  #isFirst = true;
  #isSecure = false;
  #isOver = false;

  constructor(options: GreetingOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#timer = setTimeout(() => {
      options.onTimeout();
      this.destroy();
    }, options.timeoutMs);
    this.#listen(options.client);
  }

  destroy(): void {
    this.#end();
    this.#client.destroy();
  }

  #listen(client: Socket): void {
    this.#client = client;
    client.on("data", this.#onData);
    client.on("error", () => this.#end());
    client.on("close", () => this.#end());
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#client.off("data", this.#onData);
    this.#options.onEnd();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#isFirst && this.#received[0] === TLS_HANDSHAKE) {
      this.#secure({ isDirect: true });
      return;
    }
    this.#isFirst = false;
    try {
      while (!this.#isOver) {
        const decoded = decodeStartup(this.#received);
        if (decoded === undefined) return;
        this.#received = this.#received.subarray(decoded.size);
        this.#packet(decoded.packet);
      }
    } catch (error) {
      // A length out of bounds is no PostgreSQL client's: like the server, not a word to it.
      if (error instanceof ProtocolError && error.code === "startup_size") this.destroy();
      else this.#refuse(fatalFields("08P01", error instanceof Error ? error.message : ""));
    }
  }

  #packet(packet: StartupPacket): void {
    switch (packet.kind) {
      case "ssl_request":
        this.#tlsRequested();
        return;
      case "gssenc_request":
        this.#gssRequested();
        return;
      case "cancel_request":
        this.#end();
        this.#options.onCancel(this.#client, packet.bytes);
        return;
      case "startup":
        this.#startup(packet);
        return;
    }
  }

  #tlsRequested(): void {
    if (!this.#mayAskTls) {
      this.#refuse(unsupported("1234.5679"));
      return;
    }
    this.#mayAskTls = false;
    const isOffered = this.#options.tls !== undefined && !this.#isSecure;
    if (!isOffered) this.#client.write(NO);
    // Not a byte of it may count as sent in TLS: anybody on the way could have added it.
    if (this.#received.length > 0) {
      this.#refuse(smuggled("SSL request"));
    } else if (isOffered) {
      this.#mayAskGss = false;
      this.#client.write(YES);
      this.#secure({ isDirect: false });
    }
  }

  #gssRequested(): void {
    if (!this.#mayAskGss) {
      this.#refuse(unsupported("1234.5680"));
      return;
    }
    this.#mayAskGss = false;
    this.#client.write(NO);
    if (this.#received.length > 0) this.#refuse(smuggled("GSSAPI encryption request"));
  }

  #startup(packet: StartupMessage): void {
    const rejection = this.#options.tls?.rejection(this.#client, packet.parameters);
    if (rejection !== undefined) {
      this.#refuse(rejection);
      return;
    }
    this.#end();
    this.#options.onStartup(this.#client, packet, this.#received);
  }

  /** Goes on within TLS; what has been received is the handshake's beginning. */
  #secure(options: { readonly isDirect: boolean }): void {
    const { tls } = this.#options;
    if (tls === undefined) {
      this.destroy();
      return;
    }
    const plain = this.#client;
    plain.off("data", this.#onData);
    plain.pause();
    if (this.#received.length > 0) plain.unshift(this.#received);
    this.#received = EMPTY;
    this.#isFirst = false;
    this.#isSecure = true;
    tls.secure(plain, {
      isDirect: options.isDirect,
      onSecured: (secured) => {
        if (this.#isOver) secured.destroy();
        else this.#listen(secured);
      },
    });
  }

  #refuse(fields: ReadonlyMap<string, string>): void {
    this.#end();
    turnAway(this.#client, fields);
  }
}

/** Tells a client why it can't come in, and closes. Before protocol 3 an error was a text. */
export function turnAway(
  client: Socket,
  fields: ReadonlyMap<string, string>,
  protocol = PROTOCOL_3,
): void {
  client.on("error", () => client.destroy());
  const isOld = protocol >>> 0 < PROTOCOL_3;
  const text = Buffer.from(`E${fields.get("S")}:  ${fields.get("M")}\n\0`);
  finish(client, isOld ? text : encodeErrorResponse(fields));
}

const PROTOCOL_3 = 0x30000;

function unsupported(protocol: string): Map<string, string> {
  const message = `unsupported frontend protocol ${protocol}: server supports 3.0 to 3.2`;
  return fatalFields("0A000", message);
}

function smuggled(request: string): Map<string, string> {
  const detail =
    "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.";
  return fatalFields("08P01", `received unencrypted data after ${request}`).set("D", detail);
}
