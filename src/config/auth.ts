import type { ConfigFile } from "./schema.ts";

/** Terminated authentication; undefined where it passes through. */
export type AuthSettings = Exclude<ReturnType<typeof toAuth>, string>;

/** What the schema alone can't say of `auth` is checked here. A string is a sentence that names the key. */
export function toAuth({ auth, listen }: ConfigFile) {
  const { mode, server } = auth;
  if (mode === "pass") {
    const unused = [
      ...(["users_file", "salt_key_file"] as const).filter((key) => auth[key] !== undefined),
      ...(["user", "password_file", "users_file"] as const)
        .filter((key) => server[key] !== undefined)
        .map((key) => `server.${key}`),
    ];
    if (unused.length === 0) return undefined;
    return `auth.${unused[0]} is given, but auth.mode is pass: clients log in to the server themselves`;
  }
  if (mode === "scram" && auth.users_file === undefined) {
    return "auth.users_file is missing: with auth.mode scram, straddle has to know the users";
  }
  if (mode === "cert") {
    if (auth.users_file !== undefined) {
      return "auth.users_file is for auth.mode scram; passwords for the server are in auth.server.users_file";
    }
    const { tls } = listen;
    if (tls.mode !== "require" || tls.ca === undefined || tls.client_cert !== "verify-full") {
      return "auth.mode: cert needs listen.tls with mode require, ca, and client_cert verify-full";
    }
  }
  if (server.password_file !== undefined && server.user === undefined) {
    return "auth.server.password_file needs auth.server.user: whose password is it?";
  }
  if (server.password_file !== undefined && server.users_file !== undefined) {
    return "auth.server: password_file and users_file exclude each other; give one of them";
  }
  return {
    mode,
    usersFile: auth.users_file,
    saltKeyFile: auth.salt_key_file,
    serverUser: server.user,
    serverPasswordFile: server.password_file,
    serverUsersFile: server.users_file,
  };
}
