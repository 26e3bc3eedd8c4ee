import { expect, test } from "vitest";
import {
  afterSslAnswer,
  protocolProblem,
  reasonOf,
  type ServerTls,
  tlsOptions,
} from "../../src/session/server-tls.ts";
import { SSL_REQUEST_BYTES } from "../../src/wire/startup.ts";
import { SSL_REQUEST } from "../support/client-frames.ts";

test("SSLRequest is as the protocol has it", () => {
  expect(SSL_REQUEST_BYTES).toEqual(SSL_REQUEST);
});

const ERROR = "E\0\0\0\x0eSFATAL\0";
const BEHIND = "the server sent unencrypted data behind its answer to the request for TLS";
const NOT_POSTGRES = "the server's answer to the request for TLS is not PostgreSQL's";

const answers: readonly {
  readonly answer: string;
  readonly prefer: string;
  readonly require: string;
}[] = [
  { answer: "S", prefer: "encrypt", require: "encrypt" },
  {
    answer: "N",
    prefer: "plain",
    require: "the server has no TLS, which server.tls.mode (require) requires",
  },
  { answer: "Smore", prefer: BEHIND, require: BEHIND },
  { answer: "SE", prefer: BEHIND, require: BEHIND },
  { answer: "NR", prefer: BEHIND, require: BEHIND },
  {
    answer: "E",
    prefer: "plain_anew",
    require: "the server answered the request for TLS with an error",
  },
  {
    answer: ERROR,
    prefer: "plain_anew",
    require: "the server answered the request for TLS with an error",
  },
  { answer: "s", prefer: NOT_POSTGRES, require: NOT_POSTGRES },
  { answer: "HTTP/1.1 400", prefer: NOT_POSTGRES, require: NOT_POSTGRES },
];

for (const { answer, ...outcomes } of answers) {
  for (const mode of ["prefer", "require"] as const) {
    test(`${mode}, and the answer ${JSON.stringify(answer)}`, () => {
      const next = afterSslAnswer(Buffer.from(answer, "latin1"), mode);
      expect(next.kind === "fail" ? next.because : next.kind).toBe(outcomes[mode]);
    });
  }
}

const TLS: ServerTls = {
  mode: "require",
  negotiation: "postgres",
  serverName: "db.internal",
  readFiles: () => ({ ca: undefined, client: undefined }),
};
const CA = Buffer.from("ca");

const checked = [
  { mode: "prefer", ca: undefined, isChecked: false, isNameChecked: false },
  { mode: "prefer", ca: CA, isChecked: true, isNameChecked: false },
  { mode: "require", ca: undefined, isChecked: false, isNameChecked: false },
  { mode: "require", ca: CA, isChecked: true, isNameChecked: false },
  { mode: "verify-ca", ca: CA, isChecked: true, isNameChecked: false },
  { mode: "verify-full", ca: CA, isChecked: true, isNameChecked: true },
  { mode: "verify-full", ca: undefined, isChecked: true, isNameChecked: true },
] as const;

for (const { mode, ca, isChecked, isNameChecked } of checked) {
  test(`${mode} ${ca === undefined ? "without" : "with"} a file of authorities`, () => {
    const options = tlsOptions({ ...TLS, mode }, { ca, client: undefined });
    const certificate = { subjectaltname: "DNS:other.internal" };
    // Trust boundary: a certificate of which only this much is looked at.
    const problem = options.checkServerIdentity?.("db.internal", certificate as never);
    expect({
      isChecked: options.rejectUnauthorized,
      isNameChecked: problem !== undefined,
      ca: options.ca,
      minVersion: options.minVersion,
    }).toEqual({ isChecked, isNameChecked, ca, minVersion: "TLSv1.2" });
  });
}

for (const { serverName, sent } of [
  { serverName: "db.internal", sent: "db.internal" },
  { serverName: "10.0.0.1", sent: undefined },
  { serverName: "::1", sent: undefined },
]) {
  test(`the name ${serverName} is ${sent === undefined ? "not " : ""}sent`, () => {
    const options = tlsOptions({ ...TLS, serverName }, TLS.readFiles());
    expect(options.servername).toBe(sent);
  });
}

test("a protocol is only agreed on in direct negotiation, and then has to be", () => {
  const direct: ServerTls = { ...TLS, negotiation: "direct" };
  expect(tlsOptions(TLS, TLS.readFiles()).ALPNProtocols).toBeUndefined();
  expect(tlsOptions(direct, TLS.readFiles()).ALPNProtocols).toEqual(["postgresql"]);
  expect(protocolProblem(TLS, false)).toBeUndefined();
  expect(protocolProblem(direct, "postgresql")).toBeUndefined();
  for (const agreed of [false, null, "http/1.1"] as const) {
    expect(protocolProblem(direct, agreed)).toBe(
      "the server did not agree to the protocol postgresql, which server.tls.negotiation: direct needs",
    );
  }
});

test("an OpenSSL error is told by its reason", () => {
  expect(reasonOf(new Error("plain words"))).toBe("plain words");
  expect(reasonOf(Object.assign(new Error("C0:error:0A"), { reason: "wrong version" }))).toBe(
    "wrong version",
  );
});

test("where several addresses were tried, each has its reason", () => {
  const errors = [new Error("refused by a"), new Error("no way to b")];
  expect(reasonOf(new AggregateError(errors))).toBe("refused by a; no way to b");
});
