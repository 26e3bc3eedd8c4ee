import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import {
  encodePassword,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  Method,
  md5Answer,
} from "../wire/authentication.ts";
import { ByteReader } from "../wire/byte-reader.ts";
import { certificateHash } from "../wire/certificate-hash.ts";
import { encodeErrorResponse } from "../wire/encode.ts";
import { decodeFields } from "../wire/fields.ts";
import { HEADER_SIZE } from "../wire/frame-reader.ts";
import { Server } from "../wire/frame-type.ts";
import { ProtocolError } from "../wire/protocol-error.ts";
import { keysOf, SCRAM, SCRAM_PLUS, type ScramKeys } from "../wire/scram.ts";
import { type ChannelBinding, ScramClient, ScramRefusal, UNPROVEN } from "../wire/scram-client.ts";
import { fatalFields } from "./refusal.ts";
import { saltedPassword } from "./salted-password.ts";
import type { ServerUser } from "./server-connector.ts";
import type { ServerLoginAs } from "./terminated-auth.ts";

/** Bytes of the largest message of a server that logs somebody in, as libpq has it (MAX_ERRLEN). */
const MESSAGE_SIZE_MAX = 30_000;

const EMPTY = Buffer.alloc(0);

/**
 * Logs in to the server in a client's place: stands between a session and its connection, and answers
 * what the server asks, up to AuthenticationOk. That and all that follows is the session's; so is its
 * startup packet, which names the role. A session that can't be logged in reads why as from the server.
 */
export class ServerLogin implements ServerUser {
  readonly #as: ServerLoginAs;
  readonly #session: ServerUser;
  readonly #onFailed: (words: string) => void;
  #server: Socket | undefined;
  #exchange: ScramClient | undefined;
  #received: Buffer = EMPTY;
  #state: "logging_in" | "hashing" | "passing" | "failed" = "logging_in";

  constructor(options: {
    readonly as: ServerLoginAs;
    readonly session: ServerUser;
    /** Told in words for the operator: neither they nor those for the client have a secret in them. */
    readonly onFailed: (words: string) => void;
  }) {
    this.#as = options.as;
    this.#session = options.session;
    this.#onFailed = options.onFailed;
  }

  opened(socket: Socket): void {
    this.#server = socket;
    this.#session.opened(socket);
  }

  failed(error: Error): void {
    this.#session.failed(error);
  }

  take(chunk: Buffer): void {
    if (this.#state === "passing") {
      this.#session.take(chunk);
      return;
    }
    if (this.#state === "failed") return;
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#run();
  }

  #run(): void {
    try {
      while (this.#state === "logging_in") {
        const message = this.#next();
        if (message === undefined) return;
        this.#message(message);
      }
    } catch (error) {
      this.#refused(error);
    }
    if (this.#state !== "passing" || this.#received.length === 0) return;
    const rest = this.#received;
    this.#received = EMPTY;
    this.#session.take(rest);
  }

  /** The next message, header included; undefined while it is not there. */
  #next(): Buffer | undefined {
    const received = this.#received;
    if (received.length < HEADER_SIZE) return undefined;
    const size = 1 + received.readInt32BE(1);
    if (size < HEADER_SIZE || size > MESSAGE_SIZE_MAX) {
      throw new ProtocolError("frame_too_large", "a message that is not PostgreSQL's");
    }
    if (received.length < size) return undefined;
    this.#received = received.subarray(size);
    return received.subarray(0, size);
  }

