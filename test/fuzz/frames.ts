/** Messages of either side, cut without any code of `src/`: the tests' second opinion. */

/** Types that the server takes, and the largest length of each that it takes (SocketBackend). */
const LARGE = new Set("QFPBd");
const SMALL = new Set("CDEHSXcf");

/** Where the message at `at` ends; "wait" while that can't be told, "lost" where it can't be one. */
export function clientFrameEnd(bytes: Buffer, at: number): number | "wait" | "lost" {
  const type = String.fromCharCode(bytes[at] ?? 0);
  if (at >= bytes.length) return "wait";
  if (!LARGE.has(type) && !SMALL.has(type)) return "lost";
  if (at + 5 > bytes.length) return "wait";
  const length = bytes.readInt32BE(at + 1);
  if (length < 4 || length > (SMALL.has(type) ? 10_000 : 0x3ffffffe)) return "lost";
  return at + 1 + length <= bytes.length ? at + 1 + length : "wait";
}

/** All whole messages of right bytes, and what is left. */
export function framesOf(bytes: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + 5 <= bytes.length) {
    const next = at + 1 + bytes.readInt32BE(at + 1);
    if (next > bytes.length) break;
    frames.push(bytes.subarray(at, next));
    at = next;
  }
  return frames;
}

export const typeOf = (frame: Buffer): string => String.fromCharCode(frame[0] ?? 0);
