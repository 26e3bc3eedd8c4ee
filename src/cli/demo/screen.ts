/** Where the demo is shown: lines that stay, and one at the end that changes while a step runs. */
export interface Screen {
  line(text: string): void;
  live(text: string): void;
}

const TO_LINE_START = "\r";
const CLEAR_TO_LINE_END = "\u001b[K";

/** On a terminal; where output goes to a file, only the lines that stay are written. */
export function screenOn(stream: NodeJS.WriteStream): Screen {
  if (!stream.isTTY) {
    return { line: (text) => void stream.write(`${text}\n`), live: () => undefined };
  }
  const write = (text: string, end: string) =>
    void stream.write(`${TO_LINE_START}${text}${CLEAR_TO_LINE_END}${end}`);
  return { line: (text) => write(text, "\n"), live: (text) => write(text, "") };
}
