import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** The store is asked this often whether all instances have acknowledged. */
const POLL_MS = 20;
const END_RETRY_MS = 100;
const END_TRIES_MAX = 50;
/** So that of two timeouts the one that says more comes first. */
const STATEMENT_MORE_MS = 50;

/** One rename that a command carries out, and what the fleet is told of it. */
export interface CommandFlip {
  readonly oid: number;
  /** The table as windows name it. */
  readonly schema: string;
  readonly table: string;
  /** Its name now, quoted. */
  readonly relation: string;
  /** Of another kind of relation LOCK TABLE knows nothing, or means the tables under it as well. */
  readonly isTable: boolean;
  /** `windowContent` of the table: instances that have another don't acknowledge. */
  readonly content: string;
  readonly coordinator: string;
  readonly holdMs: number;
  readonly marginMs: number;
  /** ALTER TABLEs. */
  readonly statements: readonly string[];
}

export type FlipResult =
  | { readonly kind: "flipped"; readonly heldMs: number }
  /** Nothing has changed, and the same may work a moment later. */
  | { readonly kind: "given-up"; readonly because: string };

/** SQLSTATEs after which a rename is tried again: a lock or the time; the names have changed meanwhile. */
const TRIED_AGAIN = new Set(["55P03", "57014", "40P01", "40001", "42703", "42P01", "42701"]);

/**
 * C1 and C2 of "The flip across a fleet" in src/README.md, once: the flip's epoch, or why it can't begin now. Within
 * a transaction of the caller.
 */
export async function beginFlip(
  client: pg.ClientBase,
  store: string,
  flip: CommandFlip,
): Promise<{ readonly epoch: number } | { readonly busy: string }> {
  const { rows } = await client.query<{ epoch: string | null; busy: string | null }>(
    `SELECT epoch::text, busy FROM ${store}.begin_flip($1, $2, $3, $4, $5, $6, $7)`,
    [
      flip.oid,
      flip.schema,
      flip.table,
      flip.content,
      flip.coordinator,
      flip.holdMs,
      Math.min(flip.marginMs, Math.ceil(flip.holdMs / 2)),
    ],
  );
  const epoch = rows[0]?.epoch ?? undefined;
  return epoch === undefined ? { busy: rows[0]?.busy ?? "" } : { epoch: Number(epoch) };
}

/** C3 to C7: waits for the instances, renames, and tells them; or gives up, and tells them that. */
export async function carryOutFlip(
  client: pg.ClientBase,
  store: string,
  begun: { readonly flip: CommandFlip; readonly epoch: number; readonly note: string },
  onWait: (because: string) => void,
): Promise<FlipResult> {
  const { flip, epoch, note } = begun;
  try {
    const missing = await awaitAcknowledgements(client, store, begun, onWait);
    if (missing !== "") {
      await endFlip(client, store, epoch, missing);
      return { kind: "given-up", because: missing };
    }
    onWait(`waits for the lock on ${flip.relation}`);
    const heldMs = await rename(client, store, begun);
    return { kind: "flipped", heldMs };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    const isDatabase = error instanceof pg.DatabaseError;
    const because = error instanceof Error ? error.message : String(error);
    // The error that is told is the first one; where this fails as well, any instance ends the flip (R).
    await endFlip(client, store, epoch, `${because}${note === "" ? "" : `; ${note}`}`).catch(
      () => undefined,
    );
    if (!isDatabase || !TRIED_AGAIN.has(error.code ?? "")) throw error;
    return { kind: "given-up", because: [because, error.detail ?? ""].join(" ").trim() };
  }
}

/** The owner of a relation, where this role may not rename it because it is somebody else's; else undefined. */
export async function foreignOwner(
  client: pg.ClientBase,
  oid: number,
): Promise<string | undefined> {
  const { rows } = await client.query<{ owner: string }>(
    `SELECT relowner::pg_catalog.regrole::pg_catalog.text AS owner FROM pg_catalog.pg_class
     WHERE oid = $1 AND NOT pg_catalog.pg_has_role(relowner, 'USAGE')`,
    [oid],
  );
  return rows[0]?.owner;
}

