import { Command } from "commander";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { log } from "./log.ts";
import { startStraddle } from "./run.ts";

/** `straddle run`: serves until SIGTERM or SIGINT. */
export function runCommand(): Command {
  return new Command("run")
    .description("serves: accepts clients and passes them on to the server")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .action(async (options: { config?: string }) => {
      const file = configFile(options.config);
      const straddle = await startStraddle(loadConfigOrThrow(file), { configFile: file });
      process.on("SIGHUP", () => {
        straddle.reopenAudit().catch((error: unknown) => {
          log.problem("the audit log can't be opened anew", error);
        });
      });
      const signals = ["SIGTERM", "SIGINT"] as const;
      await new Promise<void>((resolve) => {
        for (const signal of signals) process.once(signal, () => resolve());
      });
      await straddle.stop();
      process.exit(0);
    });
}
