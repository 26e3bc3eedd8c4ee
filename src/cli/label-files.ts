import { readFileSync } from "node:fs";

/** A pod's labels change while it runs, though rarely: a file is read again when it is this old. */
const AGE_MAX_MS = 1_000;

/** Reads files of labels, each at most once a second, however many sessions start. */
export class LabelFiles {
  readonly #files = new Map<
    string,
    { readonly contents: string | undefined; readonly readAt: number }
  >();

  /** Undefined if it can't be read. */
  contents(path: string): string | undefined {
    const now = performance.now();
    const known = this.#files.get(path);
    if (known !== undefined && now - known.readAt < AGE_MAX_MS) return known.contents;
    const contents = read(path);
    this.#files.set(path, { contents, readAt: now }); // As many as the configuration names.
    return contents;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
