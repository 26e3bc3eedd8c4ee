import type { RuleId } from "../base/rule-ids.ts";
import type { LockTimeoutPolicy } from "../guard/lock-timeout.ts";
import type { Naming } from "../version/naming.ts";
import type { Refusal } from "./text-plan.ts";

/** What is known of how the server reads a session's texts. */
export interface Reading {
  readonly encoding: BufferEncoding;
  readonly isEncodingSafe: boolean;
  readonly standardConformingStrings: boolean;
  readonly context: { readonly policy: LockTimeoutPolicy; readonly rules: readonly RuleId[] };
}

const BACKSLASH = 0x5c;

/** Statements that the guard could have to see to, and ways to spell a name in other letters. */
const GUARDED =
  /alter|analyze|cluster|comment|create|drop|reassign|refresh|reindex|security|truncate|vacuum/i;

/**
 * Whether the server may read a text otherwise than Straddle does, in a text that a window or the
 * guard could matter to: in an encoding in which half a character can look like ASCII, in one that
 * is not that of a window's names, or where a backslash escapes inside of plain strings.
 */
export function isDoubtful(reading: Reading, bytes: Buffer, naming: Naming): boolean {
  const { encoding, isEncodingSafe, standardConformingStrings } = reading;
  const isPlain = isEncodingSafe && encoding === "utf8" && standardConformingStrings;
  if (isPlain) return false;
  const hasEscape = !standardConformingStrings && bytes.includes(BACKSLASH);
  const isForeign = !isEncodingSafe || (encoding !== "utf8" && hasWideWord(naming));
  const hasForeign = isForeign && bytes.some((byte) => byte >= 0x80);
  if (!hasEscape && !hasForeign) return false;

  const text = bytes.toString("latin1");
  if (isGuarded(reading, text)) return true;
  if (naming.isEmpty) return false;
  if (/u&"/i.test(text)) return true;
  const lower = text.toLowerCase();
  for (const word of naming.words) {
    if (isWide(word) || lower.includes(word.toLowerCase())) return true;
  }
  return false;
}

/** Whether a text that can't be told apart may have something in it that the guard has to see to. */
export function isGuarded({ context }: Pick<Reading, "context">, text: string): boolean {
  const isOn = context.policy.onMissing !== "off" || context.rules.length > 0;
  return isOn && GUARDED.test(text);
}

/**
 * Whether a text that only shows names can be edited: where it could be read in two ways it is passed, under
 * physical names, rather than refused.
 */
export function isCertain(reading: Reading, bytes: Buffer, naming: Naming): boolean {
  const { encoding, isEncodingSafe, standardConformingStrings } = reading;
  if (isEncodingSafe && encoding === "utf8" && standardConformingStrings) return true;
  return !hasWideWord(naming) && !bytes.some((byte) => byte >= 0x80 || byte === BACKSLASH);
}

function hasWideWord(naming: Naming): boolean {
  for (const word of naming.words) if (isWide(word)) return true;
  return false;
}

function isWide(word: string): boolean {
  return /[^\x20-\x7e]/.test(word);
}

export const UNREADABLE: Refusal = {
  rule: "encoding",
  sqlstate: "0A000",
  message: "straddle cannot read this statement with certainty",
  detail:
    "The session's client_encoding or standard_conforming_strings lets the server read it otherwise, and a window or the guard could matter to it.",
  hint: "SET client_encoding = 'UTF8' and standard_conforming_strings = on.",
  offset: undefined,
};
