import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Version } from "./contract.ts";
import type { Tool } from "./tools.ts";

/** What an app says of one round. */
export interface Round {
  readonly round: number;
  readonly saw: Readonly<Record<string, unknown>>;
}

/** The server, or Straddle before it. */
export interface Where {
  readonly port: number;
  readonly database: string;
}

/** One version of a tool's app, in a process of its own: it plays a round when it is told to. */
export class App {
  readonly rounds: Round[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #complaints = "";

  constructor(tool: Tool, version: Version, where: Where) {
    const script = fileURLToPath(new URL(`apps/${tool.script}`, import.meta.url));
    this.#child = spawn(tool.program, [script], {
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        LC_ALL: "C.UTF-8",
        TZ: "UTC",
        PYTHONDONTWRITEBYTECODE: "1",
        PGHOST: "127.0.0.1",
        PGPORT: String(where.port),
        PGDATABASE: where.database,
        PGUSER: "postgres",
        PGAPPNAME: `shop@${version}`,
        ORM_VERSION: version,
      },
    });
    // It may have ended already; its status tells.
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => this.#child.on("close", resolve));
  }

  async playRound(): Promise<void> {
    this.rounds.push(await this.#ask(`${this.rounds.length + 1}`));
  }

  /** What the tool itself reads of the schema. */
  async readSchema(): Promise<unknown> {
    return (await this.#ask("schema")).saw;
  }

  async #ask(line: string): Promise<Round> {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) {
      await this.#ended;
      throw new Error(`the app has ended at "${line}": ${this.#complaints}`);
    }
    return JSON.parse(value);
  }

  /** Its exit status and what it said beside its rounds. */
  async end(): Promise<{ readonly status: unknown; readonly stderr: string }> {
    this.#child.stdin.end();
    return { status: await this.#ended, stderr: this.#complaints };
  }
}
