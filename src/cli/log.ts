/** Which process speaks, where there are several. */
let speaker = "";

export function nameSpeaker(name: string): void {
  speaker = ` [${name}]`;
}

/** Straddle's own log: a line each on stderr, so that stdout is free for the audit log. */
export const log = {
  info(message: string): void {
    write("info", message);
  },
  warn(message: string): void {
    write("warning", message);
  },
  problem(message: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    write("error", `${message}: ${reason}`);
    // What should not be comes with where it came from.
    if (error instanceof Error && error.name === "AssertionError")
      write("error", error.stack ?? "");
  },
};

function write(level: string, message: string): void {
  process.stderr.write(`${new Date().toISOString()} straddle ${level}${speaker}: ${message}\n`);
}
