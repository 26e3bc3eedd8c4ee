/** What is being waited for, while it is. */
export interface Progress {
  /** What it is now; said again it costs nothing. */
  now(text: string): void;
  end(): void;
}

/** What is over sooner is not shown, and so often at most. */
const SHOWN_AFTER_MS = 500;

const TO_LINE_START = "\r";
const CLEAR_TO_LINE_END = "\u001b[K";

/** On stderr: one line that changes on a terminal; elsewhere a line for each change. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  let text = "";
  let shown = "";
  let timer: NodeJS.Timeout | undefined;
  const show = () => {
    timer = undefined;
    if (text === shown) return;
    shown = text;
    const line = `straddle: ${text}`;
    // A line that breaks could not be taken back.
    const start = line.slice(0, Math.max(20, stream.columns - 1));
    stream.write(stream.isTTY ? `${TO_LINE_START}${start}${CLEAR_TO_LINE_END}` : `${line}\n`);
  };
  return {
    now(next) {
      text = next;
      timer ??= setTimeout(show, SHOWN_AFTER_MS);
    },
    end() {
      clearTimeout(timer);
      timer = undefined;
      if (shown !== "" && stream.isTTY) stream.write(`${TO_LINE_START}${CLEAR_TO_LINE_END}`);
      shown = "";
    },
  };
}
