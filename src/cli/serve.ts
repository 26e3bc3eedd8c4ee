import type { Config } from "../config/config.ts";
import { checkStore, StoreError } from "../control/store.ts";
import { withConnection } from "./control-connection.ts";
import { SetupError } from "./fail.ts";
import { type Straddle, startStraddle } from "./run.ts";
import { Primary } from "./workers/primary.ts";
import { workerCount } from "./workers/worker-count.ts";

export type Serving = Omit<Straddle, "state">;

/** Starts Straddle in this process, or in as many more as the settings ask for. */
export async function serve(
  config: Config,
  options: { readonly configFile: string | undefined; readonly onQuit: () => void },
): Promise<Serving> {
  if (config.control.mode === "database") await requireStore(config);
  const workersCount = workerCount(config.workers);
  return workersCount === 1
    ? startStraddle(config, options)
    : Primary.start(config, { workersCount, ...options });
}

async function requireStore(config: Config): Promise<void> {
  try {
    await withConnection(config, (client) => checkStore(client, config.control.schema));
  } catch (error) {
    if (error instanceof StoreError) throw new SetupError(`control.mode: ${error.message}`);
    throw error;
  }
}
