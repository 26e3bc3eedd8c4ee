import { expect, test } from "vitest";
import { parseUserList } from "../../src/cli/user-list.ts";

const KEY = `${"A".repeat(43)}=`;
const VERIFIER = `SCRAM-SHA-256$4096:c2FsdA==$${KEY}:${KEY}`;

const good: readonly (readonly [name: string, contents: string, users: Record<string, string>])[] =
  [
    ["nothing", "", {}],
    ["a line", '"ann" "secret"', { ann: "secret" }],
    [
      "several, with comments and blank lines",
      '; who\n\n"ann" "a"\r\n# more\n  "bob"\t"b"\n',
      { ann: "a", bob: "b" },
    ],
    ["quotes are doubled", '"a""b" "c""d"""', { 'a"b': 'c"d"' }],
    ["a backslash is one", '"ann" "a\\"', { ann: "a\\" }],
    ["further fields are ignored, as PgBouncer does", '"ann" "a" "b" c', { ann: "a" }],
    ["a verifier", `"ann" "${VERIFIER}"`, { ann: "(verifier)" }],
    ["spaces belong to the secret", '"ann" " a b "', { ann: " a b " }],
    ["UTF-8 is kept as bytes", '"\u00fc" "\u00e9"', { "\u00c3\u00bc": "\u00e9" }],
    ["a secret that looks like a number of md5", '"ann" "md5abc"', { ann: "md5abc" }],
  ];

for (const [name, contents, users] of good) {
  test(name, () => {
    const list = parseUserList(Buffer.from(contents));
    if (typeof list === "string") throw new Error(list);
    const found = [...list].map(([user, secret]) => [
      user,
      secret.kind === "password" ? secret.password.toString("utf8") : "(verifier)",
    ]);
    expect(Object.fromEntries(found)).toEqual(users);
  });
}

const SECRET = "do-not-show";
const bad: readonly (readonly [contents: string, complaint: string])[] = [
  [`ann ${SECRET}`, 'line 1 is not of the form "user" "secret"'],
  [`"ann" "${SECRET}`, 'line 1 is not of the form "user" "secret"'],
  [`"ann""${SECRET}"`, 'line 1 is not of the form "user" "secret"'],
  [`"ann" "a"x "${SECRET}"`, 'line 1 is not of the form "user" "secret"'],
  [`\n"ann"\n`, 'line 2 is not of the form "user" "secret"'],
  [`"" "${SECRET}"`, "line 1 has no user's name, or one of more than 63 bytes"],
  [`"${"x".repeat(64)}" "${SECRET}"`, "line 1 has no user's name, or one of more than 63 bytes"],
  [`"ann" "a"\n\n"ann" "${SECRET}"`, "line 3 is of the same user as line 1"],
  ['"ann" ""', "line 1 has an empty secret, with which nobody could log in"],
  [
    `"ann" "md5${"0123456789abcdef".repeat(2)}"`,
    "line 1 has an md5 hash, which is no good for SCRAM: give the password or a SCRAM verifier",
  ],
  [`"ann" "SCRAM-SHA-256$${SECRET}"`, "line 1 has a SCRAM verifier that is not well formed"],
];

for (const [contents, complaint] of bad) {
  test(`${JSON.stringify(contents)} is refused, without being shown`, () => {
    expect(parseUserList(Buffer.from(contents))).toBe(complaint);
  });
}
