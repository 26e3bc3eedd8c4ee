import type pg from "pg";

/** A process of Straddle, as the store knows it. */
export interface Instance {
  readonly id: number;
  readonly version: string;
  readonly host: string;
  readonly processId: number;
  readonly startedAt: Date;
  readonly lastSeen: Date;
  /** Of the store's windows that it has in force. */
  readonly revision: number;
  /** What it refuses, and why; empty where all is well. */
  readonly problem: string;
  /**
   * `alive`: its control connection holds its lock. `limbo`: it does not, but was seen within its lease, and counts
   * still. `gone`: it does not count any more.
   */
  readonly presence: "alive" | "limbo" | "gone";
}

export interface Fleet {
  readonly instances: readonly Instance[];
  /** How often the store's windows have changed. */
  readonly revision: number;
  /** The server's clock, which the times of the store are by. */
  readonly now: Date;
}

/** Who is there, and what each of them has in force. */
export async function readFleet(client: pg.ClientBase, schema: string): Promise<Fleet> {
  const { rows } = await client.query<FleetRow>(
    `SELECT s.revision, pg_catalog.clock_timestamp() AS now, i.id, i.version, i.host, i.process_id,
            i.started_at, i.last_seen, i.revision AS own_revision, i.problem,
            EXISTS (SELECT FROM pg_catalog.pg_locks l
                    WHERE l.locktype = 'advisory' AND l.granted
                      AND l.database = (SELECT oid FROM pg_catalog.pg_database
                                        WHERE datname = pg_catalog.current_database())
                      AND l.classid = $1::pg_catalog.regnamespace AND l.objid::pg_catalog.int8 = i.id) AS is_locked,
            i.last_seen > pg_catalog.clock_timestamp() - i.lease_ms * interval '1 ms' AS is_leased
     FROM ${schema}.store s LEFT JOIN ${schema}.instances i ON true ORDER BY i.id`,
    [schema],
  );
  const instances = rows.flatMap((row): Instance[] => {
    if (row.id === null) return [];
    return [
      {
        id: row.id,
        version: row.version,
        host: row.host,
        processId: row.process_id,
        startedAt: row.started_at,
        lastSeen: row.last_seen,
        revision: Number(row.own_revision),
        problem: row.problem,
        presence: row.is_locked ? "alive" : row.is_leased ? "limbo" : "gone",
      },
    ];
  });
  return { instances, revision: Number(rows[0]?.revision), now: rows[0]?.now ?? new Date() };
}

interface FleetRow {
  readonly revision: string;
  readonly now: Date;
  /** Null where there is no instance. */
  readonly id: number | null;
  readonly version: string;
  readonly host: string;
  readonly process_id: number;
  readonly started_at: Date;
  readonly last_seen: Date;
  readonly own_revision: string;
  readonly problem: string;
  readonly is_locked: boolean;
  readonly is_leased: boolean;
}
