import { createRequire } from "node:module";

/** Its tables take a tenth of a second and some megabytes to load, which ASCII has no need of. */
const PACKAGE = "@mongodb-js/saslprep";
let prepare: ((text: string) => string) | undefined;

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
    prepare ??= load();
    const prepared = prepare(text);
    return prepared === "" ? password : Buffer.from(prepared, "utf8");
  } catch {
    return password;
  }
}

function load(): (text: string) => string {
  // Trust boundary: what the package exports is a function from text to text.
  return createRequire(import.meta.url)(PACKAGE) as (text: string) => string;
}
