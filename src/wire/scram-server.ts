import {
  fromBase64,
  KEY_SIZE,
  provenClientKey,
  SCRAM_PLUS,
  type ScramVerifier,
  serverSignature,
} from "./scram.ts";
import { isPrintable, malformed, ScramError, ScramText, sanitized } from "./scram-text.ts";

/** What comes of a message of the client. */
export type ScramServerStep =
  | { readonly kind: "continue" | "success"; readonly message: string }
  | { readonly kind: "failure" };

/** How the client's first message says that it binds, or doesn't, to the TLS connection. */
type BindingFlag = "n" | "y" | "p";

const BINDING_TYPE = "tls-server-end-point";

/**
 * The server's side of one SCRAM exchange, as `auth-scram.c` has it, in its order and with its errors,
 * which are thrown as `ScramError`. Messages are latin1 strings.
 */
export class ScramServer {
  /** After success: what would let Straddle log in with the same verifier. */
  clientKey: Buffer | undefined;

  readonly #verifier: ScramVerifier;
  readonly #isKnown: boolean;
  readonly #nonce: string;
  readonly #isBinding: boolean;
  readonly #certificateHash: Buffer | undefined;
  #flag: BindingFlag = "n";
  #firstBare = "";
  #serverFirst = "";
  #wholeNonce = "";

  constructor(options: {
    readonly verifier: ScramVerifier;
    /** Whether there is such a user; if not, the exchange is played through and fails. */
    readonly isKnown: boolean;
    /** Printable, and never used before. */
    readonly nonce: string;
    readonly mechanism: string;
    /** Of the server's certificate; undefined where binding was not offered. */
    readonly certificateHash: Buffer | undefined;
  }) {
    this.#verifier = options.verifier;
    this.#isKnown = options.isKnown;
    this.#nonce = options.nonce;
    this.#isBinding = options.mechanism === SCRAM_PLUS;
    this.#certificateHash = options.certificateHash;
  }

  take(message: Buffer): ScramServerStep {
    if (message.length === 0) throw malformed("The message is empty.");
    if (message.includes(0)) throw malformed("Message length does not match input length.");
    const text = message.toString("latin1");
    return this.#serverFirst === "" ? this.#takeFirst(text) : this.#takeFinal(text);
  }

  /** read_client_first_message, build_server_first_message */
  #takeFirst(message: string): ScramServerStep {
    const text = new ScramText(message);
    this.#takeBinding(text);
    if (text.peek() === "a") {
      throw new ScramError("0A000", "client uses authorization identity, but it is not supported");
    }
    if (text.peek() !== ",") {
      const found = sanitized(text.peek());
      throw malformed(`Unexpected attribute "${found}" in client-first-message.`);
    }
    text.skip();
    this.#firstBare = text.rest;
    if (text.peek() === "m")
      throw new ScramError("0A000", "client requires an unsupported SCRAM extension");
    text.value("n"); // Not looked at: the startup packet has said who it is.
    const clientNonce = text.value("r");
    if (!isPrintable(clientNonce))
      throw new ScramError("08P01", "non-printable characters in SCRAM nonce");
    while (text.peek() !== "") text.anyValue();

    const { salt, iterations } = this.#verifier;
    this.#wholeNonce = clientNonce + this.#nonce;
    this.#serverFirst = `r=${this.#wholeNonce},s=${salt.toString("base64")},i=${iterations}`;
    return { kind: "continue", message: this.#serverFirst };
  }

  #takeBinding(text: ScramText): void {
    const flag = text.peek();
    switch (flag) {
      case "n":
      case "y":
        if (this.#isBinding) {
          throw malformed(
            "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
          );
        }
        if (flag === "y" && this.#certificateHash !== undefined) throw downgraded();
        text.skip();
        break;
      case "p": {
        if (!this.#isBinding) {
          throw malformed(
            "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
          );
        }
        const type = text.value("p");
        if (type !== BINDING_TYPE) {
          // At most 30 bytes of it (sanitize_str).
          const shown = type.slice(0, 30).replaceAll(/[^\x21-\x7e]/g, "?");
          throw new ScramError("08P01", `unsupported SCRAM channel-binding type "${shown}"`);
        }
        this.#flag = "p";
        return; // Its comma went with the value.
      }
      default:
        throw malformed(`Unexpected channel-binding flag "${sanitized(flag)}".`);
    }
    this.#flag = flag;
    if (text.peek() !== ",") {
      throw malformed(`Comma expected, but found character "${sanitized(text.peek())}".`);
    }
    text.skip();
  }

  /** read_client_final_message, verify_final_nonce, verify_client_proof, build_server_final_message */
  #takeFinal(message: string): ScramServerStep {
    const text = new ScramText(message);
    this.#checkBinding(text.value("c"));
    const nonce = text.value("r");
    let proofAt = text.position;
    let last = text.anyValue();
    while (last.attribute !== "p") {
      proofAt = text.position;
      last = text.anyValue();
    }
    const proof = fromBase64(last.value);
    if (proof?.length !== KEY_SIZE) throw malformed("Malformed proof in client-final-message.");
    if (text.peek() !== "") throw malformed("Garbage found at the end of client-final-message.");
    if (nonce !== this.#wholeNonce)
      throw new ScramError("08P01", "invalid SCRAM response", "Nonce does not match.");

    const withoutProof = message.slice(0, proofAt - 1);
    const authMessage = `${this.#firstBare},${this.#serverFirst},${withoutProof}`;
    const clientKey = provenClientKey(this.#verifier, proof, authMessage);
    if (clientKey === undefined || !this.#isKnown) return { kind: "failure" };
    this.clientKey = clientKey;
    const signature = serverSignature(this.#verifier.serverKey, authMessage);
    return { kind: "success", message: `v=${signature.toString("base64")}` };
  }

  #checkBinding(value: string): void {
    if (this.#isBinding) {
      const hash = this.#certificateHash ?? Buffer.alloc(0);
      const expected = Buffer.concat([Buffer.from(`p=${BINDING_TYPE},,`), hash]);
      if (value === expected.toString("base64")) return;
      throw new ScramError("28000", "SCRAM channel binding check failed");
    }
    if (value === Buffer.from(`${this.#flag},,`).toString("base64")) return;
    throw new ScramError(
      "08P01",
      "unexpected SCRAM channel-binding attribute in client-final-message",
    );
  }
}

function downgraded(): ScramError {
  return new ScramError(
    "28000",
    "SCRAM channel binding negotiation error",
    "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.",
  );
}
