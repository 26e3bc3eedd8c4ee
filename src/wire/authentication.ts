/** The messages of authentication ("Message Formats"). SCRAM's are latin1 strings: their bytes. */
import { createHash } from "node:crypto";
import { encodeFrame } from "./encode.ts";
import { Client, Server } from "./frame-type.ts";

/** What an Authentication message asks for, by its code. */
export const Method = {
  ok: 0,
  cleartextPassword: 3,
  md5Password: 5,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const;

export function encodeSasl(mechanisms: readonly string[]): Buffer {
  return encodeAuthentication(Method.sasl, `${mechanisms.map((name) => `${name}\0`).join("")}\0`);
}

export function encodeSaslContinue(message: string): Buffer {
  return encodeAuthentication(Method.saslContinue, message);
}

export function encodeSaslFinal(message: string): Buffer {
  return encodeAuthentication(Method.saslFinal, message);
}

export function encodeSaslInitialResponse(mechanism: string, message: string): Buffer {
  const body = Buffer.from(`${mechanism}\0....${message}`, "latin1");
  body.writeInt32BE(message.length, mechanism.length + 1);
  return encodeFrame(Client.password, body);
}

export function encodeSaslResponse(message: string): Buffer {
  return encodeFrame(Client.password, Buffer.from(message, "latin1"));
}

export function encodePassword(password: Buffer): Buffer {
  return encodeFrame(Client.password, Buffer.concat([password, Buffer.alloc(1)]));
}

/** `user` is a latin1 string, as the startup packet is read. */
export function md5Answer(user: string, password: Buffer, salt: Buffer): Buffer {
  const inner = md5(Buffer.concat([password, Buffer.from(user, "latin1")]));
  return Buffer.from(`md5${md5(Buffer.concat([Buffer.from(inner), salt]))}`);
}

function md5(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}

function encodeAuthentication(method: number, text: string): Buffer {
  const body = Buffer.from(`....${text}`, "latin1");
  body.writeInt32BE(method, 0);
  return encodeFrame(Server.authentication, body);
}
