import { CONVERSATIONS } from "./conversations.ts";
import { ENDING } from "./ending.ts";
import { BUG } from "./judge.ts";
import { playBroken } from "./play.ts";
import { Random } from "./random.ts";
import { type Stage, WAYS } from "./stage.ts";

/** Messages before the first ReadyForQuery, and it: about. */
const STARTUP_COUNT = 18;

/** FATAL, with the code of a broken protocol, or of a server that is gone. */
const FATAL = /^E....SFATAL\0VFATAL\0C08(P01|006)\0/s;

/**
 * A conversation whose answers are wrong. Straddle may end it, or take it for right, but it may not
 * break; and when the server is gone, so is the session. Gives what is wrong.
 */
export async function breakAnswers(seed: number, stage: Stage): Promise<string | undefined> {
  const random = new Random(seed);
  const way = random.pick(WAYS);
  const { column, startups } = stage.places[way];
  const { name, turns } = random.pick(CONVERSATIONS);
  const from = random.isOneIn(8) ? 0 : STARTUP_COUNT;
  const places = new Set(
    Array.from({ length: 1 + random.below(3) }, () => from + random.below(25)),
  );
  const sent: Buffer[] = [];
  await stage.reset();
  stage.relay.breaking = { random, places, sent };
  const bytes = [...turns(column), ENDING].map((turn) => Buffer.concat(turn));
  const { received, isClosed } = await playBroken(
    stage.relayed[way],
    [startups.through, ...bytes],
    () => stage.relay.hangUp(),
  );
  const what = `seed ${seed}: ${name}, ${way}, ${[...places].join(", ")}`;
  const text = received.toString("latin1");
  if (BUG.test(text)) return `${what}: a bug ended the session`;
  if (!isClosed) return `${what}: the session is still there`;
  // The guard's and a window's answers are Straddle's own; all else is what the server sent.
  if (way !== "plain" || name.includes("guard")) return undefined;
  const all = Buffer.concat(sent);
  let same = 0;
  while (same < received.length && received[same] === all[same]) same += 1;
  // A byte of Straddle's own FATAL can be the one that the server would have sent.
  const end = text.search(/SFATAL\0VFATAL\0C08(P01|006)\0/) - 5;
  const rest = end >= 0 && end < same ? text.slice(end) : text.slice(same);
  if (rest === "" || FATAL.test(rest)) return undefined;
  return `${what}: byte ${same} is not the server's: ${JSON.stringify(rest.slice(0, 200))}`;
}
