import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";

/** TLS towards the server, as it is wanted. The modes are libpq's `sslmode`s. */
export interface ServerTls {
  readonly mode: "prefer" | "require" | "verify-ca" | "verify-full";
  /** The server is asked whether it has TLS (`postgres`), or greeted with it at once (`direct`). */
  readonly negotiation: "postgres" | "direct";
  /** The name that is sent and, by verify-full, checked: the server's, or its IP address. */
  readonly serverName: string;
  /** Reads the files anew, since certificates are replaced while a process runs. Throws if it can't. */
  readonly readFiles: () => TlsFiles;
}

/** Contents of PEM files. A certificate comes with its key. */
export interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly client: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/** How PostgreSQL's protocol is called in a TLS handshake. */
const PROTOCOL = "postgresql";

/** What to do after the server's answer to SSLRequest. */
export type AfterSslAnswer =
  | { readonly kind: "encrypt" }
  | { readonly kind: "plain" }
  /** In plain, but on a new connection: this one is at its end. */
  | { readonly kind: "plain_anew" }
  | { readonly kind: "fail"; readonly because: string };

/**
 * The answer is one byte. What comes in plain behind an `S` must never be taken for something that
 * came over TLS (CVE-2021-23222), and the server has nothing to say before it is spoken to, so more
 * than that byte is refused.
 *
 * Instead of the byte an ErrorResponse may come, from a server too old or too busy to answer. Whoever
 * sent it has not proved who he is, so its text is not shown.
 */
export function afterSslAnswer(answer: Buffer, mode: ServerTls["mode"]): AfterSslAnswer {
  const isRequired = mode !== "prefer";
  const byte = answer.toString("latin1", 0, 1);
  if (byte === "E") {
    return isRequired
      ? { kind: "fail", because: "the server answered the request for TLS with an error" }
      : { kind: "plain_anew" };
  }
  if (byte !== "S" && byte !== "N") {
    return {
      kind: "fail",
      because: "the server's answer to the request for TLS is not PostgreSQL's",
    };
  }
  if (answer.length > 1) {
    return {
      kind: "fail",
      because: "the server sent unencrypted data behind its answer to the request for TLS",
    };
  }
  if (byte === "S") return { kind: "encrypt" };
  return isRequired
    ? {
        kind: "fail",
        because: `the server has no TLS, which server.tls.mode (${mode}) requires`,
      }
    : { kind: "plain" };
}

/** What `tls.connect` is to do, as libpq does: a given authority is always checked against. */
export function tlsOptions(tls: ServerTls, files: TlsFiles): ConnectionOptions {
  const { mode, negotiation, serverName } = tls;
  const isChecked = mode === "verify-ca" || mode === "verify-full" || files.ca !== undefined;
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: isChecked,
    checkServerIdentity: (_, certificate) =>
      mode === "verify-full" ? checkServerIdentity(serverName, certificate) : undefined,
    // An IP address must not be sent (RFC 6066, section 3).
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(negotiation === "direct" ? { ALPNProtocols: [PROTOCOL] } : {}),
    ...(files.ca === undefined ? {} : { ca: files.ca }),
    ...files.client,
  };
}

/**
 * Why a connection that is encrypted can't be used all the same. Greeted with TLS at once, a server of
 * another protocol must not take what follows for its own (as libpq has it).
 */
export function protocolProblem(
  { negotiation }: ServerTls,
  agreed: string | false | null,
): string | undefined {
  if (negotiation !== "direct" || agreed === PROTOCOL) return undefined;
  return `the server did not agree to the protocol ${PROTOCOL}, which server.tls.negotiation: direct needs`;
}

/**
 * OpenSSL's errors have, beside a message for developers, a few words on the reason. Where several
 * addresses of a name were tried, there is an error for each, and no message.
 */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError) {
    const all = error.errors.filter((each) => each instanceof Error);
    return all.map(reasonOf).join("; ");
  }
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}
