import { createHash } from "node:crypto";
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load.ts";

/** Editors write a file in several steps, and Kubernetes swaps a few symbolic links. */
const SETTLE_MS = 100;

/**
 * Watches a configuration file and tells of each change of its contents, good or bad.
 *
 * The folder is watched rather than the file: editors rename a new file over the old one, and a
 * mounted ConfigMap swaps a link beside it; either ends a watch on the file itself. Some file systems
 * tell nothing at all, so the file is looked at every `pollIntervalMs` as well.
 */
export class ConfigWatch {
  readonly #file: string;
  readonly #onChange: (loaded: LoadedConfig) => void;
  readonly #poll: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  #settle: NodeJS.Timeout | undefined;
  #digest: string;

  constructor(options: {
    readonly file: string;
    readonly pollIntervalMs: number;
    readonly onChange: (loaded: LoadedConfig) => void;
  }) {
    this.#file = options.file;
    this.#onChange = options.onChange;
    this.#digest = digestOf(options.file);
    this.#poll = setInterval(() => this.#look(), options.pollIntervalMs);
    this.#poll.unref();
    try {
      this.#watcher = watch(dirname(options.file), { persistent: false }, () => this.#lookSoon());
      this.#watcher.on("error", () => this.#watcher?.close()); // The poll goes on.
    } catch {
      // No watch to be had (their number is limited): the poll does it alone.
    }
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    this.#watcher?.close();
  }

  /** Reads the file again, whether or not its contents have changed. */
  reread(): void {
    clearTimeout(this.#settle);
    this.#digest = digestOf(this.#file);
    this.#onChange(loadConfig({ file: this.#file, env: process.env }));
  }

  #lookSoon(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#look(), SETTLE_MS);
    this.#settle.unref();
  }

  #look(): void {
    if (digestOf(this.#file) !== this.#digest) this.reread();
  }
}

/** Tells contents apart; a file that can't be read is a state like any other. */
function digestOf(file: string): string {
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch {
    return "unreadable";
  }
}
