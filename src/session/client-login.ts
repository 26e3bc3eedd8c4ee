import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { encodeSasl, encodeSaslContinue, encodeSaslFinal } from "../wire/authentication.ts";
import { ByteReader } from "../wire/byte-reader.ts";
import { certificateHash } from "../wire/certificate-hash.ts";
import { HEADER_SIZE } from "../wire/frame-reader.ts";
import { Client } from "../wire/frame-type.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { SCRAM, SCRAM_PLUS } from "../wire/scram.ts";
import { ScramServer } from "../wire/scram-server.ts";
import { ScramError } from "../wire/scram-text.ts";
import { turnAway } from "./greeting.ts";
import { fatalFields } from "./refusal.ts";
import type { TerminatedAuth } from "./terminated-auth.ts";

/** PG_MAX_SASL_MESSAGE_LENGTH: what the length of a message may be, itself included. */
const LENGTH_MAX = 1024;

/** SCRAM_RAW_NONCE_LEN */
const NONCE_SIZE = 18;

/** What a client that may come in has shown. `rest` came behind its last message. */
export interface LoggedIn {
  readonly rest: Buffer;
  /** By SCRAM. */
  readonly clientKey?: Buffer;
}

export interface ClientLoginOptions {
  readonly client: Socket;
  /** As the startup packet has it. */
  readonly user: string;
  /** What came behind the startup packet. */
  readonly rest: Buffer;
  readonly auth: TerminatedAuth;
  readonly timeoutMs: number;
  readonly onTimeout: () => void;
  readonly onLoggedIn: (result: LoggedIn) => void;
  /** It is over, whatever came of it. Called once, before the other one. */
  readonly onEnd: () => void;
}

/**
 * A client proves who it is, to Straddle: what the server does between the startup packet and
 * AuthenticationOk (CheckSASLAuth, CheckCertAuth), with its words. AuthenticationOk itself is left to
 * the server, so that it comes when the session is there. Owns the client's socket until then.
 */
export class ClientLogin {
  readonly #options: ClientLoginOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #onData = (chunk: Buffer) => this.#take(chunk);
  readonly #onGone = () => this.#end();
  /** Undefined where channel binding can't be. */
  readonly #certificateHash: Buffer | undefined;
  #exchange: ScramServer | undefined;
  #received: Buffer;
  /** What has been received waits for a promise. */
  #isBusy = false;
  #isOver = false;

