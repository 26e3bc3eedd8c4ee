import { restLine, serverLine } from "../support/transcript.ts";
import type { Played } from "./play.ts";

/** The answers as the contract's transcripts show them, with process ids and keys masked. */
export function linesOf({ bytes, end }: Pick<Played, "bytes" | "end">): string[] {
  const lines: string[] = [];
  let at = 0;
  while (at + 5 <= bytes.length) {
    const next = at + 1 + bytes.readInt32BE(at + 1);
    if (next < at + 5 || next > bytes.length) break;
    lines.push(serverLine(bytes.subarray(at, next), 0));
    at = next;
  }
  if (at < bytes.length) lines.push(restLine(bytes.subarray(at)));
  lines.push(end);
  return lines;
}

/** An answer of Straddle's own: a refusal, a window's or the guard's. */
const OWN = /\\0Rstraddle/;
/** Not every XX000: a Query behind an unsynced Execute gets one of PostgreSQL itself, both ways. */
export const BUG = /because of an internal error\\0/;

/** What Straddle says of a server that breaks the protocol; a real one does not. */
const OWN_FATAL = /C08P01\\0Ma reply to .*\\0Rstraddle/;

/** What is wrong with a conversation through Straddle, given the same one directly. */
export function fault(direct: readonly string[], through: readonly string[]): string | undefined {
  if (through.some((line) => BUG.test(line))) return "a bug ended the session";
  if (through.some((line) => OWN_FATAL.test(line))) return "straddle takes right answers for wrong";
  const length = Math.max(direct.length, through.length);
  for (let index = 0; index < length; index++) {
    if (direct[index] === through[index]) continue;
    // What Straddle refuses by its rules is not what the server would have said, nor is what follows.
    if (through.slice(0, index + 1).some((line) => OWN.test(line))) {
      return through.at(-1) === "open" && direct.at(-1) === "closed" ? "it hangs" : undefined;
    }
    return `line ${index}: ${through[index] ?? "nothing"}\n  but directly ${direct[index] ?? "nothing"}`;
  }
  return undefined;
}
