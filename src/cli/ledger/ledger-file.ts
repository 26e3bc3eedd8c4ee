import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import type { LedgerRecord } from "../../ledger/ledger.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import type { LedgerSink } from "./ledger-sink.ts";

const FORMAT = 1;
const READ_FIELDS = ["watchingSince", "deltas"] as const;

/**
 * The ledger in a file, which is written as a whole and takes the old one's place at once: after a crash
 * it is as it was at the last time.
 */
export class LedgerFile implements LedgerSink {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** What it has; undefined where it is not there yet. What can't be read is a SetupError. */
  read(): LedgerRecord | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new SetupError(explainSystemError(`ledger.file: ${this.#path}`, error));
    }
    return this.#parse(text);
  }

  async write(
    _: unknown,
    all: () => LedgerRecord,
    { isLast }: { readonly isLast: boolean },
  ): Promise<void> {
    const text = JSON.stringify({ format: FORMAT, isClosed: isLast, ...all() });
    const beside = `${this.#path}.new`;
    const file = await open(beside, "w");
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.#path);
  }

  #parse(text: string): LedgerRecord {
    let read: LedgerRecord & { readonly format: number; readonly isClosed: boolean };
    try {
      read = JSON.parse(text);
    } catch {
      throw new SetupError(`ledger.file: ${this.#path} is not a ledger: move it away`);
    }
    // Trust boundary: only this program writes it.
    if (read.format !== FORMAT || READ_FIELDS.some((field) => read[field] === undefined)) {
      throw new SetupError(`ledger.file: ${this.#path} is of another format: move it away`);
    }
    const { watchingSince, gap, deltas, isClosed } = read;
    if (isClosed) return { watchingSince, gap, deltas };
    const why = "straddle was not stopped in order, so that the last seconds before are missing";
    return { watchingSince, gap: { at: Date.now(), why }, deltas };
  }
}
