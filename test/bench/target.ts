import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, RawClient } from "./raw-client.ts";
import type { TargetName } from "./report.ts";

/** Somewhere to connect to, and what is known of the process behind it. */
export interface Target extends Address {
  readonly name: TargetName;
  /** The proxy's; undefined for `direct`, whose processes are PostgreSQL's own. */
  readonly processId: number | undefined;
  /** From its start to the first connection; undefined for `direct`. */
  readonly startMs: number | undefined;
  /** Makes every run begin alike. */
  beforeRun(): Promise<void>;
  /** Gives up what memory is not in use, as far as it can be told to. */
  tidyMemory(): Promise<void>;
  stop(): Promise<void>;
}

export const USER = "postgres";
export const DATABASE = "bench";

const START_MS = 30_000;
const POLL_MS = 5;

export function connect(target: Address, applicationName: string): Promise<RawClient> {
  return RawClient.connect(target, {
    user: USER,
    database: DATABASE,
    application_name: applicationName,
  });
}

/** Starts a proxy, and waits until it lets a session in. */
export async function startProxy(options: {
  readonly name: TargetName;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
}): Promise<Omit<Target, "beforeRun" | "tidyMemory">> {
  const { name, command, args, port, account } = options;
  const address = { host: "127.0.0.1", port };
  const startedMs = performance.now();
  const child = spawn(command, args, { ...account, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const collect = (chunk: Buffer) => {
    output = `${output}${chunk.toString()}`.slice(-2_000);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  child.on("error", (error) => {
    output += error.message;
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  for (;;) {
    try {
      (await connect(address, "")).close();
      break;
    } catch (error) {
      if (hasEnded(child) || performance.now() - startedMs > START_MS) {
        throw new Error(`${name} does not start: ${output.trim()} (${String(error)})`);
      }
      await sleep(POLL_MS);
    }
  }
  const startMs = performance.now() - startedMs;
  return {
    ...address,
    name,
    processId: child.pid,
    startMs,
    async stop() {
      process.off("exit", kill);
      if (hasEnded(child)) throw new Error(`${name} has ended by itself: ${output.trim()}`);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const timer = setTimeout(kill, START_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
