import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { freePort } from "../embedded/free-port.ts";
import { shopSettings } from "../shop/settings.ts";
import { sourceOf } from "../source-of.ts";
import type { DeploymentPlan } from "./deployment.ts";
import type { Screen } from "./screen.ts";
import { done, straddleCommand } from "./straddle-command.ts";
import { type StraddleProcess, startStraddleProcess } from "./straddle-process.ts";

const INSTANCES_COUNT = 2;
/** A demonstration does not take the quarter of an hour that a real one would wait. */
const QUIET_FOR = "2s";

/** Two instances of Straddle before one database, and the plan of a deployment through them. */
export interface DemoFleet {
  readonly plan: DeploymentPlan;
  stop(): Promise<void>;
}

/** Starts them, with a window in their store that is open when this resolves. */
export async function startFleet(
  server: pg.ClientConfig,
  options: { readonly database: string; readonly folder: string; readonly screen: Screen },
): Promise<DemoFleet> {
  const { database, folder, screen } = options;
  const show = (lines: readonly string[]) => {
    for (const line of lines) screen.line(`  ${line}`);
  };
  const program = sourceOf(import.meta.url, "../main");
  const instances: { readonly configFile: string; readonly connection: pg.ClientConfig }[] = [];
  for (let index = 0; index < INSTANCES_COUNT; index += 1) {
    const configFile = join(folder, `straddle-${index}.yaml`);
    const listenPort = await freePort();
    const settings = shopSettings({
      server: { host: String(server.host), port: Number(server.port) },
      database,
      listenPort,
      metricsPort: await freePort(),
      auditPath: join(folder, `audit-${index}.jsonl`),
      windowIn: "store",
    });
    writeFileSync(configFile, settings);
    instances.push({ configFile, connection: { ...server, port: listenPort, database } });
  }
  const straddle = straddleCommand(program, instances[0]?.configFile ?? "");
  show(await done(straddle("control", "init")));
  const processes: StraddleProcess[] = [];
  for (const { configFile, connection } of instances) {
    processes.push(await startStraddleProcess(program, configFile, connection));
  }
  const window = ["--table", "public.orders", "--rename", "user_id=customer_id"];
  const ranges = ["--old", "<2.0.0", "--new", ">=2.0.0"];
  show(await done(straddle("window", "plan", ...window, ...ranges)));
  show(await done(straddle("window", "open", "1")));
  return {
    plan: {
      connections: instances.map(({ connection }) => connection),
      rename: () => done(straddle("window", "flip", "1")),
      finish: async (straggler) => {
        const close = ["window", "close", "1", "--quiet-for", QUIET_FOR];
        const early = await straddle(...close);
        show(early.lines);
        if (early.status !== 1) throw new Error("the window was closed, and version 1 still there");
        await straggler.stop();
        screen.line("  The straggler is stopped.");
        show(await done(straddle(...close, "--timeout", "1min")));
      },
    },
    async stop() {
      await Promise.all(processes.map((each) => each.stop()));
    },
  };
}
