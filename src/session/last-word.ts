import { fieldOf, sqlstateOf } from "../wire/fields.ts";

const ENDS: ReadonlySet<string> = new Set(["FATAL", "PANIC"]);
/** A server that stops or has crashed ends sessions by a mere WARNING (`quickdie` in postgres.c). */
const WARNINGS: ReadonlySet<string> = new Set(["57P01", "57P02"]);

/**
 * Whether an ErrorResponse or a NoticeResponse is the last that a server says in a session. V is the
 * severity in English; servers before 9.6 have S alone, which is translated.
 */
export function isLastWord(buffer: Buffer, start: number, end: number): boolean {
  const severity = fieldOf(buffer, start, end, "V") || fieldOf(buffer, start, end, "S");
  return ENDS.has(severity) || WARNINGS.has(sqlstateOf(buffer, start, end));
}
