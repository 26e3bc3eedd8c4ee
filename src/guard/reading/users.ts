import { formatTag } from "../../version/tag.ts";
import { isNeeded, type Use } from "../../version/usage.ts";
import type { Window } from "../../version/window.ts";
import { isSameName, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { relationFacts } from "./exempt.ts";

/**
 * Who still needs a table or a column, as a sentence; undefined if nobody does (`isNeeded`,
 * with `goneAfterMs`). What is not known counts as needed.
 */
export function usersOf(
  table: RelationName,
  column: string | undefined,
  subject: Subject,
): string | undefined {
  const { usage, now } = subject.facts;
  const schema = relationFacts(table, subject)?.schema ?? table.schema;
  if (usage === undefined || now === undefined || schema === undefined) {
    return "Which versions use it is not known, so any of them may fail.";
  }
  const names = namesOf({ schema, name: table.name }, column, subject.facts.windows);
  const uses = names
    .flatMap((name) => usage.of({ schema, ...name }))
    .filter((use) =>
      isNeeded(
        { ...use, isOfVersion: use.tag !== undefined, agoMs: now - use.lastSeenAt },
        subject.policy.goneAfterMs,
      ),
    );
  if (uses.length === 0) return undefined;
  return `It is still used by ${uses.map((use) => useText(use, now)).join(", ")}.`;
}

/** Every name that a window's versions have for it. */
function namesOf(
  table: RelationName,
  column: string | undefined,
  windows: readonly Window[],
): readonly { readonly table: string; readonly column: string | undefined }[] {
  const own = windows.filter((window) => isOfWindow(table, window));
  const tables = new Set([
    table.name,
    ...own.flatMap((window) => [window.table, window.renameTable ?? window.table]),
  ]);
  const pairs = own.flatMap((window) => [...window.renameColumns]);
  const columns = new Set([column, ...pairs.filter((pair) => pair.includes(column ?? "")).flat()]);
  return [...tables].flatMap((name) => [...columns].map((each) => ({ table: name, column: each })));
}

export function isOfWindow(table: RelationName, { schema, table: old, renameTable }: Window) {
  return [old, renameTable ?? old].some((name) => isSameName({ schema, name }, table));
}

function useText(
  { tag, isCertain, lastSeenAt, liveSessions, perSecond }: Use,
  now: number,
): string {
  const who = tag === undefined ? "unknown versions" : formatTag(tag);
  const sessions =
    liveSessions === 0 ? "" : `, ${liveSessions} session${liveSessions === 1 ? "" : "s"}`;
  const rate =
    perSecond === 0
      ? ""
      : `, ${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} a second`;
  const perhaps = isCertain ? "" : "perhaps, ";
  return `${who} (${perhaps}last ${ago(now - lastSeenAt)}${sessions}${rate})`;
}

function ago(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 120) return `${minutes} minute${minutes === 1 ? "" : "s"} ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours ago` : `${Math.round(hours / 24)} days ago`;
}
