import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { parseDuration } from "../config/duration.ts";
import { parseAskedName } from "../ledger/asked-name.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { SETUP_EXIT_CODE, SetupError } from "./fail.ts";
import { adminAddresses, askUses } from "./ready/ask-instances.ts";
import { askStore } from "./ready/ask-store.ts";
import { lookUpInDatabase } from "./ready/in-database.ts";
import { readiness } from "./ready/readiness.ts";
import { formatReadiness } from "./ready/report.ts";

interface Options {
  readonly config?: string;
  readonly admin?: readonly string[];
  readonly quietFor?: string;
  readonly json?: boolean;
}

/** `straddle ready`: 0 for yes, 1 for no, 2 if it can't be told or the set-up is wrong. */
export function readyCommand(): Command {
  return new Command("ready")
    .description("says whether a table or a column is still used, and by whom")
    .argument("<name>", "schema.table.column, or schema.table")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option(
      "--admin <host:port...>",
      "where to ask: of every instance (default: metrics.host, .port)",
    )
    .option(
      "--quiet-for <duration>",
      "how long nobody must have used it (default: ledger.quiet_for)",
    )
    .option("--json", "print the answer as JSON")
    .action(async (name: string, options: Options) => {
      const config = loadConfigOrThrow(configFile(options.config));
      const asked = parseAskedName(name);
      if (typeof asked === "string") throw new SetupError(asked);
      const quietMs = quietFor(options.quietFor, config);
      const addresses = adminAddresses(config, options.admin ?? []);
      const [inDatabase, ...instances] = await Promise.all([
        lookUpInDatabase(config, asked),
        ...(config.control.mode === "database" ? [askStore(config, { of: asked, quietMs })] : []),
        ...addresses.map((address) => askUses(address, { of: name, quietMs })),
      ]);
      const { isKnown, bodies: database } = inDatabase;
      const answer = readiness({ name, quietMs, instances, database, isKnown });
      process.stdout.write(
        options.json === true ? `${JSON.stringify(answer)}\n` : formatReadiness(answer),
      );
      process.exitCode = { yes: 0, no: 1, unknown: SETUP_EXIT_CODE }[answer.answer];
    });
}

function quietFor(text: string | undefined, { ledger }: Config): number {
  if (text === undefined) return ledger.quietMs;
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds === 0) {
    throw new SetupError(`--quiet-for must be a duration above 0 such as 15min, not "${text}"`);
  }
  return milliseconds;
}
