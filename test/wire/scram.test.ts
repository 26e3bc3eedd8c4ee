import { pbkdf2Sync } from "node:crypto";
import { expect, test } from "vitest";
import { keysOf, parseVerifier, type ScramVerifier, verifierOf } from "../../src/wire/scram.ts";
import { ScramClient, ScramRefusal } from "../../src/wire/scram-client.ts";
import { ScramServer } from "../../src/wire/scram-server.ts";
import { ScramError } from "../../src/wire/scram-text.ts";

/** RFC 7677, section 3: user "user", password "pencil". */
const RFC = {
  salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"),
  iterations: 4096,
  clientNonce: "rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst:
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal:
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

const keysWith = (password: string) =>
  keysOf(pbkdf2Sync(password, RFC.salt, RFC.iterations, 32, "sha256"));
const KEYS = keysWith("pencil");
const VERIFIER = verifierOf(KEYS, RFC);
const HASH = Buffer.alloc(32, 7);

function serverFor(options: {
  readonly mechanism?: string;
  readonly isOnTls?: boolean;
  readonly isKnown?: boolean;
}): ScramServer {
  return new ScramServer({
    verifier: VERIFIER,
    isKnown: options.isKnown ?? true,
    nonce: RFC.serverNonce,
    mechanism: options.mechanism ?? "SCRAM-SHA-256",
    certificateHash: options.isOnTls === true ? HASH : undefined,
  });
}

test("the server's side of RFC 7677's example", () => {
  const server = serverFor({});
  expect(server.take(Buffer.from(RFC.clientFirst))).toEqual({
    kind: "continue",
    message: RFC.serverFirst,
  });
  expect(server.take(Buffer.from(RFC.clientFinal))).toEqual({
    kind: "success",
    message: RFC.serverFinal,
  });
  expect(server.clientKey).toEqual(KEYS.clientKey);
});

test("a user who is not known fails with the right proof too", () => {
  const server = serverFor({ isKnown: false });
  server.take(Buffer.from(RFC.clientFirst));
  expect(server.take(Buffer.from(RFC.clientFinal))).toEqual({ kind: "failure" });
  expect(server.clientKey).toBe(undefined);
});

/** Plays both sides. Undefined is success. */
function play(options: {
  readonly password?: string;
  readonly serverKnows?: ScramVerifier;
  readonly isBound?: boolean;
  readonly clientSees?: Buffer;
}): string {
  const { password = "pencil", isBound = false, clientSees = HASH } = options;
  const client = new ScramClient(
    RFC.clientNonce,
    isBound ? { kind: "bound", certificateHash: clientSees } : { kind: "impossible" },
  );
  const server = serverFor({
    mechanism: isBound ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256",
    isOnTls: isBound,
  });
  try {
    const first = server.take(Buffer.from(client.first));
    if (first.kind !== "continue") return first.kind;
    client.takeFirst(first.message);
    const last = server.take(Buffer.from(client.final(keysWith(password))));
    if (last.kind !== "success") return last.kind;
    client.takeFinal(last.message);
    return client.isFinished ? "success" : "unfinished";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test("client and server agree, with and without channel binding", () => {
  expect(play({})).toBe("success");
  expect(play({ isBound: true })).toBe("success");
  expect(play({ password: "pencil " })).toBe("failure");
  expect(play({ isBound: true, password: "wrong" })).toBe("failure");
  expect(play({ isBound: true, clientSees: Buffer.alloc(32, 8) })).toBe(
    "SCRAM channel binding check failed",
  );
});

/** What PostgreSQL 15 and 18 say is compared in e2e; these are the words of auth-scram.c. */
const MALFORMED = "08P01 malformed SCRAM message";
const firsts: readonly {
  readonly message: string;
  readonly mechanism?: string;
  readonly isOnTls?: boolean;
  readonly error: string;
}[] = [
  { message: "", error: `${MALFORMED}: The message is empty.` },
  { message: "n,,n=,r=a\0", error: `${MALFORMED}: Message length does not match input length.` },
  { message: "x,,n=,r=a", error: `${MALFORMED}: Unexpected channel-binding flag "'x'".` },
  { message: "n", error: `${MALFORMED}: Comma expected, but found character "0x00".` },
  {
    message: "n,a=bob,n=,r=a",
    error: "0A000 client uses authorization identity, but it is not supported: ",
  },
  {
    message: "n,x,n=,r=a",
    error: `${MALFORMED}: Unexpected attribute "'x'" in client-first-message.`,
  },
  { message: "n,,m=x,n=,r=a", error: "0A000 client requires an unsupported SCRAM extension: " },
  { message: "n,,x=,r=a", error: `${MALFORMED}: Expected attribute "n" but found "'x'".` },
  { message: "n,,n,r=a", error: `${MALFORMED}: Expected character "=" for attribute "n".` },
  { message: "n,,n=", error: `${MALFORMED}: Expected attribute "r" but found "0x00".` },
  { message: "n,,n=,r=a\x7f", error: "08P01 non-printable characters in SCRAM nonce: " },
  {
    message: "n,,n=,r=a,1=b",
    error: `${MALFORMED}: Attribute expected, but found invalid character "'1'".`,
  },
  {
    message: "p=tls-server-end-point,,n=,r=a",
    error: `${MALFORMED}: The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.`,
  },
  {
    message: "n,,n=,r=a",
    mechanism: "SCRAM-SHA-256-PLUS",
    isOnTls: true,
    error: `${MALFORMED}: The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.`,
  },
  {
    message: "p=tls-unique,,n=,r=a",
    mechanism: "SCRAM-SHA-256-PLUS",
    isOnTls: true,
    error: '08P01 unsupported SCRAM channel-binding type "tls-unique": ',
  },
  {
    message: "y,,n=,r=a",
    isOnTls: true,
    error:
      "28000 SCRAM channel binding negotiation error: The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.",
  },
];

for (const { message, error, ...options } of firsts) {
  test(`client-first-message ${JSON.stringify(message)}: ${error}`, () => {
    expect(errorOf(() => serverFor(options).take(Buffer.from(message, "latin1")))).toBe(error);
  });
}

test("without TLS a client may say that it could bind", () => {
  const server = serverFor({});
  expect(server.take(Buffer.from("y,,n=,r=a")).kind).toBe("continue");
});

const NONCE = RFC.clientNonce + RFC.serverNonce;
const finals: readonly (readonly [message: string, error: string])[] = [
  ["r=a", `${MALFORMED}: Expected attribute "c" but found "'r'".`],
  ["c=eSws,r=a,p=b", "08P01 unexpected SCRAM channel-binding attribute in client-final-message: "],
  [`c=biws,r=${NONCE}`, `${MALFORMED}: Attribute expected, but found end of string.`],
  [`c=biws,r=${NONCE},p=b`, `${MALFORMED}: Malformed proof in client-final-message.`],
  [
    `c=biws,r=${NONCE},p=${"A".repeat(43)}=,x=1`,
    `${MALFORMED}: Garbage found at the end of client-final-message.`,
  ],
  [
    `c=biws,r=${NONCE}x,p=${"A".repeat(43)}=`,
    "08P01 invalid SCRAM response: Nonce does not match.",
  ],
];

for (const [message, error] of finals) {
  test(`client-final-message ${message}: ${error}`, () => {
    const server = serverFor({});
    server.take(Buffer.from(RFC.clientFirst));
    expect(errorOf(() => server.take(Buffer.from(message)))).toBe(error);
  });
}

test("an attribute before the proof is part of what is proved", () => {
  const server = serverFor({});
  server.take(Buffer.from(RFC.clientFirst));
  const changed = RFC.clientFinal.replace(",p=", ",x=1,p=");
  expect(server.take(Buffer.from(changed))).toEqual({ kind: "failure" });
});

function errorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ScramError) return `${error.sqlstate} ${error.message}: ${error.detail}`;
    throw error;
  }
  return "none";
}

