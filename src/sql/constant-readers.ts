/** What reads a setting, or what names are of, out of a constant. */
const READERS: readonly string[] = [
  "has_any_column_privilege",
  "has_column_privilege",
  "has_table_privilege",
  "pg_get_constraintdef",
  "pg_get_expr",
  "pg_get_indexdef",
  "pg_get_partition_constraintdef",
  "pg_get_partkeydef",
  "pg_get_serial_sequence",
  "pg_get_triggerdef",
  "pg_indexes_size",
  "pg_relation_size",
  "pg_table_size",
  "pg_total_relation_size",
  "regclass",
  "regtype",
  "set_config",
  "to_regclass",
  "to_regtype",
];

const BY_LENGTH: readonly (readonly string[])[] = Array.from({ length: 32 }, (_, length) =>
  READERS.filter((name) => name.length === length),
);

/**
 * Whether the name from `start` to `end` is one of those, in letters of any case: what stands in the
 * constants of its statement is then a part of its meaning.
 */
export function readsNames(bytes: Buffer, start: number, end: number): boolean {
  const candidates = BY_LENGTH[end - start];
  if (candidates === undefined) return false;
  for (const name of candidates) if (isSpelt(bytes, start, name)) return true;
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
