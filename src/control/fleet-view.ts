import type pg from "pg";

/** A rename, under way or over. */
export interface Flip {
  readonly epoch: number;
  readonly coordinator: string;
  readonly startedAt: Date;
  /** How long the fleet held for it; undefined while it does. */
  readonly heldMs: number | undefined;
  readonly state: "holding" | "flipped" | "aborted";
  readonly note: string;
  /** Ids of the instances that have acknowledged it, and have not withdrawn that. */
  readonly acknowledged: readonly number[];
}

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
            ${schema}.is_live(i.id) AS is_locked,
            i.last_seen > pg_catalog.clock_timestamp() - i.lease_ms * interval '1 ms' AS is_leased
     FROM ${schema}.store s LEFT JOIN ${schema}.instances i ON true ORDER BY i.id`,
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

/** The last renames of a table, by its name in windows; the latest first. */
export async function readFlips(
  client: pg.ClientBase,
  schema: string,
  table: { readonly schema: string; readonly table: string },
  countMax: number,
): Promise<Flip[]> {
  const { rows } = await client.query<FlipRow>(
    `SELECT epoch, coordinator, started_at, state, note,
            pg_catalog.round(extract(epoch FROM ended_at - started_at) * 1000)::pg_catalog.int4 AS held_ms,
            ARRAY(SELECT a.instance_id FROM ${schema}.acknowledgements a
                  WHERE a.epoch = f.epoch AND a.withdrawn_at IS NULL ORDER BY 1) AS acknowledged
     FROM ${schema}.flips f WHERE schema_name = $1 AND table_name = $2
     ORDER BY epoch DESC LIMIT $3`,
    [table.schema, table.table, countMax],
  );
  return rows.map((row) => ({
    epoch: Number(row.epoch),
    coordinator: row.coordinator,
    startedAt: row.started_at,
    heldMs: row.held_ms ?? undefined,
    state: row.state,
    note: row.note,
    acknowledged: row.acknowledged,
  }));
}

interface FlipRow {
  readonly epoch: string;
  readonly coordinator: string;
  readonly started_at: Date;
  readonly held_ms: number | null;
  readonly state: "holding" | "flipped" | "aborted";
  readonly note: string;
  readonly acknowledged: readonly number[];
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
