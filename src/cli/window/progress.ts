/** What is being waited for, while it is. */
export interface Progress {
  /** Shown once, however often it is said. */
  now(text: string): void;
  end(): void;
}

const TO_LINE_START = "\r";
const CLEAR_TO_LINE_END = "\u001b[K";

/** On stderr: one line that changes on a terminal; elsewhere a line for each change. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  let last = "";
  return {
    now(text) {
      if (text === last) return;
      last = text;
      const line = `straddle: ${text}`;
      // A longer line would break, and its first part stay.
      const shown = stream.isTTY ? line.slice(0, Math.max(20, stream.columns - 1)) : line;
      stream.write(stream.isTTY ? `${TO_LINE_START}${shown}${CLEAR_TO_LINE_END}` : `${shown}\n`);
    },
    end() {
      if (last !== "" && stream.isTTY) stream.write(`${TO_LINE_START}${CLEAR_TO_LINE_END}`);
      last = "";
    },
  };
}
