import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Length of one pgbench run. */
  readonly seconds: number;
  readonly rounds: number;
  /** Less of everything. */
  readonly isQuick: boolean;
  /** Also print the table as Markdown. */
  readonly isMarkdown: boolean;
  /** Only these parts; all when empty. */
  readonly parts: readonly Part[];
  /** Straddle's processes that serve. */
  readonly workers: number;
  /** Passed to the node that runs Straddle: `--cpu-prof --cpu-prof-dir=...`. */
  readonly nodeOptions: readonly string[];
}

const PARTS = ["decisions", "memory", "streaming", "pgbench"] as const;
export type Part = (typeof PARTS)[number];

export const USAGE = `npm run bench -- [options]

  --quick               under a minute, and accordingly rough
  --seconds <n>         length of one pgbench run (4; quick: 2)
  --rounds <n>          rounds, in each of which every target has its turn (3; quick: 1)
  --only <part>         ${PARTS.join(", ")}; may be given several times
  --workers <n>         Straddle's processes that serve (1)
  --node-option <text>  for the node that runs Straddle; may be given several times
  --markdown            print the table as Markdown as well`;

/** Throws a sentence on what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      seconds: { type: "string" },
      rounds: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      workers: { type: "string" },
      "node-option": { type: "string", multiple: true, default: [] },
      markdown: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const isQuick = values.quick;
  return {
    isQuick,
    seconds: count("--seconds", values.seconds, isQuick ? 2 : 4),
    rounds: count("--rounds", values.rounds, isQuick ? 1 : 3),
    parts: values.only.map(part),
    workers: count("--workers", values.workers, 1),
    nodeOptions: values["node-option"],
    isMarkdown: values.markdown,
  };
}

function count(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${name}: "${text}" is not a number from 1`);
  return Number(text);
}

function part(text: string): Part {
  const found = PARTS.find((each) => each === text);
  if (found === undefined) throw new Error(`--only: "${text}" is none of ${PARTS.join(", ")}`);
  return found;
}
