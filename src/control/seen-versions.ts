import type pg from "pg";
import type { VersionTag } from "../version/tag.ts";

/** Addresses that are kept of a version's sessions. */
const ADDRESSES_MAX = 5;

/** A version that has sessions now, or had statements not long ago. */
export interface SeenVersion {
  readonly tag: VersionTag;
  /** Sessions in this database, by what they are called in pg_stat_activity. */
  readonly sessions: number;
  /** Where some of them come from, as the server sees it; needs pg_read_all_stats. */
  readonly addresses: readonly string[];
  /** Its last statement by the store's ledger. */
  readonly lastStatementAt: Date | undefined;
}

/**
 * All of them: those with a session now, and those that the ledger has seen within `quietMs`. Sessions that
 * say no version are none.
 */
export async function readSeenVersions(
  client: pg.ClientBase,
  schema: string,
  quietMs: number,
): Promise<SeenVersion[]> {
  const seen = new Map<string, SeenVersion>();
  const { rows: live } = await client.query<LiveRow>(
    `SELECT application_name AS name, pg_catalog.count(*)::pg_catalog.int4 AS sessions,
            (pg_catalog.array_agg(DISTINCT pg_catalog.host(client_addr))
               FILTER (WHERE client_addr IS NOT NULL))[1:${ADDRESSES_MAX}] AS addresses
     FROM pg_catalog.pg_stat_activity
     WHERE datname = pg_catalog.current_database() AND application_name LIKE '_%@_%'
     GROUP BY application_name ORDER BY application_name`,
  );
  for (const { name, sessions, addresses } of live) {
    const at = name.lastIndexOf("@");
    const tag = { app: name.slice(0, at), version: name.slice(at + 1) };
    seen.set(name, { tag, sessions, addresses: addresses ?? [], lastStatementAt: undefined });
  }
  const { rows: used } = await client.query<UsedRow>(
    `SELECT app, version, pg_catalog.max(last_seen) AS last_seen FROM ${schema}.ledger
     WHERE version <> ''
       AND last_seen > pg_catalog.clock_timestamp() - $1::pg_catalog.float8 * interval '1 ms'
     GROUP BY app, version ORDER BY app, version`,
    [quietMs],
  );
  for (const { app, version, last_seen } of used) {
    const name = `${app}@${version}`;
    const known = seen.get(name) ?? { tag: { app, version }, sessions: 0, addresses: [] };
    seen.set(name, { ...known, lastStatementAt: last_seen });
  }
  return [...seen.values()];
}

interface LiveRow {
  readonly name: string;
  readonly sessions: number;
  readonly addresses: readonly string[] | null;
}

interface UsedRow {
  readonly app: string;
  readonly version: string;
  readonly last_seen: Date;
}
