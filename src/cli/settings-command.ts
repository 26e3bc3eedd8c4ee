import { Command } from "commander";
import { configReference } from "../config/reference.ts";

/** `straddle settings`: every setting, its default and its variable. README.md has the same table. */
export function settingsCommand(): Command {
  return new Command("settings")
    .description("prints all settings with their defaults, as a Markdown table")
    .action(() => {
      process.stdout.write(`${configReference()}\n`);
    });
}
