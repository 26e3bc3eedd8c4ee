import { setTimeout as sleep } from "node:timers/promises";
import { renameSteps } from "../../base/rename-chains.ts";
import {
  beginFlip,
  type CommandFlip,
  carryOutFlip,
  foreignOwner,
  holdersOf,
  recoverFlips,
} from "../../control/command-flip.ts";
import {
  lockWindow,
  readWindows,
  type StoredWindow,
  setNote,
} from "../../control/store-windows.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import type { Relation } from "../../version/catalog.ts";
import { locate, type Side } from "../../version/naming.ts";
import { physicalSide } from "../../version/physical-side.ts";
import type { Window } from "../../version/window.ts";
import { windowContent } from "../../version/window-content.ts";
import { judgeMove } from "../../version/window-life.ts";
import { SetupError } from "../fail.ts";
import { readCatalog } from "../read-catalog.ts";
import type { Outcome } from "./outcome.ts";
import type { Progress } from "./progress.ts";
import { inTransaction, type StoreSession, whoRunsThis } from "./store-session.ts";
import { ageOf, labelOf, windowFields } from "./words.ts";

/** Between two attempts: doubles, up to the second one, with up to as much again by chance. */
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 5_000;

export interface FlipOptions {
  /** `new`: flip; `old`: unflip. */
  readonly to: Side;
  readonly note: string;
  /** No attempt begins later than this. */
  readonly timeoutMs: number;
  readonly progress: Progress;
}

type Attempt =
  | { readonly kind: "over"; readonly outcome: Outcome }
  | { readonly kind: "again"; readonly because: string; readonly oid: number };

/**
 * Renames what the window renames, or back, while the whole fleet holds the statements that it would break. Tried again
 * until it works or the time is over: between two attempts everything runs as before.
 */
export async function flipWindow(
  session: StoreSession,
  stored: StoredWindow,
  options: FlipOptions,
): Promise<Outcome> {
  const { client } = session;
  const endsMs = performance.now() + options.timeoutMs;
  try {
    for (let count = 1, pauseMs = PAUSE_MS; ; count += 1, pauseMs *= 2) {
      const attempt = await tryFlip(session, stored, options, count);
      if (attempt.kind === "over") return attempt.outcome;
      const holders = await holdersOf(client, attempt.oid);
      const because = [attempt.because, ...holders].join("; ");
      const thisPauseMs = Math.min(pauseMs, PAUSE_MAX_MS) * (1 + Math.random());
      if (performance.now() + thisPauseMs > endsMs) return givenUp(stored, options, count, because);
      options.progress.now(`attempt ${count} came to nothing: ${because}`);
      await sleep(thisPauseMs);
    }
  } finally {
    options.progress.end();
  }
}

