import { isMapping } from "./environment.ts";

/** libpq's parameters, and the keys of `server.tls` that they stand for. */
const PARAMETERS: Readonly<Record<string, string>> = {
  sslmode: "mode",
  sslrootcert: "ca",
  sslcert: "cert",
  sslkey: "key",
  sslnegotiation: "negotiation",
};

const MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/**
 * Puts what `server.url` says of TLS into `server.tls`, where it is checked like all else. Gives a
 * sentence if the two contradict each other.
 */
export function useUrlTls(document: Record<string, unknown>): string | undefined {
  const { server } = document;
  if (!isMapping(server)) return undefined;
  const { url } = server;
  if (typeof url !== "string" || !URL.canParse(url)) return undefined; // Told of later on.

  const asked = parametersOf(new URL(url).searchParams);
  if (typeof asked === "string") return asked;
  if (asked.size === 0) return undefined;
  server["tls"] ??= {};
  const { tls } = server;
  if (!isMapping(tls)) return undefined;
  for (const [parameter, value] of asked) {
    const key = PARAMETERS[parameter] ?? parameter;
    tls[key] ??= value;
    if (tls[key] !== value) {
      return `server.tls.${key} and the ${parameter} of server.url contradict each other; give one of them`;
    }
  }
  return undefined;
}

/** By libpq's names, in libpq's meaning. */
function parametersOf(parameters: URLSearchParams): ReadonlyMap<string, string> | string {
  const asked = new Map<string, string>();
  for (const name of Object.keys(PARAMETERS)) {
    const value = parameters.get(name);
    if (value !== null && value !== "") asked.set(name, value);
  }
  // As JDBC spells it, and libpq understands it.
  if (parameters.get("ssl") === "true" && !asked.has("sslmode")) asked.set("sslmode", "require");

  const mode = asked.get("sslmode");
  if (mode !== undefined && !MODES.includes(mode)) {
    return `server.url asks for sslmode=${mode}, which is none of ${MODES.join(", ")}`;
  }
  // The weakest mode with any TLS: there is no need to try in plain first.
  if (mode === "allow") asked.set("sslmode", "prefer");
  // The public authorities, which certify anybody: only a checked name makes that safe.
  if (asked.get("sslrootcert") === "system") {
    asked.delete("sslrootcert");
    if (mode !== undefined && mode !== "verify-full") {
      return `server.url asks for sslrootcert=system, which needs sslmode=verify-full, not ${mode}`;
    }
    asked.set("sslmode", "verify-full");
  }
  return asked;
}
