import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server, TLSSocket } from "node:tls";
import { fatalFields } from "./refusal.ts";
import { userOf } from "./startup-bytes.ts";

/** The name that PostgreSQL's protocol goes by within TLS (ALPN). */
const PROTOCOL = "postgresql";

/** The greeting has a clock of its own, which the handshake counts into: this one must not be it. */
const HANDSHAKE_MS = 0x7fffffff;

/** As PostgreSQL has it: each connection is encrypted with keys that are made for it. */
const SECURE_OPTIONS =
  constants.SSL_OP_NO_TICKET |
  constants.SSL_OP_NO_RENEGOTIATION |
  constants.SSL_OP_CIPHER_SERVER_PREFERENCE;

export interface ClientTlsOptions {
  /** Whether a client on TCP that doesn't ask for TLS is refused. */
  readonly isRequired: boolean;
  /**
   * Whether clients are asked for a certificate, and what becomes of those that have none or one of
   * another name. One that `ca` has not issued is refused whenever it is asked for.
   */
  readonly clientCertificate: "none" | "optional" | "verify-ca" | "verify-full";
  /** PEM. */
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly keyPassword: string | undefined;
  /** PEM. The authority that issues the clients' certificates. */
  readonly ca: Buffer | undefined;
}

/**
 * TLS towards clients, with one certificate: takes a connection over and gives it back encrypted, and
 * knows who is let in. Another certificate is another object, for the connections that come later.
 */
export class ClientTls {
  readonly #options: ClientTlsOptions;
  /** It listens nowhere: it is given connections. */
  readonly #server: Server;
  /** Whose handshake is under way, by the two ends of their connection. */
  readonly #waiting = new Map<string, (secured: TLSSocket) => void>();

  /** Throws where certificate and key can't be read, or don't belong together. */
  constructor(options: ClientTlsOptions) {
    this.#options = options;
    this.#server = createServer({
      cert: options.cert,
      key: options.key,
      ...(options.keyPassword === undefined ? {} : { passphrase: options.keyPassword }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      requestCert: options.clientCertificate !== "none",
      rejectUnauthorized: false, // `rejection` does, in words.
      minVersion: "TLSv1.2",
      ALPNProtocols: [PROTOCOL],
      secureOptions: SECURE_OPTIONS,
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#server.on("secureConnection", (secured) => this.#secured(secured));
    this.#server.on("tlsClientError", (_, secured) => secured.destroy());
  }

  /**
   * Makes the handshake; the bytes that `socket` still has are its beginning. Where it fails, the
   * socket closes. With `isDirect` the client has not asked before, and so has to name the protocol.
   */
  secure(
    socket: Socket,
    options: { readonly isDirect: boolean; readonly onSecured: (secured: TLSSocket) => void },
  ): void {
    const ends = endsOf(socket);
    const onSecured = (secured: TLSSocket) => {
      // It might be meant for another protocol's server ("received direct SSL connection request
      // without ALPN protocol negotiation extension").
      if (options.isDirect && secured.alpnProtocol !== PROTOCOL) secured.destroy();
      else options.onSecured(secured);
    };
    this.#waiting.set(ends, onSecured);
    socket.once("close", () => {
      if (this.#waiting.get(ends) === onSecured) this.#waiting.delete(ends);
    });
    this.#server.emit("connection", socket);
  }

  /** Why this client is not let in, as the fields of an ErrorResponse; undefined where it is. */
  rejection(
    socket: Socket,
    parameters: ReadonlyMap<string, string>,
  ): Map<string, string> | undefined {
    const { isRequired, clientCertificate } = this.#options;
    // As they came: a name is compared as bytes.
    const user = userOf({ parameters });
    const words = Buffer.from(user, "latin1").toString("utf8");
    if (!(socket instanceof TLSSocket)) {
      if (!isRequired) return undefined;
      const message = `straddle lets in no connection from host "${socket.remoteAddress}", user "${words}", no encryption`;
      return fatalFields("28000", message, "Connect with TLS: sslmode=require or higher.");
    }
    if (clientCertificate === "none") return undefined;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined && clientCertificate === "optional") return undefined;
    if (certificate === undefined || !socket.authorized) {
      const hint = certificate
        ? `The certificate is not one that listen.tls.ca vouches for: ${socket.authorizationError}.`
        : "Give the client a certificate: sslcert and sslkey.";
      return fatalFields("28000", "connection requires a valid client certificate", hint);
    }
    if (clientCertificate !== "verify-full") return undefined;
    if (certificate.toLegacyObject().subject.CN === words) return undefined;
    return fatalFields(
      "28000",
      `certificate authentication failed for user "${words}"`,
      "The common name (CN) of the client's certificate has to be the user's name.",
    );
  }

  #secured(secured: TLSSocket): void {
    const ends = endsOf(secured);
    const onSecured = this.#waiting.get(ends);
    this.#waiting.delete(ends);
    // A client that is gone by now has no ends any more.
    if (onSecured === undefined) secured.destroy();
    else onSecured(secured);
  }
}

/** While a connection lives no other one has the same two ends. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
