import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import type { ServerTarget } from "../session/server-connector.ts";
import type { TlsFiles } from "../session/server-tls.ts";
import { explainSystemError, SetupError } from "./fail.ts";
import { socketFile } from "./socket-file.ts";

type Tls = NonNullable<Config["server"]["tls"]>;

/** Where all of Straddle's connections to the server go, sessions' as well as its own. */
export function serverTarget({ server }: Config): ServerTarget {
  const { address, tls } = server;
  if (address.kind === "unix") {
    return { kind: "unix", socket: socketFile(address.path, address.port) };
  }
  const plain = { ...address, keepaliveMs: server.keepaliveMs };
  if (tls === undefined) return plain;
  return {
    ...plain,
    tls: {
      mode: tls.mode,
      negotiation: tls.negotiation,
      serverName: tls.serverName ?? address.host,
      readFiles: () => readTlsFiles(tls),
    },
  };
}

/** What is wrong with a file is a SetupError that names it and its key. */
function readTlsFiles({ ca, client }: Tls): TlsFiles {
  return {
    ca: ca === undefined ? undefined : readPem("ca", ca, "certificate"),
    client:
      client === undefined
        ? undefined
        : readPair(
            readPem("cert", client.cert, "certificate"),
            readPem("key", client.key, "private key"),
            client,
          ),
  };
}

function readPem(key: string, file: string, content: "certificate" | "private key"): Buffer {
  const name = `server.tls.${key} ${file}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new SetupError(explainSystemError(`${name} can't be read`, error));
  }
  try {
    if (content === "private key") createPrivateKey(bytes);
    else if (bytes.includes("-----BEGIN")) new X509Certificate(bytes);
    else throw new Error("DER, which tls.connect would pass over in silence");
  } catch {
    const but = content === "certificate" ? "" : " without a passphrase";
    throw new SetupError(`${name} holds no ${content} in PEM${but}`);
  }
  return bytes;
}

function readPair(
  cert: Buffer,
  key: Buffer,
  files: NonNullable<Tls["client"]>,
): NonNullable<TlsFiles["client"]> {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw new SetupError(
      `server.tls.key ${files.key} is not the key of the certificate in server.tls.cert ${files.cert}`,
    );
  }
  return { cert, key };
}
