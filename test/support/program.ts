import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Debian's PostgreSQL 15: the server before protocol 3.2, and the tools of its time. */
export const POSTGRES_15 = "/usr/lib/postgresql/15/bin";
export const hasPostgres15: boolean = existsSync(join(POSTGRES_15, "postgres"));

export interface Program {
  readonly output: () => string;
  /** Its exit status, with all of its output; rejects when it was not 0. */
  readonly ended: Promise<string>;
  interrupt(): void;
}

/** Starts one of PostgreSQL's programs. */
export function startProgram(
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Program {
  const child = spawn(join(POSTGRES_15, name), args, {
    env: { ...process.env, LC_ALL: "C", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      if (status === 0) resolve(output);
      else reject(new Error(`${name} ended with ${status}: ${output}`));
    });
  });
  return { output: () => output, ended, interrupt: () => child.kill("SIGINT") };
}
