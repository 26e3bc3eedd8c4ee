#!/usr/bin/env node
import { Command } from "commander";
import { checkCommand } from "./check-command.ts";
import { controlCommand } from "./control-command.ts";
import { exitWith, SETUP_EXIT_CODE } from "./fail.ts";
import { guardCommand } from "./guard-command.ts";
import { lintCommand } from "./lint-command.ts";
import { packageVersion } from "./package-version.ts";
import { planCommand } from "./plan-command.ts";
import { readyCommand } from "./ready-command.ts";
import { rehearseCommand } from "./rehearse-command.ts";
import { rewriteCommand } from "./rewrite-command.ts";
import { runCommand } from "./run-command.ts";
import { settingsCommand } from "./settings-command.ts";
import { versionsCommand } from "./versions-command.ts";
import { windowCommand } from "./window-command.ts";

const program = new Command("straddle")
  .description("a PostgreSQL sidecar that lets two versions of an application run on one schema")
  .version(packageVersion())
  .showHelpAfterError("(straddle --help says what there is)");

/** A misspelt option is a wrong set-up as well: 2 instead of commander's 1. */
function exitsAsSetup(command: Command): Command {
  for (const each of command.commands) exitsAsSetup(each);
  return command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : SETUP_EXIT_CODE));
}

for (const command of [
  runCommand(),
  checkCommand(),
  rewriteCommand(),
  rehearseCommand(),
  lintCommand(),
  planCommand(),
  guardCommand(),
  controlCommand(),
  windowCommand(),
  readyCommand(),
  versionsCommand(),
  settingsCommand(),
]) {
  program.addCommand(command);
}
exitsAsSetup(program);

await program.parseAsync().catch(exitWith);
