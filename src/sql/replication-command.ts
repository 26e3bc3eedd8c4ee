/**
 * The first words that a walsender knows as commands of its own. In SQL none of them begins a
 * statement, but for SHOW, which a walsender answers itself. They are in capitals, as the server's
 * scanner has them: `show` is SQL.
 */
const COMMANDS = [
  "ALTER_REPLICATION_SLOT",
  "BASE_BACKUP",
  "CREATE_REPLICATION_SLOT",
  "DROP_REPLICATION_SLOT",
  "IDENTIFY_SYSTEM",
  "READ_REPLICATION_SLOT",
  "SHOW",
  "START_REPLICATION",
  "TIMELINE_HISTORY",
  "UPLOAD_MANIFEST",
] as const;

/** Blanks, the word, and nothing behind it that would make it a longer one. */
const FIRST_WORD = new RegExp(`^[ \\t\\n\\r\\f\\v]*(${COMMANDS.join("|")})(?![\\w$\\x80-\\xff])`);

/**
 * The replication command that a walsender takes a text for, or undefined where it takes it for SQL: the
 * first word decides, and the whole text is then of that grammar
 * (replication_scanner_is_replication_command). `text` is latin1: the words are ASCII in every encoding.
 */
export function replicationCommand(text: string): string | undefined {
  return FIRST_WORD.exec(text)?.[1];
}
