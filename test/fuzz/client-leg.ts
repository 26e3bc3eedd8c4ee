import { CONVERSATIONS, type Turn } from "./conversations.ts";
import { ENDING } from "./ending.ts";
import { fault, linesOf } from "./judge.ts";
import { chunked, mutate } from "./mutations.ts";
import { playDirect, playThrough } from "./play.ts";
import { Random } from "./random.ts";
import type { Stage, Way } from "./stage.ts";
import { WAYS } from "./stage.ts";

/** A conversation as it is said. */
export interface Said {
  readonly name: string;
  readonly way: Way;
  readonly mutations: readonly string[];
  readonly turns: readonly Turn[];
  /** The first turn goes out with the startup packet. */
  readonly isEarly?: boolean;
  /** What stands for the startup packet; undefined for the right one. */
  readonly startup: Buffer | undefined;
  /** For the chunks. */
  readonly seed: number;
}

/** The mutated conversation of a seed. */
export function saidBy(seed: number, stage: Stage): Said {
  const random = new Random(seed);
  const way = random.pick(WAYS);
  const { column, startups } = stage.places[way];
  const conversation = random.pick(CONVERSATIONS);
  const other = random.pick(CONVERSATIONS).turns(column);
  const isAtStartup = way === "plain" && random.isOneIn(25);
  const right = conversation.turns(column);
  if (!isAtStartup) {
    const { turns, mutations } = mutate(right, random, other);
    const isEarly = random.isOneIn(20);
    return { name: conversation.name, way, mutations, turns, startup: undefined, seed, isEarly };
  }
  // The databases of a window's two sides have names of their own, which errors would tell.
  const { turns, mutations } = mutate([[startups.direct]], random, other);
  const startup = Buffer.concat(turns.flat());
  return { name: "startup", way, mutations, turns: right.slice(0, 1), startup, seed };
}

export interface Failure {
  readonly said: Said;
  readonly fault: string;
  readonly direct: readonly string[];
  readonly through: readonly string[];
}

/**
 * Says it directly and through Straddle. A difference has to show again, with more time for both, to
 * be one: a peer that resets the connection can take its last words with it on either way.
 */
export async function compare(said: Said, stage: Stage): Promise<Failure | undefined> {
  let failure: Failure | undefined;
  for (const patience of [1, 3, 6]) {
    failure = await compareOnce(said, stage, patience);
    if (failure === undefined) return undefined;
  }
  return failure;
}

async function compareOnce(
  said: Said,
  stage: Stage,
  patience: number,
): Promise<Failure | undefined> {
  const { way, turns, startup, seed, isEarly } = said;
  const random = new Random(seed);
  const place = stage.places[way];
  const bytes = [...turns, ENDING].map((turn) => Buffer.concat(turn));
  await stage.reset();
  const all = (first: Buffer) =>
    isEarly === true
      ? [Buffer.concat([first, bytes[0] ?? Buffer.alloc(0)]), ...bytes.slice(1)]
      : [first, ...bytes];
  const direct = await playDirect(place.direct, all(startup ?? place.startups.direct), patience);
  await stage.reset();
  const through = await playThrough(
    place.through,
    all(startup ?? place.startups.through).map((each) => chunked(each, random)),
    direct,
    patience,
  );
  const lines = { direct: linesOf(direct), through: linesOf(through) };
  const found = fault(lines.direct, lines.through);
  if (found === undefined) return undefined;
  return { said, fault: found, ...lines };
}

/** The same failure with as few messages as can be. */
export async function shrunk(failure: Failure, stage: Stage): Promise<Failure> {
  let smallest = failure;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const turns of smallerTurns(smallest.said.turns)) {
      const found = await compareOnce({ ...smallest.said, turns }, stage, 2);
      if (found === undefined) continue;
      smallest = found;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* smallerTurns(turns: readonly Turn[]): Generator<readonly Turn[]> {
  for (let at = 0; at < turns.length; at++) yield turns.filter((_, index) => index !== at);
  for (const [at, turn] of turns.entries()) {
    if (turn.length < 2) continue;
    for (let frame = 0; frame < turn.length; frame++) {
      yield turns.with(
        at,
        turn.filter((_, index) => index !== frame),
      );
    }
  }
}
