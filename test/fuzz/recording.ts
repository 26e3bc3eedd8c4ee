import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serverName } from "../support/transcript.ts";
import { typeOf } from "./frames.ts";

/** Where it was recorded: without a window or the guard, with the guard, as each version of a window. */
export const RECORDED_WAYS = ["plain", "guard", "old", "new"] as const;
export type RecordedWay = (typeof RECORDED_WAYS)[number];

/**
 * `>` is a message from the client, `>>` to the server, `<<` from the server, `<` to the client; `|` is
 * the end of what the client sends at once.
 */
export type Leg = ">" | ">>" | "<<" | "<" | "|";
const LEGS: readonly string[] = [">", ">>", "<<", "<", "|"];

export interface Step {
  readonly leg: Leg;
  readonly bytes: Buffer;
}

/** One conversation of a real client with a real server through Straddle, both legs, in order. */
export interface Recording {
  readonly name: string;
  readonly steps: readonly Step[];
}

const folder = join(import.meta.dirname, "recordings");

export const recordingFile = (way: RecordedWay): string => join(folder, `${way}.txt`);

/** A line per message: its leg, its bytes in hex, and its name for whoever reads it. */
export function writeRecordings(recordings: readonly Recording[]): string {
  const line = ({ leg, bytes }: Step) =>
    leg === "|" ? "|" : `${leg} ${bytes.toString("hex")}${named(leg, bytes)}`;
  return recordings
    .map(({ name, steps }) => [`# ${name}`, ...steps.map(line), ""].join("\n"))
    .join("\n");
}

function named(leg: Leg, bytes: Buffer): string {
  if (leg.startsWith("<")) return ` ${serverName(bytes[0] ?? 0)}`;
  return bytes[0] === 0 ? " startup" : ` ${typeOf(bytes)}`;
}

export function readRecordings(way: RecordedWay): readonly Recording[] {
  const recordings: { name: string; steps: Step[] }[] = [];
  for (const line of readFileSync(recordingFile(way), "utf8").split("\n")) {
    if (line.startsWith("# ")) recordings.push({ name: line.slice(2), steps: [] });
    const [leg = "", hex = ""] = line.split(" ");
    if (isLeg(leg)) recordings.at(-1)?.steps.push({ leg, bytes: Buffer.from(hex, "hex") });
  }
  return recordings;
}

function isLeg(text: string): text is Leg {
  return LEGS.includes(text);
}
