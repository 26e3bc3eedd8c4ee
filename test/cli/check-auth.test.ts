import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { check } from "../../src/cli/check.ts";
import { parseConfig } from "../../src/config/load.ts";
import { AUTH_PASSWORD, createDatabase, type TestDatabase } from "../support/server.ts";

let database: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), "straddle-check-"));

beforeAll(async () => {
  database = await createDatabase();
});

afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true });
});

const FILES: Readonly<Record<string, string>> = {
  USERS: '"user_scram" "x"\n"user_md5" "y"\n',
  STRANGERS: ["a", "b", "c", "d", "e", "f", "user_expired"]
    .map((name) => `"${name}" "x"\n`)
    .join(""),
  VERIFIERS: `"user_scram" "SCRAM-SHA-256$4096:c2FsdA==$${"A".repeat(43)}=:${"A".repeat(43)}="\n`,
  BROKEN: '"user_scram" "x"\n"user_md5"\n',
  PASSWORD: `${AUTH_PASSWORD}\n`,
  STALE: "stale\n",
  SHORT: "short",
};
for (const [name, contents] of Object.entries(FILES)) writeFileSync(join(folder, name), contents);

const ROLE = "user: user_scram, password_file:";
const cases: readonly { readonly auth: string; readonly found: readonly string[] }[] = [
  { auth: "mode: pass", found: [] },
  {
    auth: "mode: scram, users_file: USERS",
    found: ["ok: 2 user(s) by SCRAM, on the server under their own names"],
  },
  {
    auth: "mode: scram, users_file: STRANGERS",
    found: [
      "ok: 7 user(s) by SCRAM, on the server under their own names",
      "warning: no such role may log in to the server: a, b, c, d, e and 1 more",
      "warning: passwords past their VALID UNTIL on the server: user_expired",
    ],
  },
  {
    auth: "mode: scram, users_file: VERIFIERS",
    found: [
      "ok: 1 user(s) by SCRAM, on the server under their own names",
      "note: without a password, only a verifier, which is enough where the server has the same one or asks for nothing: user_scram",
    ],
  },
  {
    auth: "mode: scram, users_file: BROKEN",
    found: ['error: auth.users_file: BROKEN: line 2 is not of the form "user" "secret"'],
  },
  {
    auth: "mode: scram, users_file: NOWHERE",
    found: ["error: auth.users_file: NOWHERE can't be read: there is no such file or socket"],
  },
  {
    auth: "mode: scram, users_file: USERS, salt_key_file: SHORT",
    found: ["error: auth.salt_key_file: SHORT has 5 bytes; at least 16 are needed"],
  },
  {
    auth: `mode: scram, users_file: USERS, server: { ${ROLE} PASSWORD }`,
    found: [
      "ok: 2 user(s) by SCRAM, on the server as role user_scram",
      "ok: the server lets straddle in as user_scram, with its password",
    ],
  },
  {
    auth: `mode: scram, users_file: USERS, server: { ${ROLE} STALE }`,
    found: [
      "ok: 2 user(s) by SCRAM, on the server as role user_scram",
      'error: the server does not let straddle in as user_scram: password authentication failed for user "user_scram"',
    ],
  },
  {
    auth: "mode: scram, users_file: USERS, server: { user: postgres }",
    found: [
      "ok: 2 user(s) by SCRAM, on the server as role postgres",
      "ok: the server lets straddle in as postgres, without a password",
    ],
  },
];

for (const { auth, found } of cases) {
  test(`auth: { ${auth} }: ${found.length} findings`, async () => {
    const named = auth.replaceAll(/\b[A-Z]{4,}\b/g, (name) => join(folder, name));
    const loaded = parseConfig(`server: { url: '${database.url}' }\nauth: { ${named} }`, {});
    if (loaded.kind === "error") throw new Error(loaded.message);
    const findings = (await check(loaded.config)).filter(({ subject }) => subject === "auth");
    const texts = findings.map(({ level, text }) =>
      `${level}: ${text}`.replaceAll(`${folder}/`, ""),
    );
    expect(texts).toEqual(found);
  });
}
