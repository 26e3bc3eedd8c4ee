import { expect, test } from "vitest";
import { parseConfig } from "../../src/config/load.ts";

const CERT = "listen: { tls: { mode: require, cert: c, key: k, ca: a, client_cert: verify-full } }";

/** Undefined is good. */
const cases: readonly (readonly [auth: string, more: string, sentence: string | undefined])[] = [
  ["mode: pass", "", undefined],
  ["mode: scram, users_file: u", "", undefined],
  ["mode: scram, users_file: u, server: { user: app }", "", undefined],
  ["mode: scram, users_file: u, server: { user: app, password_file: p }", "", undefined],
  ["mode: scram, users_file: u, server: { users_file: p }", "", undefined],
  ["mode: cert", CERT, undefined],
  ["mode: cert, server: { users_file: p }", CERT, undefined],
  [
    "users_file: u",
    "",
    "auth.users_file is given, but auth.mode is pass: clients log in to the server themselves",
  ],
  [
    "server: { user: app }",
    "",
    "auth.server.user is given, but auth.mode is pass: clients log in to the server themselves",
  ],
  [
    "mode: scram",
    "",
    "auth.users_file is missing: with auth.mode scram, straddle has to know the users",
  ],
  [
    "mode: scram, users_file: u, server: { password_file: p }",
    "",
    "auth.server.password_file needs auth.server.user: whose password is it?",
  ],
  [
    "mode: scram, users_file: u, server: { user: app, password_file: p, users_file: q }",
    "",
    "auth.server: password_file and users_file exclude each other; give one of them",
  ],
  [
    "mode: cert, users_file: u",
    CERT,
    "auth.users_file is for auth.mode scram; passwords for the server are in auth.server.users_file",
  ],
  [
    "mode: cert",
    "",
    "auth.mode: cert needs listen.tls with mode require, ca, and client_cert verify-full",
  ],
  [
    "mode: cert",
    CERT.replace("require", "allow"),
    "auth.mode: cert needs listen.tls with mode require, ca, and client_cert verify-full",
  ],
  [
    "mode: cert",
    CERT.replace("verify-full", "verify-ca"),
    "auth.mode: cert needs listen.tls with mode require, ca, and client_cert verify-full",
  ],
];

for (const [auth, more, sentence] of cases) {
  test(`auth: { ${auth} }: ${sentence ?? "good"}`, () => {
    const loaded = parseConfig(`server: { host: db }\nauth: { ${auth} }\n${more}`, {});
    expect(loaded.kind === "error" ? loaded.message : undefined).toBe(sentence);
  });
}
