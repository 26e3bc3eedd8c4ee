import { Command } from "commander";
import type { Config } from "../config/config.ts";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { serverName } from "./control-connection.ts";
import { log } from "./log.ts";
import type { Straddle } from "./run.ts";
import { serve } from "./serve.ts";
import { StopRequests } from "./stop-requests.ts";

/** `straddle run`: serves until SIGTERM, SIGINT or a POST to /quitquitquit. */
export function runCommand(): Command {
  return new Command("run")
    .description("serves: accepts clients and passes them on to the server")
    .option("-c, --config <file>", "configuration file (default: $STRADDLE_CONFIG, straddle.yaml)")
    .action(async (options: { config?: string }) => {
      const file = configFile(options.config);
      const config = loadConfigOrThrow(file);
      const requests = new StopRequests();
      const straddle = await serve(config, {
        configFile: file,
        onQuit: () => requests.ask(),
      });
      log.info(servingLine(config, straddle));
      process.on("SIGHUP", () => {
        straddle.rereadSettings();
        straddle.reopenAudit().catch((error: unknown) => {
          log.problem("the audit log can't be opened anew", error);
        });
      });
      requests.listen(() => straddle.hurry());
      await requests.asked;
      await straddle.stop();
      log.info("stopped: all sessions have ended");
      process.exit(0);
    });
}

/** What runs, once it does: where clients and Prometheus come to, and what stands behind. */
export function servingLine(
  config: Config,
  at: Pick<Straddle, "port" | "socket" | "metricsPort" | "windowsCount">,
): string {
  const { host } = config.listen;
  const socket = at.socket === undefined ? "" : ` and ${at.socket}`;
  const metrics =
    at.metricsPort === undefined
      ? "off"
      : `http://${bracketed(config.metrics.host)}:${at.metricsPort}/metrics`;
  return [
    `listening on ${bracketed(host)}:${at.port}${socket}`,
    `server ${serverName(config)}, database ${config.control.database}`,
    `${at.windowsCount} window(s) open`,
    `metrics ${metrics}`,
  ].join("; ");
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
