import type { ConfigFile } from "./schema.ts";

/** TLS towards the server; undefined where there is none. */
export type ServerTlsSettings = Exclude<ReturnType<typeof toServerTls>, string>;

/** What the schema alone can't say of `server.tls` is checked here. A string is a sentence that names the key. */
export function toServerTls(tls: ConfigFile["server"]["tls"], isUnixSocket: boolean) {
  const { mode, ca, cert, key } = tls;
  const isRequired = mode !== "disable" && mode !== "prefer";
  if (isUnixSocket && isRequired) {
    return `server.tls.mode: ${mode} needs TCP; there is no TLS over a Unix socket`;
  }
  if (tls.negotiation === "direct" && !isRequired) {
    return `server.tls.negotiation: direct needs server.tls.mode require, verify-ca or verify-full, not ${mode}`;
  }
  const unused = (["ca", "cert", "key", "server_name"] as const).find(
    (name) => tls[name] !== undefined,
  );
  if (mode === "disable" && unused !== undefined) {
    return `server.tls.${unused} is given, but server.tls.mode is disable, which encrypts nothing`;
  }
  if (mode === "verify-ca" && ca === undefined) {
    return "server.tls.ca is missing: with mode verify-ca any public authority would do; give one, or use verify-full";
  }
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "cert" : "key";
    return `server.tls.${missing} is missing: a client certificate and its key go together`;
  }
  if (mode === "disable" || isUnixSocket) return undefined;
  return {
    mode,
    ca,
    client: cert === undefined || key === undefined ? undefined : { cert, key },
    serverName: tls.server_name,
    negotiation: tls.negotiation,
  };
}
