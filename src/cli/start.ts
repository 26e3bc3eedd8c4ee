/**
 * `npm start`: something to try at once, a PostgreSQL of its own with a small shop and Straddle in
 * front of it. With --config, or with DATABASE_URL, it serves one's own server, as `straddle run` does.
 */
import { Command } from "commander";
import { configFile, loadConfigOrThrow } from "./config-file.ts";
import { serverName } from "./control-connection.ts";
import { exitWith, SETUP_EXIT_CODE } from "./fail.ts";
import { startStraddle } from "./run.ts";
import { serve } from "./serve.ts";
import { startShop } from "./shop/start-shop.ts";
import { welcome } from "./shop/welcome.ts";
import { StopRequests } from "./stop-requests.ts";

const command = new Command("npm start --")
  .description("starts Straddle in front of a PostgreSQL with example data, or of your own")
  .option("-c, --config <file>", "serve your own server, with these settings")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : SETUP_EXIT_CODE))
  .action(async (options: { config?: string }) => {
    // Signals that come while things start end the process at once, and with it what it started.
    const leave = () => process.exit(0);
    for (const signal of SIGNALS) process.once(signal, leave);
    const requests = new StopRequests();
    const onQuit = () => requests.ask();
    const running = namesServer(options.config)
      ? await serveOwn(options.config, onQuit)
      : await serveShop(onQuit);
    for (const signal of SIGNALS) process.off(signal, leave);
    requests.listen(() => running.hurry());
    await requests.asked;
    await running.stop();
    process.exit(0);
  });

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

await command.parseAsync().catch(exitWith);

interface Running {
  stop(): Promise<void>;
  hurry(): void;
}

/** Whether the operator says which server it is. An empty variable says nothing. */
function namesServer(option: string | undefined): boolean {
  const variables = ["STRADDLE_CONFIG", "DATABASE_URL"];
  return option !== undefined || variables.some((name) => (process.env[name] ?? "") !== "");
}

async function serveOwn(option: string | undefined, onQuit: () => void): Promise<Running> {
  const file = configFile(option);
  const config = loadConfigOrThrow(file);
  const straddle = await serve(config, { configFile: file, onQuit });
  const { host } = config.listen;
  console.log(`Straddle serves ${serverName(config)} on ${host}:${straddle.port}. Ctrl-C ends it.`);
  return straddle;
}

async function serveShop(onQuit: () => void): Promise<Running> {
  const shop = await startShop();
  try {
    const straddle = await startStraddle(shop.config, { configFile: shop.configFile, onQuit });
    console.log(
      welcome({
        port: straddle.port,
        metricsPort: straddle.metricsPort,
        auditPath: shop.config.audit.path,
        configFile: shop.configFile,
        server: shop.server,
        database: shop.database,
        physicalName: shop.physicalName,
      }),
    );
    return {
      hurry: () => straddle.hurry(),
      async stop() {
        await straddle.stop();
        await shop.server.stop();
      },
    };
  } catch (error) {
    await shop.server.stop();
    throw error;
  }
}
