/** What a `DATABASE_URL` says of a server. */
export interface ServerUrl {
  readonly host: string | undefined;
  readonly socket: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
}

/**
 * Reads `postgres://user:password@host:port/database?sslmode=require`. A host that begins with a
 * slash (`?host=/var/run/postgresql`, or `%2Fvar…` in its place) is a socket folder, as in libpq.
 * What it says of TLS is for `url-tls.ts`; parameters that drivers put there for themselves are left alone. What is wrong comes back as a
 * sentence, which never quotes the URL, since that holds a password.
 */
export function parseServerUrl(text: string): ServerUrl | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return "is not a URL like postgres://user:password@host:5432/database";
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    return `must begin with postgres:// or postgresql://, not ${url.protocol}//`;
  }
  try {
    const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
    const port = url.port === "" ? url.searchParams.get("port") : url.port;
    return {
      host: host === "" || host.startsWith("/") ? undefined : withoutBrackets(host),
      socket: host.startsWith("/") ? host : undefined,
      port: port === null ? undefined : Number(port),
      user: filled(decodeURIComponent(url.username)),
      password: filled(decodeURIComponent(url.password)),
      database: filled(decodeURIComponent(url.pathname.slice(1))),
    };
  } catch {
    return "has a % that is not followed by two hexadecimal digits";
  }
}

function filled(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** `[::1]` is how URLs spell `::1`. */
function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
