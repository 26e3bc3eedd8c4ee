import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { frame, int32 } from "./client-frames.ts";

const CLEARTEXT = 3;
const MD5 = 5;
const SASL = 10;
const SASL_CONTINUE = 11;

/** A fixed nonce is bad for security and good for tests. */
const NONCE = "straddle-contract-test";
const FIRST_BARE = `n=,r=${NONCE}`;

/** Answers the server's Authentication messages with a password. */
export class Authentication {
  readonly #user: string;
  readonly #password: string;

  constructor(user: string, password: string) {
    this.#user = user;
    this.#password = password;
  }

  /** The message to send, or undefined where none is due. */
  answer(message: Buffer): Buffer | undefined {
    const body = message.subarray(9);
    switch (message.readInt32BE(5)) {
      case CLEARTEXT:
        return frame("p", this.#password);
      case MD5: {
        const inner = md5(Buffer.from(this.#password + this.#user));
        return frame("p", `md5${md5(Buffer.concat([Buffer.from(inner), body]))}`);
      }
      case SASL: {
        const first = Buffer.from(`n,,${FIRST_BARE}`);
        return frame("p", "SCRAM-SHA-256", int32(first.length), first);
      }
      case SASL_CONTINUE:
        return frame("p", Buffer.from(scramFinal(this.#password, body.toString())));
      default:
        return undefined;
    }
  }
}

function md5(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** RFC 5802's client-final-message. */
function scramFinal(password: string, serverFirst: string): string {
  const fields = new Map(serverFirst.split(",").map((part) => [part[0], part.slice(2)]));
  const salt = Buffer.from(fields.get("s") ?? "", "base64");
  const salted = pbkdf2Sync(password, salt, Number(fields.get("i")), 32, "sha256");
  const hmac = (key: Buffer, words: string) => createHmac("sha256", key).update(words).digest();
  const clientKey = hmac(salted, "Client Key");
  const storedKey = createHash("sha256").update(clientKey).digest();
  const withoutProof = `c=biws,r=${fields.get("r")}`;
  const signature = hmac(storedKey, `${FIRST_BARE},${serverFirst},${withoutProof}`);
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
  return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
}
