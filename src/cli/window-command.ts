import { Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../config/duration.ts";
import { closeWindow } from "./window/close.ts";
import { flipWindow } from "./window/flip.ts";
import { openWindow } from "./window/open.ts";
import { type Outcome, type Printed, print, printed } from "./window/outcome.ts";
import { type Declaration, planWindow } from "./window/plan.ts";
import { progressOn } from "./window/progress.ts";
import { listWindows, showWindow } from "./window/show.ts";
import {
  findWindow,
  type StoreOptions,
  type StoreSession,
  withStore,
} from "./window/store-session.ts";

interface Options extends StoreOptions {
  readonly json?: boolean;
  readonly note?: string;
}

/**
 * `straddle window …`: windows in the store of `control.mode: database`, from their plan to their end. 0 if it is
 * done, or was already; 1 if it is refused; 2 if the command or the set-up is wrong. `show` is told what to print.
 */
export function windowCommand(show: (result: Printed) => void = print): Command {
  const run = async (options: Options, work: (session: StoreSession) => Promise<Outcome>) =>
    show(printed(await withStore(options, work), { json: options.json === true }));
  const window = new Command("window").description(
    "windows in the database, for all instances at once (control.mode: database)",
  );
  addPlan(window, run);
  addOpen(window, run);
  addFlip(window, run, "flip", "renames, while the whole fleet holds what that would break");
  addFlip(window, run, "unflip", "renames back, in the same way");
  addClose(window, run);
  subcommand(window, "list", "lists the windows that are not closed")
    .option("--all", "those that are closed, too")
    .action((options: Options & { all?: boolean }) =>
      run(options, (session) => listWindows(session, { all: options.all === true })),
    );
  subcommand(window, "show", "shows a window: its history, and what each instance has made of it")
    .argument("<window>", "its number, or its table")
    .action((named: string, options: Options) =>
      run(options, async (session) => showWindow(session, await findWindow(session, named))),
    );
  return window;
}

type Runner = (
  options: Options,
  work: (session: StoreSession) => Promise<Outcome>,
) => Promise<void>;

interface PlanOptions extends Options {
  readonly table: string;
  readonly rename?: readonly string[];
  readonly renameTable?: string;
  readonly old: string;
  readonly new: string;
  readonly app?: string;
  readonly closes?: string;
}

function addPlan(window: Command, run: Runner): void {
  withNote(subcommand(window, "plan", "writes a window down; nothing changes before it is opened"))
    .requiredOption("--table <name>", "the table, schema.table, under its old name")
    .option("--rename <old=new...>", "columns, old name to new name")
    .option("--rename-table <name>", "the table's own new name, without schema")
    .requiredOption("--old <range>", 'versions that use the old names, such as "<2.0.0"')
    .requiredOption("--new <range>", 'versions that use the new names, such as ">=2.0.0"')
    .option("--app <name>", "only this application's versions are meant")
    .option("--closes <day>", "a day (2026-12-01) from which on to warn")
    .action((options: PlanOptions) => {
      const declaration: Declaration = {
        table: options.table,
        rename: options.rename ?? [],
        rename_table: options.renameTable,
        old: options.old,
        new: options.new,
        app: options.app,
        closes: options.closes,
      };
      return run(options, (session) => planWindow(session, declaration, options.note ?? ""));
    });
}

interface OpenOptions extends Options {
  readonly acceptBlindSpots?: boolean;
  readonly timeout: number;
}

function addOpen(window: Command, run: Runner): void {
  withNote(subcommand(window, "open", "puts a window in force on all instances"))
    .argument("<window>", "its number, or its table")
    .option("--accept-blind-spots", "open it although its rename breaks something in the database")
    .addOption(duration("--timeout", "how long to wait for the instances", "30s"))
    .action((named: string, options: OpenOptions) =>
      run(options, async (session) =>
        openWindow(session, await findWindow(session, named), {
          acceptBlindSpots: options.acceptBlindSpots === true,
          note: options.note ?? "",
          timeoutMs: options.timeout,
          progress: progressOn(process.stderr),
        }),
      ),
    );
}

function addFlip(window: Command, run: Runner, name: "flip" | "unflip", description: string): void {
  withNote(subcommand(window, name, description))
    .argument("<window>", "its number, or its table")
    .addOption(duration("--timeout", "how long to try", "1min"))
    .action((named: string, options: Options & { readonly timeout: number }) =>
      run(options, async (session) =>
        flipWindow(session, await findWindow(session, named), {
          to: name === "flip" ? "new" : "old",
          note: options.note ?? "",
          timeoutMs: options.timeout,
          progress: progressOn(process.stderr),
        }),
      ),
    );
}

interface CloseOptions extends Options {
  readonly withdraw?: boolean;
  readonly quietFor: number;
  readonly ignore?: readonly string[];
  readonly timeout: number;
}

function addClose(window: Command, run: Runner): void {
  withNote(subcommand(window, "close", "ends a window that no version needs any more"))
    .argument("<window>", "its number, or its table")
    .option(
      "--withdraw",
      "its rename is not to happen: the new range must be gone, not the old one",
    )
    .addOption(
      duration("--quiet-for", "how long no statement of a version must have come", "15min"),
    )
    .option("--ignore <version...>", "applications, or app@version, that don't count")
    .addOption(duration("--timeout", "how long to wait for versions to go", "0s"))
    .action((named: string, options: CloseOptions) =>
      run(options, async (session) =>
        closeWindow(session, await findWindow(session, named), {
          withdraw: options.withdraw === true,
          quietMs: options.quietFor,
          ignored: options.ignore ?? [],
          timeoutMs: options.timeout,
          note: options.note ?? "",
          progress: progressOn(process.stderr),
        }),
      ),
    );
}

/** An option whose value is milliseconds. */
function duration(flag: string, description: string, byDefault: string): Option {
  return new Option(`${flag} <duration>`, description)
    .argParser((text) => {
      const milliseconds = parseDuration(text);
      if (milliseconds !== undefined) return milliseconds;
      throw new InvalidArgumentError("It is not a duration such as 500ms, 5s or 15min.");
    })
    .default(parseDuration(byDefault), byDefault);
}

function withNote(command: Command): Command {
  return command.option("--note <text>", "why, for the window's history");
}

function subcommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option("--role <role>", "log in as this role (default: control.user)")
    .option("--json", "print it as JSON");
}
