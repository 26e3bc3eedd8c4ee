import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { parse } from "yaml";
import type { TestDatabase } from "./server.ts";
import { until } from "./until.ts";

/** `straddle run` with these settings, as a process of its own. */
export async function runStraddle(database: TestDatabase, yaml: string): Promise<StraddleProcess> {
  const file = join(mkdtempSync(join(tmpdir(), "straddle-test-")), "straddle.yaml");
  writeFileSync(file, settingsFor(database, yaml));
  const child = spawn(process.execPath, [inject("main"), "run", "--config", file], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
  const straddle = new StraddleProcess(child, file);
  await until("straddle run", () => /listening on/.test(straddle.log) || straddle.hasExited);
  if (straddle.hasExited) throw new Error(straddle.log);
  return straddle;
}

/** All but what is said in `yaml` on free ports, without an audit log. */
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

export class StraddleProcess {
  readonly configFile: string;
  readonly #child: ChildProcess;
  log = "";
  /** Status or signal, once it has ended. */
  exit: number | string | undefined;
  readonly ended: Promise<void>;

  constructor(child: ChildProcess, configFile: string) {
    this.#child = child;
    this.configFile = configFile;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    this.ended = new Promise((done) => {
      child.once("close", (code, signal) => {
        this.exit = code ?? signal ?? undefined;
        rmSync(dirname(configFile), { recursive: true, force: true });
        done();
      });
    });
  }

  get hasExited(): boolean {
    return this.exit !== undefined;
  }

  get port(): number {
    return Number(/listening on \S+?:(\d+)/.exec(this.log)?.[1]);
  }

  get adminUrl(): string {
    return /metrics (\S+)\/metrics/.exec(this.log)?.[1] ?? "";
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The value of a metric's sample, which has to be there. */
  async metric(sample: string): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text();
    const line = text.split("\n").find((each) => each.startsWith(`${sample} `));
    if (line === undefined) throw new Error(`${sample} is not in:\n${text}`);
    return Number(line.slice(sample.length + 1));
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
