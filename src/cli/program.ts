import { Command } from "commander";
import { exitWith, SETUP_EXIT_CODE } from "./fail.ts";
import { packageVersion } from "./package-version.ts";

/** Each is loaded when it is asked for: together they are several times as much as `run` needs. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ["run", async () => (await import("./run-command.ts")).runCommand()],
  ["check", async () => (await import("./check-command.ts")).checkCommand()],
  ["rewrite", async () => (await import("./rewrite-command.ts")).rewriteCommand()],
  ["rehearse", async () => (await import("./rehearse-command.ts")).rehearseCommand()],
  ["lint", async () => (await import("./lint-command.ts")).lintCommand()],
  ["plan", async () => (await import("./plan-command.ts")).planCommand()],
  ["guard", async () => (await import("./guard-command.ts")).guardCommand()],
  ["control", async () => (await import("./control-command.ts")).controlCommand()],
  ["window", async () => (await import("./window-command.ts")).windowCommand()],
  ["ready", async () => (await import("./ready-command.ts")).readyCommand()],
  ["versions", async () => (await import("./versions-command.ts")).versionsCommand()],
  ["settings", async () => (await import("./settings-command.ts")).settingsCommand()],
]);

/** What says the version needs no command at all. */
const VERSION_OPTIONS: readonly (string | undefined)[] = ["-V", "--version"];

/** The command `straddle`, with its arguments. Its exit status is the process's, which it may end. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program = new Command("straddle")
    .description("a PostgreSQL sidecar that lets two versions of an application run on one schema")
    .version(packageVersion())
    .showHelpAfterError("(straddle --help says what there is)");
  for (const load of wanted(args[0])) program.addCommand(await load());
  exitsAsSetup(program);
  await program.parseAsync(args, { from: "user" }).catch(exitWith);
}

function wanted(first: string | undefined): Iterable<() => Promise<Command>> {
  if (VERSION_OPTIONS.includes(first)) return [];
  const asked = COMMANDS.get(first ?? "");
  return asked === undefined ? COMMANDS.values() : [asked];
}

/** A misspelt option is a wrong set-up as well: 2 instead of commander's 1. */
function exitsAsSetup(command: Command): Command {
  for (const each of command.commands) exitsAsSetup(each);
  return command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : SETUP_EXIT_CODE));
}
