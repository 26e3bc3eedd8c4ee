/** What reads a setting or a relation out of a constant. */
const READERS: readonly string[] = ["set_config", "regclass"];

/**
 * Whether the name from `start` to `end` is one of those, in letters of any case: what stands in the
 * constants of its statement is then a part of its meaning.
 */
export function readsNames(bytes: Buffer, start: number, end: number): boolean {
  for (const name of READERS) {
    if (name.length === end - start && isSpelt(bytes, start, name)) return true;
  }
  return false;
}

function isSpelt(bytes: Buffer, at: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = bytes[at + index] as number;
    const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (lower !== name.charCodeAt(index)) return false;
  }
  return true;
}