async function tryFlip(
  session: StoreSession,
  stored: StoredWindow,
  options: FlipOptions,
  count: number,
): Promise<Attempt> {
  const { client, config, schema } = session;
  const label = labelOf(stored);
  const { to, note, progress } = options;
  await recoverFlips(client, schema);
  const catalog = await readCatalog(config);
  const names = physicalSide(stored.window, catalog);
  const located = locate(stored.window, catalog);
  const inForce = (await readWindows(client, schema)).filter(({ state }) => IN_FORCE.has(state));
  const begun = await inTransaction(session, async () => {
    const { state } = (await lockWindow(client, schema, stored.id)) ?? stored;
    const verdict = judgeMove(to === "new" ? "flip" : "unflip", { state, names }, stored.id);
    if (verdict.kind === "done") return over(done(stored, to, `${label} ${verdict.because}`, {}));
    if (verdict.kind === "refused") {
      return over({ ...verdict, because: `${label} ${verdict.because}` });
    }
    if (located.kind === "problem") {
      return over({ kind: "refused", because: located.problem, instead: "" });
    }
    const { window } = stored;
    const owner = await foreignOwner(client, located.relation.oid);
    if (owner !== undefined) throw new SetupError(notOwner(session, located.relation, owner));
    await setNote(client, note);
    const windows = [...config.windows, ...inForce.map((each) => each.window)];
    const flip: CommandFlip = {
      oid: located.relation.oid,
      schema: window.schema,
      table: window.table,
      relation: nameOf(located.relation),
      isTable: TABLE_KINDS.has(located.relation.kind),
      content: windowContent(windows, window) ?? "",
      coordinator: whoRunsThis(),
      holdMs: config.limits.holdTimeoutMs,
      marginMs: config.control.flipMarginMs,
      statements: renamesTo(to, window, located.relation),
    };
    const answer = await beginFlip(client, schema, flip);
    return "busy" in answer
      ? { kind: "again" as const, because: answer.busy, oid: flip.oid }
      : { kind: "begun" as const, flip, epoch: answer.epoch };
  });
  if (begun.kind !== "begun") return begun;
  const { flip, epoch } = begun;
  const result = await carryOutFlip(client, schema, { flip, epoch, note }, (because) =>
    progress.now(`attempt ${count}: ${because}`),
  );
  if (result.kind === "given-up") return { kind: "again", because: result.because, oid: flip.oid };
  const { heldMs } = result;
  const what = to === "new" ? "is flipped" : "has its old names back";
  const attempts = count === 1 ? "" : `, at attempt ${count}`;
  const text = `${label} ${what}: ${flip.statements.join("; ")} (held for ${heldMs} ms${attempts})`;
  return over(done(stored, to, text, { epoch, held_ms: heldMs, attempts: count }));
}

/** Of pg_class: a table, a partitioned one. */
const TABLE_KINDS: ReadonlySet<string> = new Set(["r", "p"]);

const IN_FORCE: ReadonlySet<string> = new Set(["open", "holding", "flipped", "closing"]);

function over(outcome: Outcome): Attempt & { kind: "over" } {
  return { kind: "over", outcome };
}

function done(
  stored: StoredWindow,
  to: Side,
  text: string,
  data: Readonly<Record<string, number>>,
): Outcome {
  const state = to === "new" ? "flipped" : "open";
  const epoch = data["epoch"] ?? stored.epoch;
  return {
    kind: "done",
    text,
    data: { window: windowFields({ ...stored, state, epoch }), ...data },
  };
}

function givenUp(
  stored: StoredWindow,
  { to, timeoutMs }: FlipOptions,
  count: number,
  because: string,
): Outcome {
  const command = to === "new" ? "flip" : "unflip";
  return {
    kind: "refused",
    because: `${labelOf(stored)} was not renamed in ${ageOf(timeoutMs)}, at ${count} attempt(s): ${because}`,
    instead: `nothing has changed, and everything runs as before; when that is out of the way, straddle window ${command} ${stored.id}`,
    data: { window: windowFields(stored), attempts: count },
  };
}

function notOwner({ config }: StoreSession, relation: Relation, owner: string): string {
  return `${config.control.user} may not rename ${nameOf(relation)}, which is ${owner}'s: log in by --role as that role, or as a member of it`;
}

/** What takes the relation to that side's names, from whichever it has. */
function renamesTo(to: Side, window: Window, relation: Relation): string[] {
  const table = `ALTER TABLE ${nameOf(relation)}`;
  const names = new Set(relation.columns.map(({ name }) => name));
  const columns = renameSteps(window.renameColumns, names, to).map(
    (step) => `${table} RENAME COLUMN ${quoteIdentifier(step.from)} TO ${quoteIdentifier(step.to)}`,
  );
  const name = to === "new" ? window.renameTable : window.table;
  const isOther = window.renameTable !== undefined && name !== relation.name;
  // The table last: the others go by its name of now.
  return isOther && name !== undefined
    ? [...columns, `${table} RENAME TO ${quoteIdentifier(name)}`]
    : columns;
}

function nameOf({ schema, name }: Relation): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
