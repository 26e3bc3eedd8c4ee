import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { withClient } from "../shop/seed.ts";

const START_MS = 15_000;

/** Straddle as a process of its own, as `straddle run` is. */
export interface StraddleProcess {
  readonly processId: number;
  stop(): Promise<void>;
}

/** Resolves when the process answers at `connection`. `program` is the `straddle` command's file. */
export async function startStraddleProcess(
  program: string,
  configFile: string,
  connection: pg.ClientConfig,
): Promise<StraddleProcess> {
  const child = fork(program, ["run", "--config", configFile], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-2_000);
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const deadline = Date.now() + START_MS;
  while (!(await answers(connection))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      kill();
      throw new Error(`Straddle did not start: ${words.trim()}`);
    }
    await sleep(50);
  }
  return {
    processId: child.pid ?? 0,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      process.off("exit", kill);
    },
  };
}

async function answers(connection: pg.ClientConfig): Promise<boolean> {
  return withClient(connection, (client) => client.query("SELECT 1")).then(
    () => true,
    () => false,
  );
}
