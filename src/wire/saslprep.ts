import prepare from "@mongodb-js/saslprep";

/**
 * A password as SCRAM hashes it (pg_saslprep in the server and in libpq): normalised by SASLprep, or as
 * it is where that can't be done: not UTF-8, forbidden or unassigned characters, nothing left of it.
 */
export function saslPrepared(password: Buffer): Buffer {
  // ASCII is left alone, its control characters too, which SASLprep would forbid.
  if (password.every((byte) => byte < 0x80)) return password;
  const text = password.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(password)) return password;
  try {
    const prepared = prepare(text);
    return prepared === "" ? password : Buffer.from(prepared, "utf8");
  } catch {
    return password;
  }
}
