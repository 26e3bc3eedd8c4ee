import { lockWindow, type StoredWindow, setNote, setState } from "../../control/store-windows.ts";
import { windowProblems } from "../../version/naming.ts";
import { physicalSide } from "../../version/physical-side.ts";
import { judgeMove, restingState } from "../../version/window-life.ts";
import { findBlindSpots } from "../blind-spots.ts";
import type { BlindSpot } from "../preflight/blind-spot.ts";
import { readCatalog } from "../read-catalog.ts";
import { waitUntilInForce } from "./in-force.ts";
import type { Outcome } from "./outcome.ts";
import type { Progress } from "./progress.ts";
import { inTransaction, type StoreSession } from "./store-session.ts";
import { ageOf, labelOf, windowFields } from "./words.ts";

/** Objects that are named in the history's note; the command itself prints all. */
const NOTED_MAX = 10;

export interface OpenOptions {
  readonly acceptBlindSpots: boolean;
  readonly note: string;
  /** How long to wait for the instances. */
  readonly timeoutMs: number;
  readonly progress: Progress;
}

/**
 * Puts a window in force on all instances, and waits until it is. What its rename would break in the database is
 * shown before, and has to be accepted.
 */
export async function openWindow(
  session: StoreSession,
  stored: StoredWindow,
  options: OpenOptions,
): Promise<Outcome> {
  const { client, config, schema } = session;
  const label = labelOf(stored);
  const catalog = await readCatalog(config);
  const names = physicalSide(stored.window, catalog);
  const [problem] = windowProblems([stored.window], catalog);
  if (problem !== undefined) return { kind: "refused", because: problem, instead: "" };
  const spots = await findBlindSpots(client, stored.window, schema);
  const toAccept = spots.filter(({ kind }) => kind !== "follows");
  const text = spots.map((spot) => spotLine(spot)).join("\n");
  const data = { blind_spots: spots };
  const moved = await inTransaction(session, async (): Promise<Outcome | undefined> => {
    const { state } = (await lockWindow(client, schema, stored.id)) ?? stored;
    const verdict = judgeMove("open", { state, names }, stored.id);
    if (verdict.kind === "refused") {
      return { ...verdict, because: `${label} ${verdict.because}`, data };
    }
    if (verdict.kind === "done") return undefined;
    if (state === "planned" && toAccept.length > 0 && !options.acceptBlindSpots) {
      return { kind: "refused", ...blindRefusal(label, stored.id, toAccept), text, data };
    }
    await setNote(client, noteOf(options.note, toAccept));
    // The store's moves go one step at a time; a window that is renamed already takes two.
    if (state === "planned") await setState(client, schema, stored.id, "open");
    const resting = restingState(names);
    if (state === "closing" || resting === "flipped") {
      await setState(client, schema, stored.id, resting);
    }
    return undefined;
  });
  if (moved !== undefined) return moved;
  const inForce = await waitUntilInForce(session, options);
  if (inForce.kind === "wait") {
    return {
      kind: "refused",
      because: `${label} is open, but after ${ageOf(options.timeoutMs)} ${inForce.because}`,
      instead: `deploy nothing that relies on it; look after those, and run straddle window open ${stored.id} again`,
      text,
      data,
    };
  }
  const count = inForce.found;
  const where =
    count === 0
      ? "no instance of Straddle is there"
      : `in force on ${count === 1 ? "the one instance" : `all ${count} instances`}`;
  const window = windowFields({ ...stored, state: restingState(names) });
  return {
    kind: "done",
    text: [...(text === "" ? [] : [text]), `${label} is open: ${where}`].join("\n"),
    data: { window, instances: count, ...data },
  };
}

function spotLine({ kind, object, text }: BlindSpot): string {
  return `${kind.padEnd(8)}${object} ${text}`;
}

function blindRefusal(label: string, id: number, spots: readonly BlindSpot[]) {
  const breaking = spots.filter(({ kind }) => kind === "breaks").length;
  return {
    because: `${label}: in the database ${breaking} object(s) break at the rename, and ${spots.length - breaking} may`,
    instead: `look after them, then straddle window open ${id} --accept-blind-spots`,
  };
}

function noteOf(note: string, accepted: readonly BlindSpot[]): string {
  const named = accepted.slice(0, NOTED_MAX).map(({ object }) => object);
  const rest = accepted.length - named.length;
  const all = rest > 0 ? [...named, `${rest} more`] : named;
  const blind = all.length === 0 ? [] : [`blind spots accepted: ${all.join(", ")}`];
  return [...(note === "" ? [] : [note]), ...blind].join("; ");
}
