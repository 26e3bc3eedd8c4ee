import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import type { NetworkNamespace } from "./network-namespace.ts";
import type { TestDatabase } from "./server.ts";
import { until } from "./until.ts";

/** `straddle run` as a process of its own, compiled from the sources at hand. */
export interface StraddleProcess {
  readonly processId: number;
  readonly port: number;
  readonly metricsPort: number;
  /** Its own log so far. */
  readonly log: () => string;
  /** What it has written to standard output so far. */
  readonly output: () => string;
  /** A page of its admin port. */
  page(path: string): Promise<{ readonly status: number; readonly body: string }>;
  signal(signal: NodeJS.Signals): void;
  /** The exit status, when it has ended. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM; the exit status. */
  stop(): Promise<number | null>;
}

let folder: string | undefined;

/** A folder for this test file's own files; gone at the end. */
export function ownFolder(): string {
  if (folder !== undefined) return folder;
  const made = mkdtempSync(join(tmpdir(), "straddle-test-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  folder = made;
  return made;
}

let lastFile = 0;

/** Writes a configuration file in front of a test's database; gives its path. */
export function writeConfig(database: TestDatabase, yaml: string): string {
  const { host, port } = database.connection;
  const hasKey = (key: string) => new RegExp(`^${key}:`, "m").test(yaml);
  const parts = {
    listen: "{ port: 0 }",
    server: `{ host: ${host}, port: ${port} }`,
    control: `{ user: postgres, database: ${database.name} }`,
    audit: "{ to: off }",
    metrics: "{ port: 0 }",
  };
  const defaults = Object.entries(parts).filter(([key]) => !hasKey(key));
  lastFile += 1;
  const file = join(ownFolder(), `straddle-${lastFile}.yaml`);
  writeFileSync(file, [...defaults.map(([key, value]) => `${key}: ${value}`), yaml].join("\n"));
  return file;
}

function spawnStraddle(file: string, namespace?: NetworkNamespace) {
  const env = { PATH: process.env["PATH"] };
  const args = [inject("main"), "run", "--config", file];
  const command = namespace?.entering(process.execPath, args) ?? [process.execPath, args];
  return spawn(...command, {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Starts it, and resolves when it says where it listens. */
export async function startStraddleProcess(
  file: string,
  namespace?: NetworkNamespace,
): Promise<StraddleProcess> {
  const child = spawnStraddle(file, namespace);
  let log = "";
  let output = "";
  let isOver = false;
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = once(child, "exit").then(([status]: (number | null)[]) => {
    isOver = true;
    return status ?? null;
  });
  await until("the start", async () => {
    if (isOver) throw new Error(`Straddle has ended: ${log}`);
    return log.includes("listening on");
  });
  const port = Number(/listening on [^;]*?:(\d+)/.exec(log)?.[1]);
  const metricsPort = Number(/metrics http:\/\/[^/]*:(\d+)\//.exec(log)?.[1]);
  return {
    processId: child.pid ?? 0,
    port,
    metricsPort,
    log: () => log,
    output: () => output,
    async page(path) {
      const response = await fetch(`http://127.0.0.1:${metricsPort}${path}`);
      return { status: response.status, body: await response.text() };
    },
    signal: (signal) => child.kill(signal),
    ended,
    async stop() {
      if (!isOver) child.kill("SIGTERM");
      return ended;
    },
  };
}

/** Starts one that can't start: its exit status and what it says. */
export async function failToStart(file: string): Promise<{ status: number; words: string }> {
  const child = spawnStraddle(file);
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words += chunk.toString();
  });
  const [status] = await once(child, "close");
  return { status, words };
}
