import { readSeenVersions, type SeenVersion } from "../../control/seen-versions.ts";
import { lockWindow, type StoredWindow, setNote, setState } from "../../control/store-windows.ts";
import { type Side, sideOf } from "../../version/naming.ts";
import { type PhysicalSide, physicalSide } from "../../version/physical-side.ts";
import { formatTag } from "../../version/tag.ts";
import { judgeMove, restingState, sidesToLeave } from "../../version/window-life.ts";
import { readCatalog } from "../read-catalog.ts";
import type { Outcome } from "./outcome.ts";
import type { Progress } from "./progress.ts";
import { inTransaction, type StoreSession } from "./store-session.ts";
import { waitFor } from "./waiting.ts";
import { ageOf, aligned, labelOf, windowFields } from "./words.ts";

const PAUSE_MS = 1_000;

export interface CloseOptions {
  /** The rename is not to happen. */
  readonly withdraw: boolean;
  /** How long no statement of a version must have come before it counts as gone. */
  readonly quietMs: number;
  /** Applications (`shop`) and versions of them (`shop@1.4.0`) that don't count. */
  readonly ignored: readonly string[];
  /** How long to wait for the versions to go; 0: not at all. */
  readonly timeoutMs: number;
  readonly note: string;
  readonly progress: Progress;
}

/**
 * Ends a window. Refused while a version that it still serves has a session, or had a statement not long ago.
 * While it waits the window is `closing`, and goes on to work.
 */
export async function closeWindow(
  session: StoreSession,
  stored: StoredWindow,
  options: CloseOptions,
): Promise<Outcome> {
  const { client, schema } = session;
  const label = labelOf(stored);
  const begun = await begin(session, stored, options);
  if (begun.kind !== "closing") return begun;
  const { sides, names } = begun;
  const seen = await waitFor<undefined>(
    async () => {
      const there = await versionsOf(session, stored, sides, options);
      if (there.length === 0) return { kind: "found", found: undefined };
      return { kind: "wait", because: `${label} still serves ${there.map(nameOf).join(", ")}` };
    },
    { ...options, pauseMs: PAUSE_MS },
  );
  return inTransaction(session, async (): Promise<Outcome> => {
    const current = await lockWindow(client, schema, stored.id);
    if (current?.state !== "closing") {
      const because = `${label} was made ${current?.state ?? "away with"} by somebody else meanwhile`;
      return { kind: "refused", because, instead: `straddle window show ${stored.id}` };
    }
    await setNote(client, noteOf(options));
    if (seen.kind === "found") {
      await setState(client, schema, stored.id, "closed");
      return closed(stored, quietWords(stored, sides, options));
    }
    await setState(client, schema, stored.id, restingState(names));
    return stillServed(stored, await versionsOf(session, stored, sides, options), options);
  });
}

type Begun =
  | { readonly kind: "closing"; readonly sides: readonly Side[]; readonly names: PhysicalSide }
  | Outcome;

/** The window is `closing` when there is something to wait for; all else is settled at once. */
async function begin(
  session: StoreSession,
  stored: StoredWindow,
  options: CloseOptions,
): Promise<Begun> {
  const { client, config, schema } = session;
  const label = labelOf(stored);
  const names = physicalSide(stored.window, await readCatalog(config));
  return inTransaction(session, async (): Promise<Begun> => {
    const { state } = (await lockWindow(client, schema, stored.id)) ?? stored;
    const life = { state, names };
    const verdict = judgeMove(options.withdraw ? "withdraw" : "close", life, stored.id);
    if (verdict.kind === "refused") {
      return { ...verdict, because: `${label} ${verdict.because}` };
    }
    if (verdict.kind === "done") return closed({ ...stored, state }, verdict.because);
    await setNote(client, noteOf(options));
    const sides = sidesToLeave(life);
    const there = await versionsOf(session, stored, sides, options);
    if (there.length > 0 && options.timeoutMs === 0) return stillServed(stored, there, options);
    // From planned to closed in one step; the others have to be closing in between.
    if (state !== "planned" && state !== "closing") {
      await setState(client, schema, stored.id, "closing");
    }
    if (there.length > 0) return { kind: "closing", sides, names };
    await setState(client, schema, stored.id, "closed");
    return closed(stored, quietWords(stored, sides, options));
  });
}

async function versionsOf(
  { client, schema }: StoreSession,
  { window }: StoredWindow,
  sides: readonly Side[],
  { quietMs, ignored }: CloseOptions,
): Promise<SeenVersion[]> {
  if (sides.length === 0) return [];
  const seen = await readSeenVersions(client, schema, quietMs);
  return seen.filter(({ tag }) => {
    const side = sideOf(tag, window);
    const isIgnored = ignored.includes(tag.app) || ignored.includes(formatTag(tag));
    return side !== undefined && sides.includes(side) && !isIgnored;
  });
}

function closed(stored: StoredWindow, because: string): Outcome {
  return {
    kind: "done",
    text: because.startsWith("is ")
      ? `${labelOf(stored)} ${because}`
      : `${labelOf(stored)} is closed${because === "" ? "" : `: ${because}`}`,
    data: { window: windowFields({ ...stored, state: "closed" }) },
  };
}

function quietWords(
  { window }: StoredWindow,
  sides: readonly Side[],
  { quietMs }: CloseOptions,
): string {
  if (sides.length === 0) return "";
  const ranges = sides.map((side) => window[side]).join(" or ");
  return `no version ${ranges} has a session, or was seen in the last ${ageOf(quietMs)}`;
}

function stillServed(
  stored: StoredWindow,
  there: readonly SeenVersion[],
  { timeoutMs, quietMs }: CloseOptions,
): Outcome {
  const now = Date.now();
  const rows = there.map(({ tag, sessions, addresses, lastStatementAt }) => [
    formatTag(tag),
    `${sessions} session(s) now`,
    lastStatementAt === undefined
      ? "no statement in the ledger"
      : `last statement ${ageOf(now - lastStatementAt.getTime())} ago`,
    addresses.length === 0 ? "" : `from ${addresses.join(", ")}`,
  ]);
  const waited = timeoutMs === 0 ? "" : ` after ${ageOf(timeoutMs)}`;
  return {
    kind: "refused",
    because: `${labelOf(stored)} still serves ${there.map(nameOf).join(", ")}${waited}`,
    instead: `end those, then wait for ${ageOf(quietMs)} without a statement: straddle window close ${stored.id} --timeout 1h does; --ignore leaves out what is no matter`,
    text: aligned(rows).join("\n"),
    data: {
      window: windowFields(stored),
      versions: there.map(({ tag, sessions, addresses, lastStatementAt }) => ({
        app: tag.app,
        version: tag.version,
        sessions,
        addresses,
        ...(lastStatementAt === undefined ? {} : { last_statement_at: lastStatementAt }),
      })),
    },
  };
}

function nameOf({ tag, sessions }: SeenVersion): string {
  return `${formatTag(tag)}${sessions > 0 ? "" : " (seen not long ago)"}`;
}

function noteOf({ note, withdraw, ignored }: CloseOptions): string {
  const parts = [
    note,
    withdraw ? "withdrawn" : "",
    ignored.length === 0 ? "" : `left out of account: ${ignored.join(", ")}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}
