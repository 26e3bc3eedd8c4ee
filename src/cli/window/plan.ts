import { type CheckedWindow, checkWindow } from "../../config/window-schema.ts";
import { insertWindow, readWindows, setNote } from "../../control/store-windows.ts";
import { windowProblems } from "../../version/naming.ts";
import type { Window } from "../../version/window.ts";
import { windowContent } from "../../version/window-content.ts";
import { SetupError } from "../fail.ts";
import { readCatalog } from "../read-catalog.ts";
import type { Outcome } from "./outcome.ts";
import { inTransaction, type StoreSession } from "./store-session.ts";
import { renamesOf, tableOf, windowFields } from "./words.ts";

/** A window as the command line declares it; the keys are those of `windows` in the file. */
export interface Declaration {
  readonly table: string;
  /** `old=new`, several at once. */
  readonly rename: readonly string[];
  readonly rename_table: string | undefined;
  readonly old: string;
  readonly new: string;
  readonly app: string | undefined;
  readonly closes: string | undefined;
}

/**
 * Writes a window down, and no more: instances take no notice of it before it is opened. The same checks as for
 * a window in the file, against the windows of the file and of the store, and against the catalog.
 */
export async function planWindow(
  session: StoreSession,
  declaration: Declaration,
  note: string,
): Promise<Outcome> {
  const { client, config, schema } = session;
  const declared = { ...declaration, rename: renamesIn(declaration.rename) };
  return inTransaction(session, async () => {
    // Two at a time could contradict one another, and neither would see it.
    await client.query("SELECT pg_advisory_xact_lock(hashtext('straddle window plan'))");
    const stored = (await readWindows(client, schema)).filter(({ state }) => state !== "closed");
    const byItself = checkWindow(declared, []);
    if (byItself.kind === "problem") throw new SetupError(asOption(byItself));
    // The same in the file and in the store is one window: it can be moved from the one to the other.
    const content = contentOf(byItself.window);
    const others = [
      ...config.windows
        .map((window, index) => ({ window, name: `windows[${index}] of the file` }))
        .filter((other) => contentOf(other.window) !== content),
      ...stored.map(({ id, window }) => ({ window, name: `window ${id}` })),
    ];
    const checked = checkWindow(declared, others);
    if (checked.kind === "problem") {
      return { kind: "refused", because: asOption(checked), instead: "" };
    }
    const { window } = checked;
    const [problem] = windowProblems([window], await readCatalog(config));
    if (problem !== undefined) return { kind: "refused", because: problem, instead: "" };
    await setNote(client, note);
    const id = await insertWindow(client, schema, window);
    const app = window.app === undefined ? "" : `, of ${window.app} only`;
    return {
      kind: "done",
      text: [
        `window ${id} is planned: ${tableOf(window)}, ${renamesOf(window)}; old ${window.old}, new ${window.new}${app}`,
        `next: straddle window open ${id}`,
      ].join("\n"),
      data: { window: windowFields({ id, state: "planned", epoch: 0, window, unknown: "" }) },
    };
  });
}

function contentOf(window: Window): string | undefined {
  return windowContent([window], window);
}

function renamesIn(texts: readonly string[]): Record<string, string> {
  const renames = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0 || at === text.length - 1) {
      throw new SetupError(`--rename: "${text}" is not of the form old=new`);
    }
    const before = text.slice(0, at);
    if (renames.has(before)) throw new SetupError(`--rename: "${before}" is renamed twice`);
    renames.set(before, text.slice(at + 1));
  }
  return Object.fromEntries(renames);
}

/** Sentences of the checks begin with a key of the file; here it is an option. */
function asOption({ key, message }: Extract<CheckedWindow, { kind: "problem" }>): string {
  return message.startsWith(key)
    ? `--${key.replaceAll("_", "-")}${message.slice(key.length)}`
    : message;
}
