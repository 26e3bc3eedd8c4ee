/**
 * What SCRAM-SHA-256 computes (RFC 5802, RFC 7677), but for the slow hash of the password, and secrets
 * as pg_authid has them.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export const SCRAM = "SCRAM-SHA-256";
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";

/** Bytes of a key, and of what SHA-256 makes. */
export const KEY_SIZE = 32;

/** Rounds of hashing where nothing else is said (SCRAM_SHA_256_DEFAULT_ITERATIONS). */
export const ITERATIONS_DEFAULT = 4096;

/** What proves a client to a server without telling it the password. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** What a client needs beside the messages: it comes from the password, or was seen at a log-in. */
export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

export function keysOf(saltedPassword: Buffer): ScramKeys {
  return {
    clientKey: hmac(saltedPassword, "Client Key"),
    serverKey: hmac(saltedPassword, "Server Key"),
  };
}

export function verifierOf(
  { clientKey, serverKey }: ScramKeys,
  { iterations, salt }: { readonly iterations: number; readonly salt: Buffer },
): ScramVerifier {
  return { iterations, salt, storedKey: sha256(clientKey), serverKey };
}

/** `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`; undefined where it is not that (parse_scram_secret). */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const parts = /^SCRAM-SHA-256\$(\d{1,10}):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text);
  if (parts === null) return undefined;
  const iterations = Number(parts[1]);
  const [salt, storedKey, serverKey] = parts.slice(2).map(fromBase64);
  if (iterations < 1 || iterations > 0x7fffffff) return undefined;
  if (salt === undefined || storedKey?.length !== KEY_SIZE || serverKey?.length !== KEY_SIZE) {
    return undefined;
  }
  return { iterations, salt, storedKey, serverKey };
}

/** Strictly: Node.js itself passes over what it does not know. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/** What the client sends as proof: its key, hidden by a signature that only the server can make too. */
export function clientProof({ clientKey }: ScramKeys, authMessage: string): Buffer {
  return xor(clientKey, hmac(sha256(clientKey), authMessage));
}

/** The client's key, if the proof is right; undefined if not. Takes as long either way. */
export function provenClientKey(
  { storedKey }: ScramVerifier,
  proof: Buffer,
  authMessage: string,
): Buffer | undefined {
  const clientKey = xor(proof, hmac(storedKey, authMessage));
  return timingSafeEqual(sha256(clientKey), storedKey) ? clientKey : undefined;
}

/** By this the server proves that it knows the verifier. */
export function serverSignature(serverKey: Buffer, authMessage: string): Buffer {
  return hmac(serverKey, authMessage);
}

/** Messages are latin1 strings: their bytes, whatever their encoding. */
export function hmac(key: Buffer, message: string): Buffer {
  return createHmac("sha256", key).update(message, "latin1").digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)));
}
