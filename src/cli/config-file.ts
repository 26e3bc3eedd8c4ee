import { existsSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { SetupError } from "./fail.ts";

const DEFAULT_FILE = "straddle.yaml";
const NO_FILE = `; there is no ${DEFAULT_FILE} in this folder: give a file by --config or STRADDLE_CONFIG`;

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
  if (loaded.kind === "error") {
    // Who names a server by a variable, but a wrong one, needs no file.
    const isNothingGiven =
      file === undefined && loaded.message.startsWith("server.host is missing");
    const hint = isNothingGiven ? NO_FILE : "";
    throw new SetupError(loaded.message + hint);
  }
  for (const warning of loaded.warnings) process.stderr.write(`straddle: warning: ${warning}\n`);
  return loaded.config;
}
