import type { LineSink } from "../../audit/sink.ts";
import type { ToPrimary } from "./messages.ts";

/** A line waits at most this long for company before it is sent to the primary. */
const FLUSH_MS = 10;
/** Characters that are sent at once, unless a line alone is longer. */
const BATCH_LENGTH = 64 * 1024;

/**
 * A worker's end of the audit log: sends whole lines to the primary, which alone writes them, so that
 * lines of several workers never mix. What counts as pending is what the system has not taken there.
 */
export class RemoteSink implements LineSink {
  onChange: () => void = () => {};
  pendingSize = 0;
  problem: string | undefined;

  readonly #send: (message: ToPrimary) => void;
  #lines: string[] = [];
  #length = 0;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(send: (message: ToPrimary) => void) {
    this.#send = send;
  }

  write(line: string): void {
    const size = Buffer.byteLength(line);
    this.#lines.push(line);
    this.#length += line.length;
    this.#size += size;
    this.pendingSize += size;
    if (this.#length >= BATCH_LENGTH) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** The system has taken so many bytes of it. */
  taken(size: number, problem: string | undefined): void {
    this.pendingSize -= size;
    this.problem = problem;
    this.onChange();
    if (this.pendingSize === 0) this.#onEmpty?.();
  }

  /** The file is the primary's. */
  async reopen(): Promise<void> {}

  async close(deadlineMs: number): Promise<void> {
    this.#flush();
    if (this.pendingSize === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#send({ kind: "audit", lines: this.#lines.join(""), size: this.#size });
    this.#lines = [];
    this.#length = 0;
    this.#size = 0;
  }
}
