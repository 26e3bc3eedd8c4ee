import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { parse } from "yaml";
import type { NetworkNamespace } from "./network-namespace.ts";
import type { TestDatabase } from "./server.ts";
import { until } from "./until.ts";

/** `straddle run` as a process of its own, compiled from the sources at hand. */
export interface StraddleProcess {
  readonly processId: number;
  readonly port: number;
  readonly metricsPort: number;
  readonly configFile: string;
  /** Its own log so far. */
  readonly log: () => string;
  /** What it has written to standard output so far. */
  readonly output: () => string;
  /** A page of its admin port. */
  page(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** A metric's value now: of one sample, or of all that have this name together. */
  metric(sample: string): Promise<number>;
  signal(signal: NodeJS.Signals): void;
  readonly hasEnded: () => boolean;
  /** The exit status, when it has ended; null by a signal. */
  readonly ended: Promise<number | null>;
  /** Sends a signal, SIGTERM if nothing is said; the exit status. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  readonly namespace?: NetworkNamespace;
  /** A shell's command that runs the given one, under other limits. */
  readonly shell?: (command: string) => string;
  readonly nodeOptions?: string;
}

/** Several processes start one after the other, and machines are busy. */
const START_MS = 60_000;

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
  lastFile += 1;
  const file = join(ownFolder(), `straddle-${lastFile}.yaml`);
  writeFileSync(file, settingsFor(database, yaml));
  return file;
}

/** All but what is said in `yaml` on free ports, without an audit log. JSON is YAML. */
export function settingsFor(database: TestDatabase, yaml: string): string {
  const { host, port } = database.connection;
  return JSON.stringify({
    listen: { port: 0 },
    server: { host, port },
    control: { user: "postgres", database: database.name },
    audit: { to: "off" },
    metrics: { port: 0 },
    ...parse(yaml),
  });
}

function spawnStraddle(file: string, { namespace, shell, nodeOptions }: StartOptions = {}) {
  const command = [process.execPath, inject("main"), "run", "--config", file];
  const wrapped = shell === undefined ? command : ["sh", "-c", shell(`exec ${command.join(" ")}`)];
  const [program = "", ...args] = wrapped;
  const run = namespace?.entering(program, args) ?? [program, args];
  // What the tests themselves are told is no setting of Straddle's.
  const env = { PATH: process.env["PATH"], NODE_OPTIONS: nodeOptions };
  return spawn(...run, { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** Starts it in front of a database, with settings as YAML. */
export function runStraddle(
  database: TestDatabase,
  yaml = "",
  options: StartOptions = {},
): Promise<StraddleProcess> {
  return startStraddleProcess(writeConfig(database, yaml), options);
}

/** Starts it, and resolves when it says where it listens. */
export async function startStraddleProcess(
  configFile: string,
  options: StartOptions = {},
): Promise<StraddleProcess> {
  const child = spawnStraddle(configFile, options);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let log = "";
  let output = "";
  let isOver = false;
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = once(child, "close").then(([status]: (number | null)[]) => {
    isOver = true;
    process.off("exit", kill);
    return status ?? null;
  });
  await until(
    "the start",
    async () => {
      if (isOver) throw new Error(`Straddle has ended: ${log}`);
      return log.includes("listening on");
    },
    START_MS,
  );
  const port = Number(/listening on [^;]*?:(\d+)/.exec(log)?.[1]);
  const metricsPort = Number(/metrics http:\/\/[^/]*:(\d+)\//.exec(log)?.[1]);
  const page: StraddleProcess["page"] = async (path) => {
    const response = await fetch(`http://127.0.0.1:${metricsPort}${path}`);
    return { status: response.status, body: await response.text() };
  };
  return {
    processId: child.pid ?? 0,
    port,
    metricsPort,
    configFile,
    log: () => log,
    output: () => output,
    page,
    metric: async (sample) => sampleValue(sample, (await page("/metrics")).body),
    signal: (signal) => child.kill(signal),
    hasEnded: () => isOver,
    ended,
    async stop(signal = "SIGTERM") {
      if (!isOver) child.kill(signal);
      return ended;
    },
  };
}

function sampleValue(sample: string, page: string): number {
  const lines = page.split("\n");
  const found = lines.filter(
    (line) => line.startsWith(`${sample} `) || line.startsWith(`${sample}{`),
  );
  if (found.length === 0) throw new Error(`${sample} is not in:\n${page}`);
  return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
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
