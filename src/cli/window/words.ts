import { formatTableName } from "../../base/table-name.ts";
import type { StoredWindow } from "../../control/store-windows.ts";
import type { Window } from "../../version/window.ts";

/** `user_id -> customer_id, table -> people`. */
export function renamesOf(window: Window): string {
  const columns = [...window.renameColumns].map(([before, after]) => `${before} -> ${after}`);
  const table = window.renameTable === undefined ? [] : [`table -> ${window.renameTable}`];
  return [...columns, ...table].join(", ");
}

export function tableOf({ schema, table }: Window): string {
  return formatTableName({ schema, name: table });
}

/** `window 3 (public.orders)`: how a window is called in sentences. */
export function labelOf({ id, window }: StoredWindow): string {
  return `window ${id} (${tableOf(window)})`;
}

/** As the configuration file spells it. */
export function windowFields({ id, state, epoch, window }: StoredWindow) {
  return {
    id,
    table: tableOf(window),
    rename: Object.fromEntries(window.renameColumns),
    ...(window.renameTable === undefined ? {} : { rename_table: window.renameTable }),
    old: window.old,
    new: window.new,
    ...(window.app === undefined ? {} : { app: window.app }),
    ...(window.closes === undefined ? {} : { closes: window.closes }),
    state,
    epoch,
  };
}

/** `2026-11-29 10:12:03Z`. */
export function timeOf(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** `300 ms`, `42 s`, `12 min`, `3 h`, `5 d`: the largest unit that says enough. */
export function ageOf(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1_000) return `${Math.ceil(milliseconds)} ms`;
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Columns as wide as their longest cell, two spaces between them. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