  #message(message: Buffer): void {
    switch (message[0]) {
      case Server.authentication:
        this.#asked(message);
        return;
      case Server.errorResponse:
        this.#errorCame(message);
        return;
      default:
        // NegotiateProtocolVersion, or a notice.
        this.#session.take(message);
    }
  }

  #asked(message: Buffer): void {
    const reader = new ByteReader(message, HEADER_SIZE, message.length);
    const method = reader.int32();
    const body = reader.bytes(reader.remaining);
    switch (method) {
      case Method.ok:
        if (this.#exchange !== undefined && !this.#exchange.isFinished) {
          throw new ScramRefusal(UNPROVEN);
        }
        this.#state = "passing";
        this.#session.take(message);
        return;
      case Method.cleartextPassword:
        this.#send(encodePassword(this.#password("a password")));
        return;
      case Method.md5Password: {
        const password = this.#password("a password, by md5");
        this.#send(encodePassword(md5Answer(this.#as.role, password, body)));
        return;
      }
      case Method.sasl:
        this.#beginScram(body);
        return;
      case Method.saslContinue:
        this.#proveByScram(body.toString("latin1"));
        return;
      case Method.saslFinal:
        this.#scram().takeFinal(body.toString("latin1"));
        return;
      default:
        throw new CantLogIn(
          `the server asks for authentication of type ${method}, which straddle has not`,
        );
    }
  }

  #beginScram(body: Buffer): void {
    const { credentials } = this.#as;
    if (credentials.kind === "none") throw nothingFor("a password", credentials.because);
    const mechanisms = body.toString("latin1").split("\0");
    const hash = this.#certificateHash();
    const isBound = hash !== undefined && mechanisms.includes(SCRAM_PLUS);
    if (!isBound && !mechanisms.includes(SCRAM)) {
      throw new CantLogIn("the server offers no SASL mechanism that straddle has");
    }
    const binding: ChannelBinding = isBound
      ? { kind: "bound", certificateHash: hash }
      : { kind: hash === undefined ? "impossible" : "not_offered" };
    const exchange = new ScramClient(randomBytes(18).toString("base64"), binding);
    this.#exchange = exchange;
    this.#send(encodeSaslInitialResponse(isBound ? SCRAM_PLUS : SCRAM, exchange.first));
  }

  #proveByScram(message: string): void {
    const exchange = this.#scram();
    const parameters = exchange.takeFirst(message);
    this.#state = "hashing";
    this.#keys(parameters)
      .then((keys) => {
        if (this.#state !== "hashing") return;
        this.#send(encodeSaslResponse(exchange.final(keys)));
        this.#state = "logging_in";
        this.#run();
      })
      .catch((error: unknown) => this.#refused(error));
  }

  async #keys(parameters: {
    readonly salt: Buffer;
    readonly iterations: number;
  }): Promise<ScramKeys> {
    const { credentials } = this.#as;
    switch (credentials.kind) {
      case "password":
        return keysOf(await saltedPassword(credentials.password, parameters));
      case "verifier": {
        const { verifier, clientKey } = credentials;
        const isSame =
          verifier.iterations === parameters.iterations && verifier.salt.equals(parameters.salt);
        if (isSame) return { clientKey, serverKey: verifier.serverKey };
        throw new CantLogIn(
          "the server asks for a password, and straddle has a SCRAM verifier only, which is not the server's own",
        );
      }
      case "none":
        throw nothingFor("a password", credentials.because);
    }
  }

  #password(what: string): Buffer {
    const { credentials } = this.#as;
    if (credentials.kind === "password") return credentials.password;
    if (credentials.kind === "none") throw nothingFor(what, credentials.because);
    throw new CantLogIn(`the server asks for ${what}, and straddle has a SCRAM verifier only`);
  }

  #scram(): ScramClient {
    if (this.#exchange !== undefined) return this.#exchange;
    throw new ScramRefusal("the server goes on with a SCRAM exchange that has not begun");
  }

  /** Undefined where the connection is not on TLS, or its certificate can't be bound to. */
  #certificateHash(): Buffer | undefined {
    const server = this.#server;
    if (!(server instanceof TLSSocket)) return undefined;
    const certificate = server.getPeerX509Certificate();
    return certificate === undefined ? undefined : certificateHash(certificate.raw);
  }

  #send(bytes: Buffer): void {
    if (this.#server?.writable === true) this.#server.write(bytes);
  }

  /** Other errors than those of the log-in itself are the client's as they are: too many connections, say. */
  #errorCame(message: Buffer): void {
    // As bytes: the server's language and encoding are its own.
    const fields = decodeFields(message, 0, message.length, "latin1");
    const sqlstate = fields.get("C") ?? "";
    if (!sqlstate.startsWith("28")) {
      this.#state = "passing";
      this.#session.take(message);
      return;
    }
    this.#fail(`the server says: ${fields.get("M") ?? ""}`);
  }

  #refused(error: unknown): void {
    if (error instanceof CantLogIn) this.#fail(error.message, error.forOperator);
    else if (error instanceof ScramRefusal) this.#fail(error.message);
    else if (error instanceof ProtocolError) this.#fail("the server breaks PostgreSQL's protocol");
    else this.#fail("straddle could not answer the server", String(error));
  }

  #fail(because: string, forOperator = ""): void {
    if (this.#state === "failed" || this.#state === "passing") return;
    this.#state = "failed";
    const { role } = this.#as;
    const more = forOperator === "" ? "" : ` (${forOperator})`;
    const shownRole = JSON.stringify(Buffer.from(role, "latin1").toString("utf8"));
    this.#onFailed(`as ${shownRole}: ${because}${more}`);
    const fields = fatalFields(
      "28000",
      `straddle could not log in to the server as role "${role}"`,
      "These are the credentials of straddle, not the client's: see auth in its settings.",
    ).set("D", `${because.charAt(0).toUpperCase()}${because.slice(1)}.`);
    this.#session.take(encodeErrorResponse(fields, "latin1"));
    this.#server?.destroy();
  }
}

/** Straddle has nothing that would answer the server. The messages are clauses. */
class CantLogIn extends Error {
  override readonly name = "CantLogIn";
  /** Not for the client: it may name files. */
  readonly forOperator: string;

  constructor(message: string, forOperator = "") {
    super(message);
    this.forOperator = forOperator;
  }
}

function nothingFor(what: string, because: string): CantLogIn {
  return new CantLogIn(`the server asks for ${what}, and straddle has none for this role`, because);
}
