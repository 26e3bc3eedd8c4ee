import { readFileSync } from "node:fs";
import { type Config, toConfig } from "./config.ts";
import { applyEnvironment, isMapping } from "./environment.ts";
import { explainIssue, keyName } from "./explain.ts";
import { ConfigFile } from "./schema.ts";
import { useUrlTls } from "./url-tls.ts";
import { configWarnings } from "./warnings.ts";
import { readYaml } from "./yaml.ts";

export type LoadedConfig =
  | { readonly kind: "ok"; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: "error"; readonly message: string };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings of a run: the file, with the environment laid over it. Reads the file and nothing
 * else. An error is one sentence, without a full stop, that names the key.
 */
export function loadConfig(input: {
  readonly file?: string | undefined;
  readonly env: Environment;
}): LoadedConfig {
  const { file, env } = input;
  if (file === undefined) return parseConfig("", env);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return { kind: "error", message: `${file} can't be read: ${reason(error)}` };
  }
  const loaded = parseConfig(text, env);
  return loaded.kind === "ok" ? loaded : { ...loaded, message: `${file}: ${loaded.message}` };
}

/** The same, of a file's text. `today` (YYYY-MM-DD) decides which windows are past their day. */
export function parseConfig(
  text: string,
  env: Environment,
  today: string = new Date().toISOString().slice(0, 10),
): LoadedConfig {
  const yaml = readYaml(text);
  if (yaml.kind === "error") return { kind: "error", message: `not YAML: ${yaml.message}` };
  const document = yaml.value ?? {}; // An empty file says nothing, which is fine.
  if (!isMapping(document)) return { kind: "error", message: "must be a mapping (key: value)" };

  const origins = applyEnvironment(document, ConfigFile, env);
  if (typeof origins === "string") return { kind: "error", message: origins };
  const isDatabaseUrl = useDatabaseUrl(document, env);
  const contradiction = useUrlTls(document);
  if (contradiction !== undefined) return { kind: "error", message: contradiction };

  const parsed = ConfigFile.safeParse(document, { reportInput: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    if (issue === undefined) return { kind: "error", message: parsed.error.message };
    const origin = origins.get(keyName(issue.path));
    const from = origin === undefined ? "" : ` (from ${origin})`;
    return { kind: "error", message: explainIssue(issue, ConfigFile) + from };
  }
  const config = toConfig(parsed.data, document);
  if (typeof config === "string") {
    const message = isDatabaseUrl ? config.replace(/^server\.url\b/, "DATABASE_URL") : config;
    return { kind: "error", message };
  }
  return { kind: "ok", config, warnings: configWarnings(config, today) };
}

/** `DATABASE_URL` is the server when nothing else names one. Whether it is. */
function useDatabaseUrl(document: Record<string, unknown>, env: Environment): boolean {
  const url = env["DATABASE_URL"];
  if (url === undefined || url === "") return false;
  document["server"] ??= {};
  const { server } = document;
  if (!isMapping(server)) return false;
  if (["host", "socket", "url"].some((way) => server[way] !== undefined)) return false;
  server["url"] = url;
  return true;
}

function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}
