import { execFile } from "node:child_process";

export interface CommandResult {
  readonly status: number;
  /** The command as a person would type it, and what it printed: lines. */
  readonly lines: readonly string[];
}

/** Runs `straddle …` as a person would. `program` is that command's file. */
export function straddleCommand(
  program: string,
  configFile: string,
): (...args: readonly string[]) => Promise<CommandResult> {
  return (...args) =>
    new Promise((resolve) => {
      const command = [program, ...args, "--config", configFile];
      execFile(process.execPath, command, (error, out, err) => {
        const typed = args.map((arg) => (/^[\w.=-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ");
        const printed = `${out}${err}`.split("\n").filter((line) => line !== "");
        const status = error === null ? 0 : Number(error.code);
        resolve({ status, lines: [`$ straddle ${typed}`, ...printed] });
      });
    });
}

/** Its lines, if it has done what it was asked for. */
export async function done(result: Promise<CommandResult>): Promise<readonly string[]> {
  const { status, lines } = await result;
  if (status !== 0) throw new Error(`exit status ${status} of: ${lines.join("\n")}`);
  return lines;
}
