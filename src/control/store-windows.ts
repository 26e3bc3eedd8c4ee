import type pg from "pg";
import type { Window } from "../version/window.ts";
import type { WindowState } from "../version/window-life.ts";

/** What this program understands; an instance of a later one may have written others. */
const KIND = "rename";
const FORMAT = 1;

export interface StoredWindow {
  readonly id: number;
  readonly state: WindowState;
  /** Of the last flip; 0 before the first one. */
  readonly epoch: number;
  readonly window: Window;
  /** What this program does not understand of it; empty where it does. */
  readonly unknown: string;
}

/** One move of a window. */
export interface HistoryEntry {
  readonly at: Date;
  /** Undefined for its beginning. */
  readonly before: WindowState | undefined;
  readonly after: WindowState;
  readonly epoch: number;
  readonly role: string;
  /** What the connection called itself. */
  readonly application: string;
  readonly address: string | undefined;
  readonly note: string;
}

/** All windows that there have ever been, in the order of their making. */
export async function readWindows(client: pg.ClientBase, schema: string): Promise<StoredWindow[]> {
  const { rows } = await client.query<WindowRow>(`${SELECT} FROM ${schema}.windows ORDER BY id`);
  return rows.map(storedWindow);
}

/** One window, locked until the transaction ends: whoever wants to move it waits. */
export async function lockWindow(
  client: pg.ClientBase,
  schema: string,
  id: number,
): Promise<StoredWindow | undefined> {
  const { rows } = await client.query<WindowRow>(
    `${SELECT} FROM ${schema}.windows WHERE id = $1 FOR UPDATE`,
    [id],
  );
  return rows.map(storedWindow)[0];
}

/** Within a transaction: its moves carry this note in the history. */
export async function setNote(client: pg.ClientBase, note: string): Promise<void> {
  await client.query("SELECT pg_catalog.set_config('straddle.note', $1, true)", [note]);
}

/** Writes down a window that is planned; its id. */
export async function insertWindow(
  client: pg.ClientBase,
  schema: string,
  window: Window,
): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO ${schema}.windows
       (schema_name, table_name, rename_table, renames, old_range, new_range, app, closes)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
    [
      window.schema,
      window.table,
      window.renameTable,
      JSON.stringify(Object.fromEntries(window.renameColumns)),
      window.old,
      window.new,
      window.app,
      window.closes,
    ],
  );
  return Number(rows[0]?.id);
}

/** The store refuses a move that its own table of moves does not have (SQLSTATE 55000). */
export async function setState(
  client: pg.ClientBase,
  schema: string,
  id: number,
  state: WindowState,
): Promise<void> {
  await client.query(`UPDATE ${schema}.windows SET state = $2 WHERE id = $1`, [id, state]);
}

/** What happened to a window, the first first. */
export async function readHistory(
  client: pg.ClientBase,
  schema: string,
  id: number,
): Promise<HistoryEntry[]> {
  const { rows } = await client.query<HistoryRow>(
    `SELECT at, state_before, state_after, epoch, by_role, by_application,
            pg_catalog.host(by_address) AS by_address, note
     FROM ${schema}.history WHERE window_id = $1 ORDER BY id`,
    [id],
  );
  return rows.map((row) => ({
    at: row.at,
    before: row.state_before ?? undefined,
    after: row.state_after,
    epoch: Number(row.epoch),
    role: row.by_role,
    application: row.by_application,
    address: row.by_address ?? undefined,
    note: row.note,
  }));
}

// A date as text: pg would make it midnight in this machine's time zone.
const SELECT = `SELECT id, kind, format, schema_name, table_name, rename_table, renames, old_range,
  new_range, app, closes::pg_catalog.text AS closes, state, epoch`;

interface WindowRow {
  readonly id: string;
  readonly kind: string;
  readonly format: number;
  readonly schema_name: string;
  readonly table_name: string;
  readonly rename_table: string | null;
  readonly renames: Readonly<Record<string, string>>;
  readonly old_range: string;
  readonly new_range: string;
  readonly app: string | null;
  readonly closes: string | null;
  readonly state: WindowState;
  readonly epoch: string;
}

interface HistoryRow {
  readonly at: Date;
  readonly state_before: WindowState | null;
  readonly state_after: WindowState;
  readonly epoch: string;
  readonly by_role: string;
  readonly by_application: string;
  readonly by_address: string | null;
  readonly note: string;
}

function storedWindow(row: WindowRow): StoredWindow {
  const isUnderstood = row.kind === KIND && row.format === FORMAT;
  return {
    id: Number(row.id),
    state: row.state,
    epoch: Number(row.epoch),
    unknown: isUnderstood ? "" : `kind ${row.kind}, format ${row.format}`,
    window: {
      schema: row.schema_name,
      table: row.table_name,
      renameTable: row.rename_table ?? undefined,
      renameColumns: new Map(Object.entries(row.renames)),
      old: row.old_range,
      new: row.new_range,
      app: row.app ?? undefined,
      closes: row.closes ?? undefined,
    },
  };
}
