import type { z } from "zod";
import { type ConfigKey, configKeys } from "./keys.ts";
import { nearest } from "./nearest.ts";
import { readYaml, type Yaml } from "./yaml.ts";

const PREFIX = "STRADDLE_";

/** Variables that Straddle or its commands read for themselves. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(["STRADDLE_CONFIG"]);

/** What Kubernetes puts into every pod for a service that happens to be called `straddle…`. */
const KUBERNETES = /(_SERVICE_(HOST|PORT(_.*)?)|_PORT(_\d+_(TCP|UDP|SCTP)(_.*)?)?)$/;
const KUBERNETES_VALUE = /^(tcp|udp|sctp):\/\//;

/** `server.host` is `STRADDLE_SERVER_HOST`. */
export function variableName(key: ConfigKey): string {
  return PREFIX + key.path.join("_").toUpperCase();
}

/**
 * Lays the environment over a document. Text is taken as it is where the key takes text; numbers,
 * booleans and lists are read as YAML. Returns which variable each key came from, for messages, or a
 * sentence on what is wrong.
 */
export function applyEnvironment(
  document: Record<string, unknown>,
  schema: z.ZodType,
  env: Readonly<Record<string, string | undefined>>,
): ReadonlyMap<string, string> | string {
  const keys = new Map(
    configKeys(schema)
      .filter((key) => !key.inList)
      .map((key) => [variableName(key), key]),
  );
  const origins = new Map<string, string>();
  for (const [variable, value] of Object.entries(env)) {
    if (value === undefined || !variable.startsWith(PREFIX) || OTHER_VARIABLES.has(variable))
      continue;
    if (KUBERNETES_VALUE.test(value)) continue;
    const key = keys.get(variable);
    if (key === undefined) {
      if (KUBERNETES.test(variable)) continue;
      const meant = nearest(variable, [...keys.keys()]);
      return `the environment's ${variable} is not a setting${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    }
    const read = readValue(key, value);
    if (read.kind === "error") return `${variable} is not YAML: ${read.message}`;
    if (!assign(document, key.path, read.value)) continue; // The schema will say what is no mapping.
    origins.set(key.name, variable);
  }
  dropOtherServers(document, origins);
  return origins;
}

function readValue(key: ConfigKey, text: string): Yaml {
  return key.schema.safeParse(text).success ? { kind: "value", value: text } : readYaml(text);
}

/** Puts a value where a path leads. False where something on the way is no mapping. */
export function assign(
  document: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): boolean {
  let at = document;
  for (const step of path.slice(0, -1)) {
    at[step] ??= {};
    const next = at[step];
    if (!isMapping(next)) return false;
    at = next;
  }
  const last = path.at(-1);
  if (last === undefined) return false;
  at[last] = value;
  return true;
}

/** A server from the environment stands in for the file's, even when it is spelt another way. */
function dropOtherServers(
  document: Record<string, unknown>,
  origins: ReadonlyMap<string, string>,
): void {
  const server = document["server"];
  const ways = ["host", "socket", "url"];
  if (!isMapping(server) || !ways.some((way) => origins.has(`server.${way}`))) return;
  for (const way of ways) if (!origins.has(`server.${way}`)) delete server[way];
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
