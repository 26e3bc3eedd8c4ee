import { isUtf8 } from "node:buffer";
import type { BoundParameter } from "./parameters.ts";

/**
 * The values as a JSON array. Text is a string; what is binary, or is not UTF-8, is
 * `{"base64":"…"}`. A value above `sizeMax` bytes is cut and carries its whole size:
 * `{"text":"…","size":70000}`. NULL is null.
 */
export function formatParameterValues(
  parameters: readonly BoundParameter[],
  sizeMax: number,
): string {
  return `[${parameters.map((parameter) => formatValue(parameter, sizeMax)).join(",")}]`;
}

function formatValue({ value, isBinary }: BoundParameter, sizeMax: number): string {
  if (value === null) return "null";
  if (value.length <= sizeMax) {
    if (!isBinary && isUtf8(value)) return JSON.stringify(value.toString("utf8"));
    return `{"base64":"${value.toString("base64")}"}`;
  }
  const kept = isBinary ? undefined : wholeCharacters(value.subarray(0, sizeMax));
  if (kept !== undefined && isUtf8(kept)) {
    return `{"text":${JSON.stringify(kept.toString("utf8"))},"size":${value.length}}`;
  }
  const cut = value.subarray(0, sizeMax).toString("base64");
  return `{"base64":"${cut}","size":${value.length}}`;
}

/** Without the UTF-8 character that a cut has left incomplete at the end. */
function wholeCharacters(bytes: Buffer): Buffer {
  let start = bytes.length - 1;
  // At most three continuation bytes follow a leading byte.
  while (start > 0 && start > bytes.length - 4 && isContinuation(bytes[start])) start -= 1;
  const lead = bytes[start] ?? 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + size > bytes.length ? bytes.subarray(0, start) : bytes;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
