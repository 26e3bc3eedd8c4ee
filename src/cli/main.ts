#!/usr/bin/env node
import { Command } from "commander";
import { checkCommand } from "./check-command.ts";
import { exitWith, SETUP_EXIT_CODE } from "./fail.ts";
import { packageVersion } from "./package-version.ts";
import { rehearseCommand } from "./rehearse-command.ts";
import { rewriteCommand } from "./rewrite-command.ts";
import { runCommand } from "./run-command.ts";
import { settingsCommand } from "./settings-command.ts";

const program = new Command("straddle")
  .description("a PostgreSQL sidecar that lets two versions of an application run on one schema")
  .version(packageVersion())
  .showHelpAfterError("(straddle --help says what there is)");

for (const command of [
  runCommand(),
  checkCommand(),
  rewriteCommand(),
  rehearseCommand(),
  settingsCommand(),
]) {
  // A misspelt option is a wrong set-up as well: 2 instead of commander's 1.
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : SETUP_EXIT_CODE));
  program.addCommand(command);
}
program.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : SETUP_EXIT_CODE));

await program.parseAsync().catch(exitWith);
