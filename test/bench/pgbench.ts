import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Address } from "./raw-client.ts";
import { percentile } from "./statistics.ts";
import { DATABASE, USER } from "./target.ts";

const run = promisify(execFile);

export type QueryMode = "simple" | "extended" | "prepared";

export interface PgbenchResult {
  /** Transactions per second, without the time to connect. */
  readonly rate: number;
  readonly transactionCount: number;
  /** Only when asked for. */
  readonly latency: { readonly p50Us: number; readonly p99Us: number } | undefined;
}

/** pgbench's own tables, at scale 1: everything is in memory. */
export async function initializePgbench(command: string, address: Address): Promise<void> {
  const args = ["--initialize", "--quiet", "--scale=1", ...addressArguments(address)];
  await run(command, args, { env: environment("") });
}

/** One run of `pgbench -S`: one SELECT by primary key per transaction. */
export async function runPgbench(options: {
  readonly command: string;
  readonly address: Address;
  readonly mode: QueryMode;
  readonly clientCount: number;
  readonly seconds: number;
  readonly applicationName: string;
  readonly folder: string;
  readonly wantsLatency: boolean;
}): Promise<PgbenchResult> {
  const { command, address, mode, clientCount, seconds, wantsLatency } = options;
  const logs = mkdtempSync(join(options.folder, "pgbench-"));
  const args = [
    "--no-vacuum",
    "--select-only",
    `--protocol=${mode}`,
    `--client=${clientCount}`,
    `--jobs=${Math.min(clientCount, availableParallelism())}`,
    `--time=${seconds}`,
    ...(wantsLatency ? ["--log", `--log-prefix=${join(logs, "log")}`] : []),
    ...addressArguments(address),
  ];
  try {
    const { stdout } = await run(command, args, { env: environment(options.applicationName) });
    return { ...readPgbench(stdout), latency: wantsLatency ? latencyOf(logs) : undefined };
  } finally {
    rmSync(logs, { recursive: true });
  }
}

/** What pgbench prints at the end of a run. */
export function readPgbench(output: string): Omit<PgbenchResult, "latency"> {
  const rate = /^tps = ([\d.]+) /m.exec(output)?.[1];
  const count = /^number of transactions actually processed: (\d+)/m.exec(output)?.[1];
  const failedCount = /^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? "0";
  if (rate === undefined || count === undefined || failedCount !== "0") {
    throw new Error(`pgbench failed: ${output.trim()}`);
  }
  return { rate: Number(rate), transactionCount: Number(count) };
}

/** A line per transaction: client, number, microseconds, ... */
function latencyOf(folder: string): PgbenchResult["latency"] {
  const values = readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .flatMap((line) => (line === "" ? [] : [Number(line.split(" ")[2])]));
  const p50Us = percentile(values, 0.5);
  const p99Us = percentile(values, 0.99);
  return p50Us === undefined || p99Us === undefined ? undefined : { p50Us, p99Us };
}

function addressArguments({ host, port }: Address): readonly string[] {
  return [`--host=${host}`, `--port=${port}`, `--username=${USER}`, DATABASE];
}

function environment(applicationName: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PGAPPNAME: applicationName,
    PGSSLMODE: "disable",
    PGGSSENCMODE: "disable",
  };
}
