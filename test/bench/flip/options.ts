import { parseArgs } from "node:util";
import { WAY_NAMES, type WayName } from "./ways.ts";

export interface FlipOptions {
  readonly rowCount: number;
  /** Even, so that the names are at the end what they were. */
  readonly flipCount: number;
  readonly sessionCount: number;
  /** Of a session, between two turns of some statements each. */
  readonly pauseMs: number;
  /** From the end of one flip to the start of the next. */
  readonly betweenMs: number;
  /** How long before the first flip and after the last one. */
  readonly quietMs: number;
  /** Only these; all when empty. */
  readonly ways: readonly WayName[];
  /** Also print the table as Markdown. */
  readonly isMarkdown: boolean;
}

export const USAGE = `npm run bench:flip -- [options]

  --quick          100,000 rows and 10 flips, and accordingly rough
  --rows <n>       rows of the table (10000000)
  --flips <n>      flips, back and forth, an even number (100)
  --sessions <n>   sessions, of two versions and four kinds each: a multiple of 8 (32)
  --pause <ms>     of a session, between turns of two to five statements (100)
  --between <ms>   from one flip to the next (200)
  --only <way>     ${WAY_NAMES.join(", ")}; may be given several times
  --markdown       print the table as Markdown as well`;

/** Throws a sentence on what is wrong. */
export function readOptions(args: readonly string[]): FlipOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rows: { type: "string" },
      flips: { type: "string" },
      sessions: { type: "string" },
      pause: { type: "string" },
      between: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      markdown: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const isQuick = values.quick;
  return {
    rowCount: count("--rows", values.rows, isQuick ? 100_000 : 10_000_000, 1),
    flipCount: count("--flips", values.flips, isQuick ? 10 : 100, 2),
    sessionCount: count("--sessions", values.sessions, 32, 8),
    pauseMs: count("--pause", values.pause, 100, 1),
    betweenMs: count("--between", values.between, 200, 1),
    quietMs: isQuick ? 2_000 : 5_000,
    ways: values.only.map(way),
    isMarkdown: values.markdown,
  };
}

function count(name: string, text: string | undefined, fallback: number, multiple: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^[1-9]\d{0,7}$/.test(text) || value % multiple !== 0) {
    const wanted = multiple === 1 ? "a number from 1" : `a multiple of ${multiple}`;
    throw new Error(`${name}: "${text}" is not ${wanted}`);
  }
  return value;
}

function way(text: string): WayName {
  const found = WAY_NAMES.find((each) => each === text);
  if (found === undefined) throw new Error(`--only: "${text}" is none of ${WAY_NAMES.join(", ")}`);
  return found;
}
