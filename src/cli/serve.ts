import type { Config } from "../config/config.ts";
import { type Straddle, startStraddle } from "./run.ts";
import { Primary } from "./workers/primary.ts";
import { workerCount } from "./workers/worker-count.ts";

export type Serving = Omit<Straddle, "state">;

/** Starts Straddle in this process, or in as many more as the settings ask for. */
export function serve(
  config: Config,
  options: { readonly configFile: string | undefined; readonly onQuit: () => void },
): Promise<Serving> {
  const workersCount = workerCount(config.workers);
  return workersCount === 1
    ? startStraddle(config, options)
    : Primary.start(config, { workersCount, ...options });
}