/** R: flips whose coordinator has died become what the catalog says. */
export async function recoverFlips(client: pg.ClientBase, store: string): Promise<void> {
  await client.query(`SELECT ${store}.recover()`);
}

/** Who has a lock on a relation, the longest transaction first: whom a rename waits for. */
export async function holdersOf(client: pg.ClientBase, oid: number): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(
    `SELECT pg_catalog.format('process %s (%s) has had a transaction open for %s s', a.pid,
              coalesce(nullif(a.application_name, ''), a.usename, a.backend_type),
              pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start))) AS text
     FROM pg_catalog.pg_stat_activity a
     WHERE a.pid <> pg_catalog.pg_backend_pid() AND a.pid IN (
       SELECT l.pid FROM pg_catalog.pg_locks l
       WHERE l.relation = $1 AND l.granted AND l.database = (
         SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
     ORDER BY a.xact_start LIMIT 3`,
    [oid],
  );
  return rows.map(({ text }) => text);
}

/** C3; empty when all have. The fence has the last word on the time. */
async function awaitAcknowledgements(
  client: pg.ClientBase,
  store: string,
  { flip, epoch }: { readonly flip: CommandFlip; readonly epoch: number },
  onWait: (because: string) => void,
): Promise<string> {
  const endsMs = performance.now() + flip.holdMs - flip.marginMs;
  for (;;) {
    const { rows } = await client.query<{ text: string }>(
      `SELECT pg_catalog.format('instance %s (%s, process %s)%s', id, host, process_id,
                CASE WHEN problem <> '' THEN ', which says: ' || problem ELSE '' END) AS text
       FROM ${store}.missing($1)`,
      [epoch],
    );
    if (rows.length === 0) return "";
    const missing = `not acknowledged by ${rows.map(({ text }) => text).join("; ")}`;
    if (performance.now() >= endsMs) return missing;
    onWait(missing);
    await sleep(POLL_MS);
  }
}

/** C4 to C6; milliseconds that the fleet has held for. */
async function rename(
  client: pg.ClientBase,
  store: string,
  {
    flip,
    epoch,
    note,
  }: { readonly flip: CommandFlip; readonly epoch: number; readonly note: string },
): Promise<number> {
  const fence = async () => {
    const { rows } = await client.query<{ left: number }>(`SELECT ${store}.fence($1) AS left`, [
      flip.oid,
    ]);
    const left = Math.max(1, Number(rows[0]?.left));
    // The statement's is for what may run long without waiting for a lock, such as event triggers.
    await client.query(
      `SET LOCAL lock_timeout = ${left}; SET LOCAL statement_timeout = ${left + STATEMENT_MORE_MS}`,
    );
  };
  await client.query("BEGIN");
  await client.query("SELECT pg_catalog.set_config('straddle.note', $1, true)", [note]);
  await fence();
  if (flip.isTable) {
    await client.query(`LOCK TABLE ${flip.relation} IN ACCESS EXCLUSIVE MODE`);
    await fence();
  }
  for (const statement of flip.statements) await client.query(statement);
  await fence();
  await client.query(`SELECT ${store}.end_flip($1, $2)`, [epoch, note]);
  const { rows } = await client.query<{ held: number }>(
    `SELECT extract(epoch FROM ended_at - started_at)::pg_catalog.float8 * 1000 AS held
     FROM ${store}.flips WHERE epoch = $1`,
    [epoch],
  );
  await client.query("COMMIT");
  return Math.round(Number(rows[0]?.held));
}

async function endFlip(
  client: pg.ClientBase,
  store: string,
  epoch: number,
  why: string,
): Promise<void> {
  // Who has its row locked ends it, or else any instance does (R).
  for (let count = 0; count < END_TRIES_MAX; count += 1) {
    const { rows } = await client.query(`SELECT ${store}.end_flip($1, $2) AS is_over`, [
      epoch,
      why,
    ]);
    if (rows[0]?.is_over === true) return;
    await sleep(END_RETRY_MS);
  }
}
