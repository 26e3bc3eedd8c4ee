import { randomBytes } from "node:crypto";
import pg from "pg";
import { renameSteps } from "../../base/rename-chains.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import type { Catalog } from "../../version/catalog.ts";
import { tableNamesOf, type Window } from "../../version/window.ts";
import { explainSystemError, SetupError } from "../fail.ts";
import { catalogOver } from "../read-catalog.ts";
import { Planner } from "./planner.ts";
import { type Missing, makeObjects, type Schema } from "./schema-copy.ts";

/** How the names of all windows stand in a copy: as before their renames, or as after. */
export type State = "old" | "new";
export const STATES: readonly State[] = ["old", "new"];

/** A copy of the schema in one of the two states. */
export interface Copy {
  readonly state: State;
  readonly catalog: Catalog;
  /** The session's schemas in order. */
  readonly schemas: readonly string[];
  readonly planner: Planner;
}

/**
 * Two scratch databases, with the schema and without its data. They are all that a rehearsal ever writes
 * to, and go with it.
 */
export class Scratch {
  readonly #connection: pg.ClientConfig;
  readonly #name = `straddle_rehearsal_${randomBytes(6).toString("hex")}`;
  readonly #clients: pg.Client[] = [];
  #creating: Promise<unknown> = Promise.resolve();
  #dropped: Promise<void> | undefined;

  /** `connection`: to any database of the server that is to hold the copies. */
  constructor(connection: pg.ClientConfig) {
    this.#connection = connection;
  }

  /** What could not be copied is returned beside the copies. */
  async fill(
    schema: Schema,
    windows: readonly Window[],
    locale: string,
  ): Promise<{ copies: ReadonlyMap<State, Copy>; missing: readonly Missing[] }> {
    const [first, second] = [this.#databaseOf("old"), this.#databaseOf("new")];
    await this.#create(`CREATE DATABASE ${first} TEMPLATE template0 ${locale}`);
    const client = await this.#connect(first);
    const missing = await makeObjects(client, schema.objects);
    await this.#end(client);
    await this.#create(`CREATE DATABASE ${second} TEMPLATE ${first}`);
    const copies = new Map<State, Copy>();
    for (const state of STATES) copies.set(state, await this.#open(state, schema, windows));
    return { copies, missing };
  }

  /** Safe to call at any time, and again: the databases go, with whoever is in them. */
  drop(): Promise<void> {
    this.#dropped ??= this.#drop();
    return this.#dropped;
  }

  async #drop(): Promise<void> {
    // The server would go on making a database whose maker has left.
    await this.#creating.catch(() => undefined);
    for (const client of [...this.#clients]) await this.#end(client);
    const client = await this.#connect(undefined);
    try {
      for (const state of STATES) {
        await client.query(`DROP DATABASE IF EXISTS ${this.#databaseOf(state)} WITH (FORCE)`);
      }
    } finally {
      await this.#end(client);
    }
  }

  async #open(state: State, schema: Schema, windows: readonly Window[]): Promise<Copy> {
    const client = await this.#connect(this.#databaseOf(state));
    for (const window of windows) await rename(client, window, state);
    const planner = await Planner.over(client, schema.searchPath);
    const { rows } = await client.query<{ schemas: string[] }>(
      "SELECT pg_catalog.current_schemas(true)::text[] AS schemas",
    );
    const catalog = await catalogOver({
      ...this.#connection,
      database: this.#databaseOf(state),
    });
    return { state, catalog, schemas: rows[0]?.schemas ?? [], planner };
  }

  #databaseOf(state: State): string {
    return `${this.#name}_${state}`;
  }

  async #create(sql: string): Promise<void> {
    const client = await this.#connect(undefined);
    try {
      if (this.#dropped !== undefined) throw new Error("it is being dropped again");
      this.#creating = client.query(sql);
      await this.#creating;
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      throw new SetupError(
        `the scratch database for the rehearsal can't be made: ${because} (the role needs CREATEDB; --scratch names another server)`,
      );
    } finally {
      await this.#end(client);
    }
  }

  async #connect(database: string | undefined): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.#connection,
      ...(database === undefined ? {} : { database }),
    });
    client.on("error", () => undefined); // Told to the query that waits, too.
    try {
      await client.connect();
    } catch (error) {
      void client.end().catch(() => undefined);
      if (error instanceof SetupError) throw error;
      throw new SetupError(
        explainSystemError("the server for the scratch databases can't be reached", error),
      );
    }
    this.#clients.push(client);
    return client;
  }

  async #end(client: pg.Client): Promise<void> {
    const index = this.#clients.indexOf(client);
    if (index >= 0) this.#clients.splice(index, 1);
    await client.end().catch(() => undefined);
  }
}

/** Brings a window's names into a state, whichever of the two they have. */
async function rename(client: pg.Client, window: Window, state: State): Promise<void> {
  const { schema, table, renameTable = table } = window;
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, pg_catalog.array_agg(a.attname::text) AS columns
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE n.nspname = $1 AND c.relname = ANY ($2) GROUP BY c.relname`,
    [schema, tableNamesOf(window)],
  );
  const found = rows[0];
  if (found === undefined) {
    throw new SetupError(`the table ${schema}.${table} could not be copied`);
  }
  const full = (name: string) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  for (const { from, to } of renameSteps(window.renameColumns, new Set(found.columns), state)) {
    await renameOnce(
      client,
      `ALTER TABLE ${full(found.name)} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}`,
    );
  }
  const wanted = state === "new" ? renameTable : table;
  if (window.renameTable !== undefined && found.name !== wanted) {
    await renameOnce(
      client,
      `ALTER TABLE ${full(found.name)} RENAME TO ${quoteIdentifier(wanted)}`,
    );
  }
}

async function renameOnce(client: pg.Client, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new SetupError(`the rename itself fails on the copy: ${sql}: ${because}`);
  }
}
