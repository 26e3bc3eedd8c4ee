import { ByteReader } from "./byte-reader.ts";

/**
 * The fields of an ErrorResponse or NoticeResponse by their code letter, in the order they came.
 * The frame is `buffer` from `start` to `end`, header included.
 */
export function decodeFields(
  buffer: Buffer,
  start: number,
  end: number,
  encoding: BufferEncoding = "utf8",
): Map<string, string> {
  const reader = new ByteReader(buffer, start + 5, end);
  const fields = new Map<string, string>();
  for (let code = reader.byte(); code !== 0; code = reader.byte()) {
    fields.set(String.fromCharCode(code), reader.text(encoding));
  }
  return fields;
}

/** The SQLSTATE of an ErrorResponse, without decoding the rest. Empty where there is none. */
export function sqlstateOf(buffer: Buffer, start: number, end: number): string {
  return fieldOf(buffer, start, end, "C");
}

/** One field, by its code letter, without decoding the rest. Empty where there is none. */
export function fieldOf(
  buffer: Buffer,
  start: number,
  end: number,
  letter: "C" | "S" | "V",
): string {
  const code = letter.charCodeAt(0);
  let position = start + 5;
  while (position < end && buffer[position] !== 0) {
    const fieldEnd = buffer.indexOf(0, position);
    if (fieldEnd === -1 || fieldEnd >= end) return "";
    if (buffer[position] === code) return buffer.toString("latin1", position + 1, fieldEnd);
    position = fieldEnd + 1;
  }
  return "";
}
