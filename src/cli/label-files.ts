import { readFileSync } from "node:fs";
import { explainSystemError } from "./fail.ts";

/** A pod's labels change while it runs, though rarely: a file is read again when it is this old. */
const AGE_MAX_MS = 1_000;

/** A file as it was read: its contents, or why there are none. */
interface Reading {
  readonly contents: string | undefined;
  /** One clause that names the file; empty while it can be read. */
  readonly problem: string;
  readonly readAt: number;
}

/** Reads files of labels, each at most once a second, however many sessions start. */
export class LabelFiles {
  readonly #files = new Map<string, Reading>();
  readonly #onTurn: (path: string, problem: string) => void;

  /** `onTurn` is told when a file can't be read, and when it can be again (an empty problem). */
  constructor(onTurn: (path: string, problem: string) => void) {
    this.#onTurn = onTurn;
  }

  /** Undefined if it can't be read. */
  contents(path: string): string | undefined {
    return this.#read(path).contents;
  }

  /** Why it can't be read; empty if it can. */
  problem(path: string): string {
    return this.#read(path).problem;
  }

  #read(path: string): Reading {
    const now = performance.now();
    const known = this.#files.get(path);
    if (known !== undefined && now - known.readAt < AGE_MAX_MS) return known;
    const reading = { ...readLabels(path), readAt: now };
    this.#files.set(path, reading); // As many as the configuration names.
    const turned = (known?.problem ?? "") === "" ? reading.problem !== "" : reading.problem === "";
    if (turned) this.#onTurn(path, reading.problem);
    return reading;
  }
}

function readLabels(path: string): Omit<Reading, "readAt"> {
  try {
    return { contents: readFileSync(path, "utf8"), problem: "" };
  } catch (error) {
    return { contents: undefined, problem: explainSystemError(path, error) };
  }
}
