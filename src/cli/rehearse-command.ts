import { Command } from "commander";
import { loadParser } from "../sql/parse.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { SetupError } from "./fail.ts";
import { formatRehearsal } from "./rehearse/rehearsal-report.ts";
import { rehearse } from "./rehearse/rehearse.ts";
import type { Scratch } from "./rehearse/scratch.ts";
import { parseTag } from "./rewrite-command.ts";

interface Options {
  readonly config?: string;
  readonly as?: string;
  readonly scratch?: string;
  readonly searchPath?: string;
  readonly distinctMax: string;
  readonly json?: boolean;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** `straddle rehearse`: 0 if all goes through, 1 if something would not, 2 if the set-up is wrong. */
export function rehearseCommand(): Command {
  return new Command("rehearse")
    .description(
      "proves the windows: rewrites and plans what versions say, on copies of the schema; executes nothing",
    )
    .argument("<file>", "an audit log, or with --as a file of SQL; - for stdin")
    .option("--as <app@version>", "the file is SQL, and this is who says it")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option("--scratch <url>", "the server to make the copies on (default: that of the settings)")
    .option("--search-path <schemas>", "the sessions' search_path (default: that of control.user)")
    .option("--distinct-max <count>", "different statements at most", "100000")
    .option("--json", "print the report as JSON")
    .action(async (file: string, options: Options) => {
      const config = loadConfigOrThrow(configFile(options.config));
      await loadParser();
      const report = await rehearse(config, {
        file,
        as: options.as === undefined ? undefined : parseTag(options.as),
        scratch: options.scratch,
        searchPath: options.searchPath,
        distinctMax: parseCount(options.distinctMax),
        onScratch: dropAtSignals,
      });
      process.stdout.write(
        options.json === true ? `${JSON.stringify(report)}\n` : formatRehearsal(report),
      );
      if (!report.ok) process.exitCode = 1;
    });
}

function dropAtSignals(scratch: Scratch): void {
  for (const [signal, status] of Object.entries(SIGNALS)) {
    process.once(signal, () => {
      const end = () => process.exit(status);
      scratch.drop().then(end, end);
    });
  }
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new SetupError(`--distinct-max must be a number above 0, not "${text}"`);
}