  constructor(options: ClientLoginOptions) {
    const { client } = options;
    this.#options = options;
    this.#received = options.rest;
    this.#certificateHash = ownCertificateHash(client);
    this.#timer = setTimeout(() => this.#timedOut(), options.timeoutMs);
    client.on("data", this.#onData);
    for (const event of ["end", "error", "close"]) client.on(event, this.#onGone);
  }

  /** Apart from the constructor, since it may be over at once. */
  begin(): void {
    if (this.#options.auth.method === "cert") {
      this.#takeCertificate();
      return;
    }
    const plus = this.#certificateHash === undefined ? [] : [SCRAM_PLUS];
    this.#options.client.write(encodeSasl([...plus, SCRAM]));
    this.#run();
  }

  destroy(): void {
    this.#end();
    this.#options.client.destroy();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.client.off("data", this.#onData);
    this.#options.onEnd();
  }

  /** Whoever comes over TLS has been looked at by `ClientTls`; nobody else has shown a certificate. */
  #takeCertificate(): void {
    const { client } = this.#options;
    if (client instanceof TLSSocket && client.authorized) this.#loggedIn();
    else {
      const hint = "Connect by TCP with TLS, with a certificate of the user's name.";
      this.#refuse(fatalFields("28000", "connection requires a valid client certificate", hint));
    }
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    // A client has no reason to send more than one message ahead.
    if (this.#received.length > LENGTH_MAX + 1) this.#options.client.pause();
    this.#run();
  }

  #run(): void {
    if (this.#isOver || this.#isBusy) return;
    try {
      const message = this.#next();
      if (message !== undefined) this.#message(message);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The body of the next message; undefined while it is not there. */
  #next(): Buffer | undefined {
    const received = this.#received;
    const [type] = received;
    if (type === undefined) return undefined;
    if (type !== Client.password) {
      throw new ScramError("08P01", `expected SASL response, got message type ${type}`);
    }
    if (received.length < HEADER_SIZE) return undefined;
    const length = received.readInt32BE(1);
    if (length < 4 || length > LENGTH_MAX) {
      throw new ProtocolError("frame_too_large", `a message of length ${length}`);
    }
    if (received.length < 1 + length) return undefined;
    this.#received = received.subarray(1 + length);
    return received.subarray(HEADER_SIZE, 1 + length);
  }

  #message(body: Buffer): void {
    if (this.#exchange !== undefined) {
      this.#step(this.#exchange, body);
      return;
    }
    const { mechanism, first } = initialResponse(body, (name) => {
      const isOffered = name === SCRAM || (name === SCRAM_PLUS && this.#certificateHash);
      if (isOffered) return;
      throw new ScramError("08P01", "client selected an invalid SASL authentication mechanism");
    });
    this.#isBusy = true;
    this.#options.auth
      .verifier(this.#options.user)
      .then((found) => {
        this.#isBusy = false;
        if (this.#isOver) return;
        const exchange = new ScramServer({
          ...found,
          mechanism,
          nonce: randomBytes(NONCE_SIZE).toString("base64"),
          certificateHash: this.#certificateHash,
        });
        this.#exchange = exchange;
        // A mechanism alone is answered by nothing, which asks for the first message.
        if (first === undefined) this.#options.client.write(encodeSaslContinue(""));
        else this.#step(exchange, first);
        this.#run();
      })
      .catch((error: unknown) => this.#failed(error));
  }

  #step(exchange: ScramServer, message: Buffer): void {
    const { client } = this.#options;
    const step = exchange.take(message);
    switch (step.kind) {
      case "continue":
        client.write(encodeSaslContinue(step.message));
        this.#run();
        return;
      case "success":
        client.write(encodeSaslFinal(step.message));
        this.#loggedIn(exchange.clientKey);
        return;
      case "failure":
        this.#refuse(this.#wrongPassword());
        return;
    }
  }

  #wrongPassword(): Map<string, string> {
    return fatalFields("28P01", `password authentication failed for user "${this.#user}"`);
  }

  #loggedIn(clientKey?: Buffer): void {
    const { client, onLoggedIn } = this.#options;
    this.#end();
    for (const event of ["end", "error", "close"]) client.off(event, this.#onGone);
    // What a paused socket still holds would stay behind in it.
    const held: unknown = client.isPaused() ? client.read() : null;
    const rest = Buffer.isBuffer(held) ? Buffer.concat([this.#received, held]) : this.#received;
    client.resume();
    onLoggedIn({ rest, ...(clientKey === undefined ? {} : { clientKey }) });
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    if (error instanceof ScramError) {
      this.#refuse(fatalFields(error.sqlstate, error.message).set("D", error.detail));
    } else if (error instanceof ProtocolError) {
      // As the server does, which counts it as a wrong password.
      this.#refuse(this.#wrongPassword(), error.message);
    } else {
      this.#options.auth.failed("client", this.#words(String(error)));
      this.#turnAway(fatalFields("XX000", "straddle could not verify the password"));
    }
  }

  #timedOut(): void {
    this.#options.onTimeout();
    const message = "straddle gave up waiting for the end of authentication";
    this.#turnAway(fatalFields("57014", message));
  }

  #refuse(fields: ReadonlyMap<string, string>, why = fields.get("D") ?? ""): void {
    const words = `${fields.get("M")}${why === "" ? "" : ` (${why})`}`;
    this.#options.auth.failed("client", this.#words(words));
    this.#turnAway(fields);
  }

  #turnAway(fields: ReadonlyMap<string, string>): void {
    this.#end();
    turnAway(this.#options.client, fields);
  }

  /** As a text. */
  get #user(): string {
    return Buffer.from(this.#options.user, "latin1").toString("utf8");
  }

  #words(what: string): string {
    const from = this.#options.client.remoteAddress ?? "a Unix socket";
    return `${JSON.stringify(this.#user)} from ${from}: ${what}`;
  }
}

/** SASLInitialResponse, read in the server's order and with its complaints (`pqformat.c`). */
function initialResponse(
  body: Buffer,
  checkMechanism: (name: string) => void,
): { readonly mechanism: string; readonly first: Buffer | undefined } {
  const end = body.indexOf(0);
  if (end === -1) throw new ScramError("08P01", "invalid string in message");
  const mechanism = body.toString("latin1", 0, end);
  checkMechanism(mechanism);
  const reader = new ByteReader(body, end + 1, body.length);
  try {
    const size = reader.int32();
    const first = size === -1 ? undefined : reader.bytes(size);
    if (reader.remaining === 0) return { mechanism, first };
  } catch {
    throw new ScramError("08P01", "insufficient data left in message");
  }
  throw new ScramError("08P01", "invalid message format");
}

/** Of the certificate that this very connection was made with, whatever the files have by now. */
function ownCertificateHash(client: Socket): Buffer | undefined {
  if (!(client instanceof TLSSocket)) return undefined;
  const certificate = client.getX509Certificate();
  return certificate === undefined ? undefined : certificateHash(certificate.raw);
}