const serverFirsts: readonly (readonly [message: string, complaint: RegExp])[] = [
  ["", /malformed/],
  ["e=other-error", /malformed/],
  ["r=rOprNGfwEbeRWgbNEkqO%,s=,i=4096", /malformed/],
  ["r=rOprNGfwEbeRWgbNEkqO%,s=!!!!,i=4096", /malformed/],
  ["r=rOprNGfwEbeRWgbNEkqO%,s=QUFB,i=0", /malformed/],
  ["r=rOprNGfwEbeRWgbNEkqO%,s=QUFB,i=-1", /malformed/],
  ["r=rOprNGfwEbeRWgbNEkqO%,s=QUFB,i=99999999999", /malformed/],
  ["r=rOprNGfwEbeRWgbNEkqO%,s=QUFB,i=1000001", /1000001 rounds/],
  ["r=rOprNGfwEbeRWgbNEkqO,s=QUFB,i=4096", /not made from/],
  ["r=another,s=QUFB,i=4096", /not made from/],
];

for (const [message, complaint] of serverFirsts) {
  test(`as a client: server-first-message ${JSON.stringify(message)} is refused`, () => {
    const client = new ScramClient(RFC.clientNonce, { kind: "impossible" });
    expect(() => client.takeFirst(message)).toThrow(complaint);
  });
}

