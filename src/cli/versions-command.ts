import { Command } from "commander";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { SETUP_EXIT_CODE } from "./fail.ts";
import { adminAddresses, askLedger } from "./ready/ask-instances.ts";
import { formatVersions, joinedVersions } from "./ready/versions.ts";

interface Options {
  readonly config?: string;
  readonly admin?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `straddle versions`: 0, or 2 if an instance does not answer or the set-up is wrong. */
export function versionsCommand(): Command {
  return new Command("versions")
    .description("says which versions of which applications are live, and since when")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option(
      "--admin <host:port...>",
      "where to ask: of every instance (default: metrics.host, .port)",
    )
    .option("--all", "those too that have no session and were not seen for ledger.quiet_for")
    .option("--json", "print them as JSON")
    .action(async (options: Options) => {
      const config = loadConfigOrThrow(configFile(options.config));
      const addresses = adminAddresses(config, options.admin ?? []);
      const instances = await Promise.all(addresses.map(askLedger));
      const versions = joinedVersions(instances).filter(
        ({ sessions, ago_ms }) =>
          options.all === true || sessions > 0 || (ago_ms ?? 0) < config.ledger.quietMs,
      );
      const silent = instances.flatMap((each) => (each.kind === "silent" ? [each.why] : []));
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ versions, silent })}\n`
          : formatVersions(versions),
      );
      for (const why of silent) process.stderr.write(`straddle: ${why}\n`);
      if (silent.length > 0) process.exitCode = SETUP_EXIT_CODE;
    });
}
