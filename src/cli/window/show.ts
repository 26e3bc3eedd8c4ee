import { type Flip, type Instance, readFleet, readFlips } from "../../control/fleet-view.ts";
import {
  type HistoryEntry,
  readHistory,
  readWindows,
  type StoredWindow,
} from "../../control/store-windows.ts";
import { windowProblems } from "../../version/naming.ts";
import { physicalSide } from "../../version/physical-side.ts";
import { readCatalog } from "../read-catalog.ts";
import type { Outcome } from "./outcome.ts";
import type { StoreSession } from "./store-session.ts";
import { ageOf, aligned, labelOf, renamesOf, tableOf, timeOf, windowFields } from "./words.ts";

/** Renames that are shown; the history has all of this window's. */
const FLIPS_MAX = 5;

/** All windows that are not closed, or all. */
export async function listWindows(
  { client, schema }: StoreSession,
  options: { readonly all: boolean },
): Promise<Outcome> {
  const windows = (await readWindows(client, schema)).filter(
    ({ state }) => options.all || state !== "closed",
  );
  const data = { windows: windows.map(windowFields) };
  if (windows.length === 0) {
    const which = options.all ? "no window" : "no window that is not closed (--all has those, too)";
    return { kind: "done", text: `there is ${which}`, data };
  }
  const head = ["id", "state", "table", "renames", "old", "new", "app"];
  const rows = windows.map(({ id, state, window, unknown }) => [
    String(id),
    state,
    tableOf(window),
    unknown === "" ? renamesOf(window) : `of ${unknown}: not known to this Straddle`,
    window.old,
    window.new,
    window.app ?? "all",
  ]);
  return { kind: "done", text: aligned([head, ...rows]).join("\n"), data };
}

/** One window: what it is, what happened to it, and what the fleet has made of it. */
export async function showWindow(session: StoreSession, stored: StoredWindow): Promise<Outcome> {
  const { client, config, schema } = session;
  const history = await readHistory(client, schema, stored.id);
  const flips = await readFlips(client, schema, stored.window, FLIPS_MAX);
  const fleet = await readFleet(client, schema);
  const catalog = await readCatalog(config);
  const names = physicalSide(stored.window, catalog);
  const problems = stored.state === "closed" ? [] : windowProblems([stored.window], catalog);
  const { window, state } = stored;
  const since = history.at(-1)?.at;
  const facts = [
    ["state", since === undefined ? state : `${state} since ${timeOf(since)}`],
    ["versions", `old ${window.old}, new ${window.new}, of ${window.app ?? "all applications"}`],
    ...(window.closes === undefined ? [] : [["to close on", window.closes]]),
    ["names now", problems[0] ?? NAMES_WORDS[names]],
  ];
  const instances = fleet.instances.map((each) => [
    `  ${each.id}`,
    `${each.host}, process ${each.processId}, Straddle ${each.version}`,
    presenceOf(each, fleet.now),
    each.problem === "" ? inForce(each, fleet.revision) : each.problem,
  ]);
  const text = [
    `${labelOf(stored)}: ${renamesOf(window)}`,
    ...aligned(facts).map((line) => `  ${line}`),
    "history",
    ...history.map((entry) => `  ${historyLine(entry)}`),
    ...(flips.length === 0 ? [] : ["renames of the table, the latest first"]),
    ...flips.map((flip) => `  ${flipLine(flip, fleet.instances)}`),
    instances.length === 0 ? "no instance of Straddle has come to this store" : "instances",
    ...aligned(instances),
  ].join("\n");
  const data = {
    window: { ...windowFields(stored), names, problems },
    history: history.map(historyFields),
    flips: flips.map((flip) => ({
      epoch: flip.epoch,
      state: flip.state,
      coordinator: flip.coordinator,
      started_at: flip.startedAt,
      ...(flip.heldMs === undefined ? {} : { held_ms: flip.heldMs }),
      note: flip.note,
      acknowledged: flip.acknowledged,
    })),
    instances: fleet.instances.map((each) => instanceFields(each, fleet.revision)),
  };
  return { kind: "done", text, data };
}

const NAMES_WORDS = {
  old: "the old ones",
  new: "the new ones",
  mixed: "some old, some new",
  broken: "neither",
} as const;

function presenceOf({ presence, lastSeen }: Instance, now: Date): string {
  if (presence === "alive") return "is there";
  const age = ageOf(now.getTime() - lastSeen.getTime());
  return presence === "limbo" ? `cut off, seen ${age} ago` : `gone, seen ${age} ago`;
}

function inForce(instance: Instance, revision: number): string {
  if (instance.presence === "gone") return "";
  return instance.revision >= revision
    ? "has all windows in force"
    : "does not have the latest windows yet";
}

export function instanceFields(instance: Instance, revision: number) {
  return {
    id: instance.id,
    host: instance.host,
    process_id: instance.processId,
    version: instance.version,
    presence: instance.presence,
    started_at: instance.startedAt,
    last_seen: instance.lastSeen,
    is_current: instance.revision >= revision,
    ...(instance.problem === "" ? {} : { problem: instance.problem }),
  };
}

function historyLine(entry: HistoryEntry): string {
  const move = entry.before === undefined ? entry.after : `${entry.before} -> ${entry.after}`;
  const from = entry.address === undefined ? "" : ` from ${entry.address}`;
  const note = entry.note === "" ? "" : `; ${entry.note}`;
  return `${timeOf(entry.at)}  ${move}  by ${entry.role}, ${entry.application}${from}${note}`;
}

function historyFields(entry: HistoryEntry) {
  return {
    at: entry.at,
    before: entry.before,
    after: entry.after,
    epoch: entry.epoch,
    role: entry.role,
    application: entry.application,
    address: entry.address,
    note: entry.note,
  };
}

function flipLine(flip: Flip, instances: readonly Instance[]): string {
  const { epoch, coordinator, startedAt, heldMs, state, note, acknowledged } = flip;
  const held = heldMs === undefined ? "" : `, held for ${heldMs} ms`;
  const waitsFor = instances.filter(
    ({ id, presence }) => presence !== "gone" && !acknowledged.includes(id),
  );
  const waiting =
    state === "holding" && waitsFor.length > 0
      ? `, waits for instance ${waitsFor.map(({ id }) => id).join(", ")}`
      : "";
  const why = note === "" ? "" : `: ${note}`;
  return `epoch ${epoch}  ${timeOf(startedAt)}  ${state}${held}, by ${coordinator}${waiting}${why}`;
}
