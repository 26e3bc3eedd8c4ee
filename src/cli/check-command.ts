import { Command } from "commander";
import { check } from "./check.ts";
import { formatFindings, hasError } from "./check-report.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";

/** `straddle check`: 0 if nothing is wrong, 1 if a finding is an error, 2 if the set-up is wrong. */
export function checkCommand(): Command {
  return new Command("check")
    .description("says whether the configuration is good, the server there and the windows sane")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .option("--json", "print the findings as JSON")
    .action(async (options: { config?: string; json?: boolean }) => {
      const findings = await check(loadConfigOrThrow(configFile(options.config)));
      process.stdout.write(
        options.json === true ? `${JSON.stringify({ findings })}\n` : formatFindings(findings),
      );
      if (hasError(findings)) process.exitCode = 1;
    });
}
