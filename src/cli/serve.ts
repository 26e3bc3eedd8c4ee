import type { Config } from "../config/config.ts";
import { type Straddle, startStraddle } from "./run.ts";
import { Primary } from "./workers/primary.ts";
import { workerCount } from "./workers/worker-count.ts";

export type Serving = Pick<Straddle, "port" | "socket" | "metricsPort" | "reopenAudit" | "stop">;

/** Starts Straddle in this process, or in as many more as the settings ask for. */
export function serve(config: Config, configFile: string | undefined): Promise<Serving> {
  const workersCount = workerCount(config.workers);
  return workersCount === 1
    ? startStraddle(config, { configFile })
    : Primary.start(config, { workersCount, configFile });
}
