import { hostname, userInfo } from "node:os";
import pg from "pg";
import { parseTableName } from "../../base/table-name.ts";
import type { Config } from "../../config/config.ts";
import { checkStore, StoreError } from "../../control/store.ts";
import { readWindows, type StoredWindow } from "../../control/store-windows.ts";
import { configFile, loadConfigOrThrow } from "../config-file.ts";
import { serverName, withConnection } from "../control-connection.ts";
import { SetupError } from "../fail.ts";
import type { Outcome } from "./outcome.ts";

/** How long a command waits for another one that moves the same window. */
const LOCK_TIMEOUT_MS = 5_000;

/** SQLSTATEs. The store raises the second one for a move that it does not know. */
const LOCK_NOT_AVAILABLE = "55P03";
const OBJECT_NOT_IN_STATE = "55000";
const INSUFFICIENT_PRIVILEGE = "42501";
const ADMIN_SHUTDOWN = "57P01";

/** What the commands about windows have in common. */
export interface StoreOptions {
  readonly config?: string;
  readonly role?: string;
}

/** A connection to the store, of a version that this program understands. */
export interface StoreSession {
  readonly client: pg.Client;
  readonly config: Config;
  readonly schema: string;
}

/** Runs `work` on the store. Whatever is wrong with the set-up is a SetupError. */
export async function withStore(
  options: StoreOptions,
  work: (session: StoreSession) => Promise<Outcome>,
): Promise<Outcome> {
  const config = configOf(options);
  const { mode, schema } = config.control;
  if (mode !== "database") {
    throw new SetupError(
      "control.mode is file, so windows are in the configuration file; for windows in the database set control.mode: database, and run straddle control init",
    );
  }
  return withConnection(config, async (client) => {
    let isLost = false;
    client.once("end", () => {
      isLost = true;
    });
    try {
      await client.query(
        `SELECT pg_catalog.set_config('application_name', $1, false),
                pg_catalog.set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', false)`,
        [whoRunsThis()],
      );
      await checkStore(client, schema);
      return await work({ client, config, schema });
    } catch (error) {
      return explained(error, config, isLost);
    }
  });
}

/** Runs `work` in a transaction; what it throws rolls back. */
export async function inTransaction<T>(
  { client }: StoreSession,
  work: () => Promise<T>,
): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** The window that `named` means: by its id, or by its table where only one of the table's is not closed. */
export async function findWindow(
  { client, schema }: StoreSession,
  named: string,
): Promise<StoredWindow> {
  const windows = await readWindows(client, schema);
  if (/^\d+$/.test(named)) {
    const found = windows.find(({ id }) => id === Number(named));
    if (found !== undefined) return understood(found);
    throw new SetupError(`there is no window ${named}; straddle window list has all`);
  }
  const asked = parseTableName(named);
  const [found, another] = windows.filter(
    ({ state, window }) =>
      state !== "closed" &&
      window.table === asked?.name &&
      (window.schema === asked.schema || window.table === named),
  );
  if (found === undefined) {
    throw new SetupError(`there is no window on ${named}; straddle window list has all`);
  }
  if (another !== undefined) {
    throw new SetupError(
      `there are windows ${found.id} and ${another.id} on ${named}: say which one by its number`,
    );
  }
  return understood(found);
}

function understood(stored: StoredWindow): StoredWindow {
  if (stored.unknown === "") return stored;
  throw new SetupError(
    `window ${stored.id} is of ${stored.unknown}, which this Straddle does not know: use the one that planned it, or a later one`,
  );
}

function configOf({ config: file, role }: StoreOptions): Config {
  const config = loadConfigOrThrow(configFile(file));
  return role === undefined ? config : { ...config, control: { ...config.control, user: role } };
}

/** Who, for the history: PostgreSQL keeps 63 bytes of it. */
export function whoRunsThis(): string {
  return `straddle window (${userName()}@${hostname()})`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "?"); // In a container, an account may have no name.
  }
}

/** An error of the server, as an outcome where another operator is in the way. */
function explained(error: unknown, config: Config, isLost: boolean): Outcome {
  if (error instanceof StoreError) throw new SetupError(error.message);
  if (!(error instanceof pg.DatabaseError)) {
    if (!isLost) throw error;
    return lost(config, error instanceof Error ? error.message : String(error));
  }
  switch (error.code) {
    case LOCK_NOT_AVAILABLE:
      return {
        kind: "refused",
        because: `another transaction has held a lock on the store for ${LOCK_TIMEOUT_MS / 1_000} s`,
        instead: "try again; pg_locks and pg_stat_activity tell who it is",
      };
    case OBJECT_NOT_IN_STATE:
      return { kind: "refused", because: error.message, instead: "" };
    case ADMIN_SHUTDOWN:
      return lost(config, error.message);
    case INSUFFICIENT_PRIVILEGE:
      throw new SetupError(
        `${config.control.user} may not do that (${error.message}): log in as an operator by --role; straddle control init --operator makes one`,
      );
    default:
      throw new SetupError(`the server refused: ${error.message}`);
  }
}

function lost(config: Config, because: string): Outcome {
  return {
    kind: "refused",
    because: `the connection to ${serverName(config)} was lost (${because}), and with it what was not done yet`,
    instead: "straddle window show tells what has become of it; then run the command again",
  };
}
