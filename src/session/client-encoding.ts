import { isUtf8 } from "node:buffer";

/**
 * How texts of a `client_encoding` are decoded. All encodings but UTF-8 are read as latin1, byte for
 * byte: that is exact where every byte below 0x80 is ASCII, and nothing but ASCII is looked for.
 */
export function javascriptEncoding(clientEncoding: string): BufferEncoding {
  const name = clientEncoding.toUpperCase();
  return name === "UTF8" || name === "UNICODE" ? "utf8" : "latin1";
}

/**
 * Encodings in which a byte that looks like ASCII can be the second byte of another character
 * (PostgreSQL documentation, "Character Set Support": the client-only encodings).
 */
const UNSAFE = new Set([
  "BIG5",
  "GB18030",
  "GBK",
  "JOHAB",
  "SJIS",
  "SHIFT_JIS_2004",
  "UHC",
  "SHIFTJIS",
  "MSKANJI",
  "WIN932",
  "WIN936",
  "WIN949",
  "WIN950",
  "WINDOWS932",
  "WINDOWS936",
  "WINDOWS949",
  "WINDOWS950",
]);

/** Whether every byte below 0x80 is the ASCII character that it looks like. */
export function isAsciiSafe(clientEncoding: string): boolean {
  return !UNSAFE.has(clientEncoding.toUpperCase());
}

/**
 * Whether the server takes these bytes for a text at all. One that it does not take must get there
 * as it came: decoded and encoded again it would be another text, which the server takes.
 */
export function isText(bytes: Buffer, encoding: BufferEncoding): boolean {
  return !bytes.includes(0) && (encoding !== "utf8" || isUtf8(bytes));
}
