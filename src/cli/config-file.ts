import { existsSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { SetupError } from "./fail.ts";

const DEFAULT_FILE = "straddle.yaml";

/** Which file a command reads: `--config`, or STRADDLE_CONFIG, or straddle.yaml if it is there. */
export function configFile(option: string | undefined): string | undefined {
  return (
    option ??
    process.env["STRADDLE_CONFIG"] ??
    (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined)
  );
}

/** The settings of a command. Warnings go to stderr; what is wrong is a SetupError. */
export function loadConfigOrThrow(file: string | undefined): Config {
  const loaded = loadConfig({ file, env: process.env });
  if (loaded.kind === "error") throw new SetupError(loaded.message);
  for (const warning of loaded.warnings) process.stderr.write(`straddle: warning: ${warning}\n`);
  return loaded.config;
}