test("as a client: RFC 7677's server proves itself, another one does not", () => {
  for (const [signature, isRight] of [
    [RFC.serverFinal, true],
    [RFC.serverFinal.replace("6rri", "7rri"), false],
    ["v=AAAA", false],
    ["e=invalid-proof", false],
  ] as const) {
    // The example's client names its user, which PostgreSQL's do not: another AuthMessage.
    const client = new ScramClient(RFC.clientNonce, { kind: "impossible" });
    const server = serverFor({});
    const first = server.take(Buffer.from(client.first));
    if (first.kind !== "continue") throw new Error(first.kind);
    client.takeFirst(first.message);
    const last = server.take(Buffer.from(client.final(KEYS)));
    if (last.kind !== "success") throw new Error(last.kind);
    if (isRight) client.takeFinal(last.message);
    else expect(() => client.takeFinal(signature)).toThrow(ScramRefusal);
    expect(client.isFinished).toBe(isRight);
  }
});

test("as a client: a server that ends before it began is refused", () => {
  const client = new ScramClient(RFC.clientNonce, { kind: "impossible" });
  expect(() => client.takeFinal(RFC.serverFinal)).toThrow(ScramRefusal);
});

const KEY = Buffer.alloc(32).toString("base64");
const verifiers: readonly (readonly [text: string, isGood: boolean])[] = [
  [`SCRAM-SHA-256$4096:c2FsdA==$${KEY}:${KEY}`, true],
  [`SCRAM-SHA-256$0:c2FsdA==$${KEY}:${KEY}`, false],
  [`SCRAM-SHA-256$4294967296:c2FsdA==$${KEY}:${KEY}`, false],
  [`SCRAM-SHA-256$-1:c2FsdA==$${KEY}:${KEY}`, false],
  [`SCRAM-SHA-256$4096:$${KEY}:${KEY}`, false],
  [`SCRAM-SHA-256$4096:c2FsdA==$AAAA:${KEY}`, false],
  [`SCRAM-SHA-256$4096:c2FsdA==$${KEY}:AAAA`, false],
  [`SCRAM-SHA-256$4096:c2FsdA==$${KEY}`, false],
  [`SCRAM-SHA-256$4096:?$${KEY}:${KEY}`, false],
  [`SCRAM-SHA-1$4096:c2FsdA==$${KEY}:${KEY}`, false],
  ["", false],
];

for (const [text, isGood] of verifiers) {
  test(`${text === "" ? "nothing" : text} is ${isGood ? "a verifier" : "none"}`, () => {
    expect(parseVerifier(text) !== undefined).toBe(isGood);
  });
}
