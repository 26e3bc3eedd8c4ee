import { parseVerifier, type ScramVerifier } from "../wire/scram.ts";

export type UserSecret =
  | { readonly kind: "verifier"; readonly verifier: ScramVerifier }
  | { readonly kind: "password"; readonly password: Buffer };

/** By name. Names are latin1 strings, as startup packets are read: bytes, whatever their encoding. */
export type UserList = ReadonlyMap<string, UserSecret>;

/** A user that nobody could be: the server cuts names there. */
const NAME_SIZE_MAX = 63;

/**
 * Reads a user list as PgBouncer has it, a line `"user" "secret"` for each user. What is wrong is
 * a clause that names the line, and shows nothing of it: half a line could be a secret.
 */
export function parseUserList(contents: Buffer): UserList | string {
  const users = new Map<string, UserSecret>();
  const lineOf = new Map<string, number>();
  const lines = contents.toString("latin1").split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (/^\s*([;#].*)?$/.test(line)) continue;
    const fields = /^\s*"((?:[^"]|"")*)"\s+"((?:[^"]|"")*)"(?:\s.*)?$/.exec(line);
    if (fields === null) return `line ${number} is not of the form "user" "secret"`;
    const [name = "", text = ""] = fields.slice(1).map((field) => field.replaceAll('""', '"'));
    if (name === "" || name.length > NAME_SIZE_MAX) {
      return `line ${number} has no user's name, or one of more than ${NAME_SIZE_MAX} bytes`;
    }
    const earlier = lineOf.get(name);
    if (earlier !== undefined) return `line ${number} is of the same user as line ${earlier}`;
    const secret = parseSecret(text);
    if (typeof secret === "string") return `line ${number} ${secret}`;
    lineOf.set(name, number);
    users.set(name, secret);
  }
  return users;
}

function parseSecret(text: string): UserSecret | string {
  if (text === "") return "has an empty secret, with which nobody could log in";
  if (/^md5[0-9a-f]{32}$/.test(text)) {
    return "has an md5 hash, which is no good for SCRAM: give the password or a SCRAM verifier";
  }
  if (!text.startsWith("SCRAM-SHA-256$")) {
    return { kind: "password", password: Buffer.from(text, "latin1") };
  }
  const verifier = parseVerifier(text);
  if (verifier === undefined) return "has a SCRAM verifier that is not well formed";
  return { kind: "verifier", verifier };
}
