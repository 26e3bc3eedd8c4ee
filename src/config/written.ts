import type { Config } from "./config.ts";
import { assign, isMapping } from "./environment.ts";
import { type ConfigKey, configKeys } from "./keys.ts";
import { ConfigFile } from "./schema.ts";

/** Settings as a file could have them: with the environment laid over it, without what is left out. */
export type Written = Readonly<Record<string, unknown>>;

/** What is taken over at a start only: a change of the file has to wait for the next one. */
const STATIC_SECTIONS = [
  "listen",
  "server",
  "auth",
  "control",
  "audit",
  "metrics",
  "ledger",
  "workers",
] as const;
const STATIC_KEYS: ReadonlySet<string> = new Set(["limits.sessions_max"]);

const KEYS = configKeys(ConfigFile).filter(({ inList }) => !inList);

/**
 * What is in force when the settings change under a running Straddle, and the keys whose change waits
 * for its next start.
 */
export function takeOver(
  before: Config,
  after: Config,
): { readonly inForce: Config; readonly waiting: readonly string[] } {
  const waiting = KEYS.filter(
    (key) => isStatic(key) && text(before.written, key) !== text(after.written, key),
  );
  const written: Record<string, unknown> = structuredClone(after.written);
  for (const { path } of waiting) assign(written, path, valueAt(before.written, path));
  const { listen, server, auth, control, audit, metrics, ledger, workers } = before;
  const limits = { ...after.limits, sessionsMax: before.limits.sessionsMax };
  return {
    inForce: {
      ...after,
      ...{ listen, server, auth, control, audit, metrics, ledger, workers },
      limits,
      written,
    },
    waiting: waiting.map(({ name }) => name),
  };
}

/** The keys whose values differ. */
export function changedKeys(before: Config, after: Config): readonly string[] {
  const changed = KEYS.filter((key) => text(before.written, key) !== text(after.written, key));
  return changed.map(({ name }) => name);
}

/** The settings in the file's spelling, with defaults and without secrets: fit to be shown. */
export function shownSettings(config: Config): Written {
  const { user, database } = config.control;
  const shown: Record<string, unknown> = {};
  for (const key of KEYS) {
    const value = valueAt(config.written, key.path) ?? key.default;
    if (value !== undefined) assign(shown, key.path, masked(key, value));
  }
  assign(shown, ["control", "user"], user);
  assign(shown, ["control", "database"], database);
  return shown;
}

function isStatic({ name, path }: ConfigKey): boolean {
  return STATIC_KEYS.has(name) || STATIC_SECTIONS.some((section) => section === path[0]);
}

function text(written: Written, key: ConfigKey): string {
  return JSON.stringify(valueAt(written, key.path) ?? key.default) ?? "";
}

function valueAt(written: Written, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => (isMapping(at) ? at[step] : undefined), written);
}

function masked({ name }: ConfigKey, value: unknown): unknown {
  if (name === "control.password") return "***";
  return name === "server.url" ? maskedUrl(String(value)) : value;
}

function maskedUrl(text: string): string {
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  for (const name of url.searchParams.keys()) {
    if (/password/i.test(name)) url.searchParams.set(name, "***");
  }
  return url.href;
}
