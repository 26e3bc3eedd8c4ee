import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import { inject } from "vitest";
import { runProgram } from "../../src/cli/program.ts";

/** What a command of `straddle` did. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  /** The working directory. */
  readonly folder?: string;
  /** What standard input says. */
  readonly input?: string;
}

/** Runs `straddle …` as a process of its own, as it is shipped. A start costs a second. */
export async function spawnCommand(
  args: readonly string[],
  { folder, input = "" }: Surroundings = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [inject("main"), ...args], {
    cwd: folder,
    env: ownEnvironment(),
  });
  child.stdin.on("error", () => undefined); // It may end before it has read all.
  child.stdin.end(input);
  const status = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  return { status: await status, out, err };
}

/** Unwinds a command that ends its process. */
class Exit extends Error {}

/** One after the other: working directory, standard input and exit status are the process's. */
let last: Promise<unknown> = Promise.resolve();

/** Tells what a command prints from what goes on beside it in this process. */
const running = new AsyncLocalStorage<true>();

/**
 * Runs `straddle …` from the sources, in this process: the whole command, from its arguments to what it
 * prints and the status that it would exit with. Not for what goes on by itself, or minds signals.
 */
export function runCommand(args: readonly string[], surroundings: Surroundings = {}): Promise<Ran> {
  const next = last.then(() => run(args, surroundings));
  last = next.catch(() => undefined);
  return next;
}

async function run(
  args: readonly string[],
  { folder = process.cwd(), input = "" }: Surroundings,
): Promise<Ran> {
  const { env, exit, exitCode } = process;
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin") ?? {};
  const cwd = process.cwd();
  const out = capture(process.stdout);
  const err = capture(process.stderr);
  let status: number | undefined;
  process.env = ownEnvironment();
  process.exitCode = undefined;
  process.exit = (code) => {
    // What it does while it unwinds would not have happened any more.
    status ??= Number(code ?? process.exitCode ?? 0);
    out.close();
    err.close();
    throw new Exit();
  };
  Object.defineProperty(process, "stdin", { value: Readable.from([input]), configurable: true });
  process.chdir(folder);
  try {
    await running.run(true, () => runProgram(args));
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  } finally {
    status ??= Number(process.exitCode ?? 0);
    process.chdir(cwd);
    Object.defineProperty(process, "stdin", stdin);
    Object.assign(process, { env, exit, exitCode });
    out.restore();
    err.restore();
  }
  return { status, out: out.text(), err: err.text() };
}

function capture(stream: NodeJS.WriteStream) {
  const { write } = stream;
  let text = "";
  let isOpen = true;
  stream.write = (chunk: string | Uint8Array, ...more: never[]) => {
    if (running.getStore() === undefined) return write.call(stream, chunk, ...more);
    if (isOpen) text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  return {
    text: () => text,
    close: () => {
      isOpen = false;
    },
    restore: () => {
      stream.write = write;
    },
  };
}

/** What the tests themselves are told is no setting of Straddle's. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("STRADDLE_"));
  return Object.fromEntries(own);
}
