import type { Case } from "./fast-case.ts";
import type { Outcome } from "./fast-play.ts";
import { clientFrameEnd, framesOf, typeOf } from "./frames.ts";
import { BUG } from "./judge.ts";
import type { Leg } from "./recording.ts";

/** FATAL of Straddle's own, about a protocol that was broken, or a server that is gone. */
const FATAL = /^E....SFATAL\0VFATAL\0C08(P01|006)\0/s;
const THE_END = Buffer.from("SELECT 'the end'\0");

/** What is wrong with what came of a case; undefined where all is as it must be. */
export function faultOf(
  { rig, recording, broken, mutations }: Case,
  outcome: Outcome,
): string | undefined {
  const text = outcome.clientReceived.toString("latin1");
  if (rig.problems.length > 0) return rig.problems.splice(0).join("\n");
  if (BUG.test(text) || text.includes("\0CXX000\0Mstraddle")) return "a bug ended the session";
  if (!outcome.isGone) return "both sides are closed, and the session is still there";
  const isHonest = broken === "none" || broken === "client";
  const hasRightStart = !mutations.includes("startup");
  if (isHonest && hasRightStart) {
    if (text.includes("\0Ma reply to ")) return "right answers are taken for wrong";
    const stuck = stuckAt(outcome);
    if (stuck !== undefined) return stuck;
  }
  if (rig.way === "plain" && hasRightStart) {
    const changed = isHonest || broken === "client cut" ? changedToServer(outcome) : undefined;
    return changed ?? changedToClient(outcome);
  }
  // Without the Flush behind each message that was recorded, some are asked otherwise.
  if (broken === "none" && isAskedAlike(recording, outcome)) {
    return differs(sideOf(recording, "<"), outcome);
  }
  return undefined;
}

/** A server that keeps the protocol must get all that the client says, or the session must end. */
function stuckAt({ clientSent, serverReceived, hasEnded }: Outcome): string | undefined {
  if (hasEnded) return undefined;
  if (clientSent.length < 4) return undefined;
  let at = clientSent.readInt32BE(0);
  for (;;) {
    const next = clientFrameEnd(clientSent, at);
    if (next === "wait") return undefined;
    if (next === "lost") return "the client's bytes are no messages, and nobody ended the session";
    const frame = clientSent.subarray(at, next);
    if (typeOf(frame) === "X") return "the client has said that it ends, and the session waits";
    const isLast = typeOf(frame) === "Q" && frame.subarray(5).equals(THE_END);
    if (isLast && !serverReceived.includes(THE_END)) return "the client's last query waits";
    at = next;
  }
}

/** Without windows and the guard the server gets what the client sent, and nothing else. */
function changedToServer({ clientSent, serverReceived }: Outcome): string | undefined {
  if (serverReceived.length === 0) return undefined;
  const expected = withoutFlush(clientSent.subarray(clientSent.readInt32BE(0)));
  const actual = withoutFlush(serverReceived.subarray(serverReceived.readInt32BE(0)));
  const size = Math.min(actual.length, expected.length);
  if (!actual.subarray(0, size).equals(expected.subarray(0, size)) || actual.length > size) {
    return `the server got ${actual.toString("hex")}\n of ${expected.toString("hex")}`;
  }
  return undefined;
}

/** Straddle sends a Flush of its own where too much is owed. */
function withoutFlush(bytes: Buffer): Buffer {
  const kept: Buffer[] = [];
  let at = 0;
  for (;;) {
    const next = clientFrameEnd(bytes, at);
    // Behind what is no message nothing counts: the server does not read it.
    if (next === "lost") return Buffer.concat(kept);
    if (next === "wait") break;
    if (bytes[at] !== 0x48) kept.push(bytes.subarray(at, next));
    at = next;
  }
  return Buffer.concat([...kept, bytes.subarray(at)]);
}

/** The client gets what the server sent, up to where Straddle finds it broken and says so. */
function changedToClient({ serverSent, clientReceived }: Outcome): string | undefined {
  let same = 0;
  while (same < clientReceived.length && clientReceived[same] === serverSent[same]) same += 1;
  if (same === clientReceived.length) return undefined;
  const text = clientReceived.toString("latin1");
  // A byte of Straddle's own FATAL can be the one that the server would have sent.
  const end = text.lastIndexOf("SFATAL\0VFATAL\0C08") - 5;
  const rest = end >= 0 && end < same ? text.slice(end) : text.slice(same);
  if (FATAL.test(rest)) return undefined;
  return `byte ${same} is not the server's: ${JSON.stringify(rest.slice(0, 200))}`;
}

function sideOf({ steps }: Case["recording"], side: Leg): Buffer {
  return Buffer.concat(steps.filter(({ leg }) => leg === side).map(({ bytes }) => bytes));
}

function isAskedAlike(recording: Case["recording"], { serverReceived }: Outcome): boolean {
  if (serverReceived.length < 4) return false;
  const asked = withoutFlush(serverReceived.subarray(serverReceived.readInt32BE(0)));
  const expected = withoutFlush(sideOf(recording, ">>"));
  return asked.subarray(0, expected.length).equals(expected);
}

/** An unbroken conversation gets the very bytes that were recorded, behind those of its log-in. */
function differs(expected: Buffer, { clientReceived }: Outcome): string | undefined {
  const frames = framesOf(clientReceived);
  const loginEnd = frames.findIndex((frame) => typeOf(frame) === "Z") + 1;
  const actual = Buffer.concat(frames.slice(loginEnd)).subarray(0, expected.length);
  if (actual.equals(expected)) return undefined;
  let same = 0;
  while (actual[same] === expected[same]) same += 1;
  const shown = (bytes: Buffer) =>
    JSON.stringify(bytes.subarray(same - 10, same + 200).toString("latin1"));
  return `byte ${same} of the recording is ${shown(expected)}\n but here ${shown(actual)}`;
}
