import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** What one client does over and over. Each turn leaves the database as consistent as it found it. */
export interface Lane {
  readonly name: string;
  readonly version: "1.0.0" | "2.0.0";
  turn(place: Place): Promise<void>;
}

/** What a turn is given. */
export interface Place {
  /** A session that stays over turns; made anew after it was lost. */
  readonly client: () => Promise<pg.Client>;
  /** A session of this turn's own. */
  readonly connect: () => Promise<pg.Client>;
  /** The name of the column under the window, as this version says it. */
  readonly column: string;
  readonly random: (below: number) => number;
  readonly counted: (queries: number) => void;
}

const PAUSE_MS = 4;

async function prepared({ client, column, random, counted }: Place): Promise<void> {
  const session = await client();
  for (let index = 0; index < 10; index++) {
    const id = 1 + random(1_000);
    const { rows } = await session.query({
      name: "read",
      text: `SELECT id, ${column} AS who FROM soak_orders WHERE id = $1`,
      values: [id],
    });
    if (rows.length !== 1 || rows[0].id !== id) throw new Error(`order ${id} is not there`);
  }
  counted(10);
  await sleep(PAUSE_MS);
}

/** Texts that are all different: caches have to let go of them. */
async function literals({ client, column, random, counted }: Place): Promise<void> {
  const session = await client();
  const label = `c${random(1_000_000)}`;
  await session.query(
    `SELECT ${column} AS ${label} FROM soak_orders WHERE id IN (${random(9)}, ${random(1_000)})`,
  );
  counted(1);
  await sleep(PAUSE_MS);
}

/** Money goes from one order to another, now and then in vain. */
async function transaction({ client, column, random, counted }: Place): Promise<void> {
  const session = await client();
  const [from, to] = [1 + random(500), 501 + random(500)];
  await session.query("BEGIN");
  await session.query(
    `UPDATE soak_orders SET total = total - 1 WHERE id = ${from} RETURNING ${column}`,
  );
  await session.query("UPDATE soak_orders SET total = total + 1 WHERE id = $1", [to]);
  if (random(4) === 0) {
    await session.query("SELECT 1 / 0").catch((error: unknown) => expectCode(error, "22012"));
    await session.query("COMMIT");
  } else await session.query(random(3) === 0 ? "ROLLBACK" : "COMMIT");
  counted(4);
  await sleep(PAUSE_MS);
}

/** Sessions that come and go, a third of them without a word. */
async function reconnect({ connect, column, random, counted }: Place): Promise<void> {
  const session = await connect();
  for (let left = random(4); left >= 0; left--) {
    await session.query(`SELECT count(${column}) FROM soak_orders WHERE id < 50`);
    counted(1);
  }
  if (random(3) > 0) await session.end();
  else {
    const unread = session.query(`SELECT ${column}, repeat('x', 900) FROM soak_orders`);
    unread.catch(() => undefined);
    session.removeAllListeners("error").on("error", () => undefined);
    // Trust boundary: the driver's types don't tell of its socket.
    const { stream } = (session as unknown as { connection: { stream: { destroy(): void } } })
      .connection;
    stream.destroy();
  }
  await sleep(20);
}

/** Some megabytes in one answer. */
async function large({ client, column, counted }: Place): Promise<void> {
  const session = await client();
  const { rows } = await session.query(
    `SELECT o.${column}, repeat('x', 2000) AS filler FROM soak_orders o, generate_series(1, 2)`,
  );
  if (rows.length !== 2_000) throw new Error(`${rows.length} rows in place of 2000`);
  counted(1);
  await sleep(200);
}

/** A statement that is cancelled by another connection. */
async function cancel({ connect, counted }: Place): Promise<void> {
  const session = await connect();
  const slow = session.query("SELECT pg_sleep(30)").then(
    () => {
      throw new Error("it was not cancelled");
    },
    (error: unknown) => expectCode(error, "57014"),
  );
  const other = await connect();
  // Trust boundary: the same.
  const { processID } = session as unknown as { processID: number };
  // One that comes before the statement hits nothing.
  const cancelIt =
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
  while ((await other.query(cancelIt, [processID])).rows.length === 0) await sleep(5);
  await slow;
  await session.end();
  await other.end();
  counted(2);
  await sleep(300);
}

/** The rename, there and back, as either version's migration would do it. */
async function flip({ connect, counted }: Place): Promise<void> {
  const session = await connect();
  await session.query("SET lock_timeout = '2s'");
  const { rows } = await session.query<{ attname: string }>(
    "SELECT attname FROM pg_attribute WHERE attrelid = 'soak_orders'::regclass AND attnum = 2",
  );
  const isNew = rows[0]?.attname === "customer_id";
  const names = isNew ? "customer_id TO user_id" : "user_id TO customer_id";
  await session
    .query(`ALTER TABLE soak_orders RENAME COLUMN ${names}`)
    .catch((error: unknown) => expectCode(error, "55P03"));
  await session.end();
  counted(3);
  await sleep(5_000);
}

function expectCode(error: unknown, code: string): void {
  if (error instanceof pg.DatabaseError && error.code === code) return;
  throw error;
}

const TURNS = { prepared, literals, transaction, reconnect, large, cancel };

/** Every lane for both versions. The flip has no version: it says the names that there are. */
export const LANES: readonly Lane[] = (["1.0.0", "2.0.0"] as const).flatMap((version) =>
  Object.entries(TURNS).map(([name, turn]) => ({ name, version, turn })),
);

export const FLIP: Pick<Lane, "name" | "turn"> = { name: "flip", turn: flip };
