import { ENDING } from "./ending.ts";
import type { Script } from "./fast-play.ts";
import { brokenAnswer, chunked, mutate } from "./mutations.ts";
import { Random } from "./random.ts";
import type { Recording } from "./recording.ts";
import type { Rig } from "./rig.ts";

/** Which legs are broken. */
export type Broken = "none" | "client" | "server" | "both" | "client cut" | "server cut";

const BROKEN: readonly Broken[] = [
  "none",
  ...Array<Broken>(7).fill("client"),
  ...Array<Broken>(6).fill("server"),
  ...Array<Broken>(3).fill("both"),
  "client cut",
  "client cut",
  "server cut",
  "server cut",
];

export interface Case {
  readonly rig: Rig;
  readonly recording: Recording;
  readonly broken: Broken;
  readonly mutations: readonly string[];
  readonly script: Script;
}

/** What the client of a recording sends, a turn at a time. */
export function clientTurns({ steps }: Recording): readonly (readonly Buffer[])[] {
  const turns: Buffer[][] = [];
  let turn: Buffer[] = [];
  for (const { leg, bytes } of steps) {
    if (leg === ">") turn.push(bytes);
    if (leg !== "|") continue;
    turns.push(turn);
    turn = [];
  }
  return turns;
}

/** The case of a seed: the same one each time. */
export function caseOf(seed: number, rigs: readonly Rig[]): Case {
  const random = new Random(seed);
  const rig = random.pick(rigs);
  const [login, ...others] = rig.recordings;
  const recording = random.pick(others);
  const broken = random.pick(BROKEN);
  const startup = login?.steps[0]?.bytes ?? Buffer.alloc(0);
  const isClientBroken = broken === "client" || broken === "both";
  const isServerBroken = broken === "server" || broken === "both";

  let turns = clientTurns(recording);
  let mutations: readonly string[] = [];
  let first: readonly (readonly Buffer[])[] = [[startup]];
  if (isClientBroken) {
    const other = clientTurns(random.pick(others));
    ({ turns, mutations } = mutate(turns, random, other));
    if (random.isOneIn(40)) {
      const broken = mutate(first, random, other);
      first = broken.turns;
      mutations = [...mutations, "startup"];
    }
    if (random.isOneIn(200)) {
      turns = turns.map((turn) => turn.map((bytes) => blownUp(bytes, random)));
      mutations = [...mutations, "blown up"];
    }
  }
  let bytes = [...first, ...turns, ENDING].map((turn) => Buffer.concat(turn));
  // Nothing waits for its answer.
  if (random.isOneIn(8)) bytes = [Buffer.concat(bytes)];
  const size = bytes.reduce((sum, each) => sum + each.length, 0);
  const answersSize = recording.steps.reduce(
    (sum, { leg, bytes: each }) => sum + (leg === "<<" ? each.length : 0),
    0,
  );
  const everything = Number.POSITIVE_INFINITY;
  const script: Script = {
    conversation: recording.name,
    turns: bytes.map((turn) => chunked(turn, random)),
    onAnswer: isServerBroken ? breaker(random) : (answers) => answers,
    clientSizeMax: broken === "client cut" ? random.below(size) : everything,
    // The log-in's answers come first.
    serverSizeMax: broken === "server cut" ? random.below(answersSize + 500) : everything,
  };
  return { rig, recording, broken, mutations, script };
}

/** A body that fills every buffer there is, with the length that belongs to it. */
function blownUp(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < 5 || !"QPBd".includes(String.fromCharCode(bytes[0] ?? 0))) return bytes;
  const filling = Buffer.alloc(1_000 + random.below(300_000), " ");
  const whole = Buffer.concat([bytes.subarray(0, 5), filling, bytes.subarray(5)]);
  whole.writeInt32BE(whole.length - 1, 1);
  return whole;
}

/** Breaks a few of the server's messages: changed, twice, left out, or one behind the next. */
function breaker(random: Random): Script["onAnswer"] {
  const from = random.isOneIn(8) ? 0 : 17;
  const places = new Set(
    Array.from({ length: 1 + random.below(3) }, () => from + random.below(25)),
  );
  const isSwapping = random.isOneIn(4);
  let count = 0;
  let held: Buffer | undefined;
  return (answers) =>
    answers.flatMap((answer) => {
      const isBroken = places.has(count++);
      const before = held;
      held = undefined;
      if (!isBroken) return before === undefined ? [answer] : [answer, before];
      if (isSwapping && before === undefined) {
        held = answer;
        return [];
      }
      const bytes = brokenAnswer(answer, random);
      return [...chunked(bytes, random), ...(before === undefined ? [] : [before])];
    });
}
