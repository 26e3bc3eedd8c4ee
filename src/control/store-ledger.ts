import type pg from "pg";

/** A line of the store's ledger. Times are milliseconds since the epoch. */
export interface StoredUse {
  /** "", like the version, for sessions that say none. */
  readonly app: string;
  readonly version: string;
  readonly schema: string;
  /** "" for what is about no table. */
  readonly table: string;
  /** "" for the table itself. */
  readonly column: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly fingerprints: readonly string[];
}

/** Fingerprints that a line keeps. */
const FINGERPRINTS_MAX = 5;

/**
 * Adds what was counted to the store: all of it, or nothing. Times are by this machine's clock, and are written down as
 * the server's clock would have had them: who asks how long ago something was asks the server.
 */
export async function addUses(
  client: pg.ClientBase,
  schema: string,
  uses: readonly StoredUse[],
): Promise<void> {
  // In one order, so that two instances never wait for each other.
  await client.query(
    `INSERT INTO ${schema}.ledger AS known
       (app, version, schema_name, table_name, column_name, first_seen, last_seen, count, fingerprints)
     SELECT app, version, "schema", "table", "column", pg_catalog.to_timestamp("firstAt" / 1000) + ahead,
            pg_catalog.to_timestamp("lastAt" / 1000) + ahead, "count", fingerprints
     FROM pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb) AS uses(
       app pg_catalog.text, version pg_catalog.text, "schema" pg_catalog.text,
       "table" pg_catalog.text, "column" pg_catalog.text, "firstAt" pg_catalog.float8,
       "lastAt" pg_catalog.float8, "count" pg_catalog.int8, fingerprints pg_catalog.text[]),
       (SELECT pg_catalog.clock_timestamp() - pg_catalog.to_timestamp($2::pg_catalog.float8 / 1000) AS ahead) AS clock
     ORDER BY 3, 4, 5, 1, 2
     ON CONFLICT (schema_name, table_name, column_name, app, version) DO UPDATE SET
       first_seen = least(known.first_seen, excluded.first_seen),
       last_seen = greatest(known.last_seen, excluded.last_seen),
       count = known.count + excluded.count,
       fingerprints = ARRAY(
         SELECT each FROM pg_catalog.unnest(excluded.fingerprints || known.fingerprints)
           WITH ORDINALITY AS all_of_them(each, place)
         GROUP BY each ORDER BY pg_catalog.min(place) LIMIT ${FINGERPRINTS_MAX})`,
    [JSON.stringify(uses), Date.now()],
  );
}

/** Forgets what nobody has used for so long. */
export async function pruneUses(
  client: pg.ClientBase,
  schema: string,
  retentionMs: number,
): Promise<void> {
  await client.query(
    `DELETE FROM ${schema}.ledger
     WHERE last_seen < pg_catalog.clock_timestamp() - $1::pg_catalog.float8 * interval '1 ms'`,
    [retentionMs],
  );
}

/** All of it, and the server's time. */
export async function readUses(
  client: pg.ClientBase,
  schema: string,
): Promise<{ readonly uses: readonly StoredUse[]; readonly now: number }> {
  const { rows: clock } = await client.query<{ now: Date }>(
    "SELECT pg_catalog.clock_timestamp() AS now",
  );
  const { rows } = await client.query<UseRow>(`SELECT * FROM ${schema}.ledger`);
  const uses = rows.map((row) => ({
    app: row.app,
    version: row.version,
    schema: row.schema_name,
    table: row.table_name,
    column: row.column_name,
    firstAt: row.first_seen.getTime(),
    lastAt: row.last_seen.getTime(),
    count: Number(row.count),
    fingerprints: row.fingerprints,
  }));
  return { uses, now: clock[0]?.now.getTime() ?? Date.now() };
}

interface UseRow {
  readonly app: string;
  readonly version: string;
  readonly schema_name: string;
  readonly table_name: string;
  readonly column_name: string;
  readonly first_seen: Date;
  readonly last_seen: Date;
  readonly count: string;
  readonly fingerprints: readonly string[];
}
