import { timingSafeEqual } from "node:crypto";
import { clientProof, fromBase64, KEY_SIZE, type ScramKeys, serverSignature } from "./scram.ts";

/** Rounds of hashing that a server may ask for: more would keep Straddle's threads from all else. */
const ITERATIONS_MAX = 1_000_000;

/** What the client is told of the binding to the TLS connection (RFC 5802's gs2-cbind-flag). */
export type ChannelBinding =
  /** It is bound to the server's certificate, by this hash. */
  | { readonly kind: "bound"; readonly certificateHash: Buffer }
  /** It could bind, but the server doesn't offer to. */
  | { readonly kind: "not_offered" }
  | { readonly kind: "impossible" };

/** The server's half of the exchange is not what RFC 5802 has it be. The message is a clause. */
export class ScramRefusal extends Error {
  override readonly name = "ScramRefusal";
}

export const UNPROVEN = "the server did not prove that it knows the password itself";

/** The client's side of one SCRAM exchange: messages in and out, no hashing of passwords. */
export class ScramClient {
  /** The server has proved that it knows the verifier. */
  isFinished = false;

  readonly #nonce: string;
  readonly #header: string;
  readonly #binding: Buffer;
  #serverFirst = "";
  #wholeNonce = "";
  #expectedSignature: Buffer | undefined;

  /** `nonce` is printable, and never used before. */
  constructor(nonce: string, binding: ChannelBinding) {
    this.#nonce = nonce;
    this.#header = HEADERS[binding.kind];
    const header = Buffer.from(this.#header);
    this.#binding =
      binding.kind === "bound" ? Buffer.concat([header, binding.certificateHash]) : header;
  }

  get first(): string {
    return this.#header + this.#firstBare;
  }

  /** PostgreSQL goes by the startup packet's user, and libpq names none here. */
  get #firstBare(): string {
    return `n=,r=${this.#nonce}`;
  }

  /** With what the password is to be hashed. */
  takeFirst(message: string): { readonly salt: Buffer; readonly iterations: number } {
    const parts = /^r=([\x21-\x2b\x2d-\x7e]+),s=([^,]+),i=([1-9]\d{0,9})(?:,|$)/.exec(message);
    const [, nonce = "", saltText = "", iterationsText = ""] = parts ?? [];
    const salt = fromBase64(saltText);
    if (this.#serverFirst !== "" || parts === null || salt === undefined || salt.length === 0) {
      throw new ScramRefusal("the server's first SCRAM message is malformed");
    }
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ScramRefusal("the server's SCRAM nonce is not made from the client's");
    }
    const iterations = Number(iterationsText);
    if (iterations > ITERATIONS_MAX) {
      throw new ScramRefusal(
        `the server asks for ${iterations} rounds of hashing, and ${ITERATIONS_MAX} are the most`,
      );
    }
    this.#serverFirst = message;
    this.#wholeNonce = nonce;
    return { salt, iterations };
  }

  final(keys: ScramKeys): string {
    const withoutProof = `c=${this.#binding.toString("base64")},r=${this.#wholeNonce}`;
    const authMessage = `${this.#firstBare},${this.#serverFirst},${withoutProof}`;
    this.#expectedSignature = serverSignature(keys.serverKey, authMessage);
    return `${withoutProof},p=${clientProof(keys, authMessage).toString("base64")}`;
  }

  takeFinal(message: string): void {
    const signature = fromBase64(/^v=([^,]+)(?:,|$)/.exec(message)?.[1] ?? "");
    const expected = this.#expectedSignature;
    if (expected === undefined || signature?.length !== KEY_SIZE) {
      throw new ScramRefusal("the server's last SCRAM message is malformed");
    }
    if (!timingSafeEqual(signature, expected)) {
      throw new ScramRefusal(UNPROVEN);
    }
    this.isFinished = true;
  }
}

const HEADERS: Readonly<Record<ChannelBinding["kind"], string>> = {
  bound: "p=tls-server-end-point,,",
  not_offered: "y,,",
  impossible: "n,,",
};
