import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../src/cli/embedded/free-port.ts";
import { processTree } from "./process-usage.ts";
import type { Address } from "./raw-client.ts";
import { DATABASE, startProxy, type Target, USER } from "./target.ts";

/** An application whose window is on a table that the runs do not touch. */
export const OTHER_TABLE = "shop@1.0.0";
/** An application whose window is on pgbench's own table: every statement is rewritten. */
export const SAME_TABLE = "bank@1.0.0";

/** What the first window renames; it has to be there before Straddle starts. */
export const WINDOW_TABLE = "CREATE TABLE bench_orders (id int PRIMARY KEY, user_id int)";

/**
 * Garbage is collected when we say so, too: it would hide what a session needs. It does nothing
 * else, so the program is the one that is shipped.
 */
const COLLECT_ON_SIGNAL = [
  "--expose-gc",
  "--import",
  'data:text/javascript,process.on("SIGUSR2", () => globalThis.gc())',
];
const COLLECT_MS = 500;

/** Straddle as it is used: windows open, audit to a file, metrics on. A process of its own. */
export async function startStraddle(
  server: Address,
  folder: string,
  options: {
    readonly sessionsMax: number;
    readonly nodeOptions: readonly string[];
    readonly workers: number;
    readonly windows?: readonly object[];
    /** The store that a fleet has in common is used. */
    readonly hasStore?: boolean;
  },
): Promise<Target> {
  const main = "dist/cli/main.js";
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
  const port = await freePort();
  const auditFile = join(folder, "audit.jsonl");
  const file = join(folder, "straddle.yaml");
  // JSON is YAML.
  const config = {
    listen: { port },
    server: { host: server.host, port: server.port },
    control: {
      mode: options.hasStore === true ? "database" : "file",
      user: USER,
      database: DATABASE,
    },
    windows: options.windows ?? [
      windowOf("shop", "bench_orders", { user_id: "customer_id" }),
      windowOf("bank", "pgbench_accounts", { abalance: "balance" }),
    ],
    audit: { to: "file", path: auditFile },
    metrics: { port: await freePort() },
    limits: { sessions_max: options.sessionsMax },
    workers: options.workers,
  };
  writeFileSync(file, JSON.stringify(config, null, 2));
  const proxy = await startProxy({
    name: "Straddle",
    command: process.execPath,
    args: [...COLLECT_ON_SIGNAL, ...options.nodeOptions, main, "run", "--config", file],
    port,
  });
  return {
    ...proxy,
    // Some hundred bytes per statement would fill the disk in the end. The file is appended to.
    async beforeRun() {
      truncateSync(auditFile);
    },
    async tidyMemory() {
      const ids = proxy.processId === undefined ? [] : processTree(proxy.processId);
      for (const id of ids) process.kill(id, "SIGUSR2");
      await sleep(COLLECT_MS);
    },
  };
}

/** A window as the configuration has it. */
export function windowOf(
  app: string,
  table: string,
  rename: Readonly<Record<string, string>>,
): object {
  return { table: `public.${table}`, rename, old: "<2.0.0", new: ">=2.0.0", app };
}
