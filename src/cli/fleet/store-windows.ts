import type { Config } from "../../config/config.ts";
import { parseConfig } from "../../config/load.ts";
import { refusalOf, type WindowInForce } from "../../control/window-in-force.ts";
import type { Window } from "../../version/window.ts";
import { windowContent } from "../../version/window-content.ts";

/**
 * The windows of the file and of the store as one: settings as they would be if the file had both. One
 * that is in both, with the same content, is one window. One of the store's that contradicts another, or that this program does
 * not know, is left out, and said to be.
 */
export class StoreWindows {
  /** What is left out of the store's windows, and why; empty where nothing is. */
  refused = "";
  #base: Config;
  #stored: readonly WindowInForce[] = [];

  constructor(config: Config) {
    this.#base = config;
  }

  /** The settings to go by now that the file's are these. */
  rebase(config: Config): Config {
    this.#base = config;
    return this.#merged();
  }

  /** The same now that the store's windows are these. */
  take(stored: readonly WindowInForce[]): Config {
    this.#stored = stored;
    return this.#merged();
  }

  #merged(): Config {
    const refused: string[] = [];
    let merged = this.#base;
    for (const stored of this.#stored) {
      const next = refusalOf(stored) ?? withWindow(merged, stored.entry);
      if (typeof next === "string")
        refused.push(`window ${stored.id} of the store is refused: ${next}`);
      else merged = next;
    }
    this.refused = refused.join("; ");
    return merged;
  }
}

/** The settings with one more window, or why it can't be. */
function withWindow(config: Config, entry: Readonly<Record<string, unknown>>): Config | string {
  const alone = parseWith(config, [entry]);
  if (typeof alone === "string") return alone;
  const [window] = alone.windows;
  if (window !== undefined && config.windows.some((each) => isSame(each, window))) return config;
  const { windows } = config.written;
  return parseWith(config, [...(Array.isArray(windows) ? windows : []), entry]);
}

function parseWith(config: Config, windows: readonly unknown[]): Config | string {
  const loaded = parseConfig(JSON.stringify({ ...config.written, windows }), {});
  return loaded.kind === "ok" ? loaded.config : loaded.message;
}

function isSame(one: Window, other: Window): boolean {
  return windowContent([one], one) === windowContent([other], other) && one.table === other.table;
}
