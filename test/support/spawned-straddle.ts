import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import type { TestDatabase } from "./server.ts";

/** `straddle run` as a process of its own. */
export interface BuiltStraddle {
  readonly port: number;
  readonly metricsPort: number;
  readonly child: ChildProcess;
  /** All that it has said on stderr. */
  words(): string;
  /** Bytes of memory that the process has now. */
  metric(name: string): Promise<number>;
  /** By a signal; resolves when it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** `settings` are further top-level keys, as YAML; `shell` runs it under other limits. */
export async function startBuiltStraddle(
  database: TestDatabase,
  settings = "",
  options: { readonly shell?: (command: string) => string; readonly nodeOptions?: string } = {},
): Promise<BuiltStraddle> {
  const folder = mkdtempSync(join(tmpdir(), "straddle-built-"));
  const file = join(folder, "straddle.yaml");
  const { host, port } = database.connection;
  const audit = /^audit:/m.test(settings) ? "" : "audit: { to: off }";
  writeFileSync(
    file,
    `listen: { port: 0 }
server: { host: ${host}, port: ${port} }
control: { user: postgres, database: ${database.name} }
metrics: { port: 0 }
${audit}
${settings}`,
  );
  const command = [process.execPath, inject("main"), "run", "--config", file];
  // What the tests themselves are told is no setting of Straddle's.
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("STRADDLE_"));
  const env = { ...Object.fromEntries(others), NODE_OPTIONS: options.nodeOptions ?? "" };
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const child =
    options.shell === undefined
      ? spawn(command[0] ?? "", command.slice(1), { env, stdio: [...stdio] })
      : spawn("sh", ["-c", options.shell(`exec ${command.join(" ")}`)], {
          env,
          stdio: [...stdio],
        });
  let words = "";
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const serving = await new Promise<RegExpExecArray>((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      words += chunk.toString();
      const found = /listening on \S+:(\d+)[^;]*;.*\/\/\S+:(\d+)\/metrics/.exec(words);
      if (found !== null) resolve(found);
    });
    child.once("exit", () => reject(new Error(`straddle did not start: ${words}`)));
  });
  const metricsPort = Number(serving[2]);
  return {
    port: Number(serving[1]),
    metricsPort,
    child,
    words: () => words,
    async metric(name) {
      const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
      const text = await answer.text();
      const values = text
        .split("\n")
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .map((line) => Number(line.split(" ").at(-1)));
      return values.reduce((sum, value) => sum + value, 0);
    },
    async end(signal = "SIGTERM") {
      child.kill(signal);
      await ended;
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
