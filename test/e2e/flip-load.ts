import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import postgres from "postgres";

/** Sessions of both versions that work without a pause while names change, and check every answer. */

export const SCHEMA = `
  CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL, total int NOT NULL DEFAULT 0);
  INSERT INTO orders SELECT n, n % 10, 0 FROM generate_series(1, 200) AS n;
  CREATE TABLE person (id int PRIMARY KEY, name text);
  INSERT INTO person SELECT n, 'p' || n FROM generate_series(1, 50) AS n;
`;

export const SETTINGS = `
windows:
  - { table: public.orders, rename: { user_id: customer_id }, old: "<2.0.0", new: ">=2.0.0" }
  - { table: public.person, rename_table: people, old: "<2.0.0", new: ">=2.0.0" }
`;

export const VERSIONS = ["1.4.0", "2.0.0"] as const;
export type Version = (typeof VERSIONS)[number];

/** What each version calls the column and the table. */
export const NAMES = {
  "1.4.0": { column: "user_id", table: "person" },
  "2.0.0": { column: "customer_id", table: "people" },
} as const;

/** How a client of a version, or of none, connects to what is tested. */
export type Connection = (version?: Version) => pg.ClientConfig;

export async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

export interface Load {
  /** What failed, one line each, by the kind of worker that it failed for. */
  readonly failures: {
    readonly kind: string;
    readonly sqlstate: string;
    readonly message: string;
  }[];
  /** The kinds of those whose connection has ended. */
  readonly lost: string[];
  /** What was answered, but not with what was asked. */
  readonly wrong: string[];
  queriesCount: number;
  isOver: boolean;
}

export function newLoad(): Load {
  return { failures: [], lost: [], wrong: [], queriesCount: 0, isOver: false };
}

export type Turn = (id: number) => Promise<void>;

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Asks again and again, each time for the row of another id, and checks the answers. */
export async function work(load: Load, kind: string, turn: Turn, rollback: () => Promise<unknown>) {
  for (let count = 1; !load.isOver; count++) {
    try {
      await turn(1 + (count % 50));
    } catch (error) {
      const { code = "", message } = error as { code?: string; message: string };
      if (!SQLSTATE.test(code)) {
        load.lost.push(`${kind}: ${message}`);
        return;
      }
      load.failures.push({ kind, sqlstate: code, message });
      await rollback();
    }
    load.queriesCount += 1;
  }
}

/** Takes down what is not as it should be. */
export function check(load: Load, kind: string, row: unknown, column: string, value: number): void {
  const found = (row as Record<string, unknown> | undefined)?.[column];
  if (found !== value) load.wrong.push(`${kind}: ${column} is ${found}, not ${value}`);
}

/** Five sessions of one version, each of another kind. */
async function startWorkers(load: Load, version: Version, connection: Connection) {
  const { column, table } = NAMES[version];
  const clients = await Promise.all([1, 2, 3, 4].map(() => connect(connection(version))));
  const [simple, prepared, transaction, several] = clients as [
    pg.Client,
    pg.Client,
    pg.Client,
    pg.Client,
  ];
  const { host, port, database: name } = connection(version);
  const sql = postgres({
    host: host ?? "",
    port: port ?? 0,
    database: name ?? "",
    username: "postgres",
    max: 1,
    connection: { application_name: `shop@${version}` },
    onnotice: () => undefined,
  });

  const autocommit: Turn = async (id) => {
    const read = await simple.query(
      `SELECT * FROM orders WHERE ${column} = ${id % 10} AND id = ${id}`,
    );
    check(load, "autocommit", read.rows[0], column, id % 10);
    await simple.query(
      `UPDATE orders SET total = total + 1, ${column} = ${column} WHERE id = ${id}`,
    );
    await simple.query(`SELECT * FROM ${table} WHERE id = ${id}`);
  };
  const named: Turn = async (id) => {
    const read = await prepared.query({
      name: "read",
      text: `SELECT o.*, p.name FROM orders o JOIN ${table} p ON p.id = o.id WHERE o.id = $1`,
      values: [id],
    });
    check(load, "prepared", read.rows[0], column, id % 10);
    const written = await prepared.query({
      name: "write",
      text: `UPDATE orders SET ${column} = $2 WHERE id = $1 RETURNING *`,
      values: [id, id % 10],
    });
    check(load, "prepared", written.rows[0], column, id % 10);
    await prepared.query({
      name: "touch",
      text: `UPDATE ${table} SET name = name WHERE id = $1`,
      values: [id],
    });
    const unnamed = await prepared.query(`SELECT ${column} FROM orders WHERE id = $1`, [id]);
    check(load, "prepared", unnamed.rows[0], column, id % 10);
  };
  const inBlocks: Turn = async (id) => {
    await transaction.query("BEGIN");
    await transaction.query("SELECT 1");
    const read = await transaction.query(`SELECT ${column} FROM orders WHERE id = $1`, [id]);
    check(load, "transaction", read.rows[0], column, id % 10);
    await transaction.query(`UPDATE orders SET ${column} = ${column} WHERE id = ${id}`);
    await transaction.query({ name: "all", text: `SELECT count(*) FROM ${table}` });
    await transaction.query("COMMIT");
  };
  const porsager: Turn = async (id) => {
    const [read] = await sql.unsafe(`SELECT * FROM orders WHERE id = $1`, [id], { prepare: true });
    check(load, "postgres", read, column, id % 10);
    const [written] = await sql.unsafe(
      `UPDATE orders SET ${column} = $2 WHERE id = $1 RETURNING ${column}`,
      [id, id % 10],
      { prepare: true },
    );
    check(load, "postgres", written, column, id % 10);
  };

  const strings: Turn = async (id) => {
    const results = await several.query(
      `SELECT ${column} FROM orders WHERE id = ${id}; ` +
        `INSERT INTO orders (id, ${column}) VALUES (${id}, 1) ON CONFLICT (id) DO UPDATE SET ${column} = orders.${column} RETURNING *`,
    );
    // Trust boundary: pg gives a list for a string of several statements.
    const [read, written] = results as unknown as readonly pg.QueryResult[];
    check(load, "string", read?.rows[0], column, id % 10);
    check(load, "string", written?.rows[0], column, id % 10);
  };

  const nothing = async () => undefined;
  const workers = [
    work(load, "autocommit", autocommit, nothing),
    work(load, "string", strings, nothing),
    work(load, "prepared", named, nothing),
    work(load, "transaction", inBlocks, () => transaction.query("ROLLBACK")),
    work(load, "postgres", porsager, nothing),
  ];
  return async () => {
    await Promise.all(workers);
    await Promise.all(clients.map((client) => client.end()));
    await sql.end({ timeout: 1 }); // One whose connection was lost has nothing more to wait for.
  };
}

/** What went wrong while `flips` ran under the load of ten sessions. */
export async function underLoad(
  connection: Connection,
  flips: (load: Load) => Promise<void>,
): Promise<Load> {
  const load = newLoad();
  const ends = await Promise.all(
    VERSIONS.map((version) => startWorkers(load, version, connection)),
  );
  await sleep(200);
  try {
    await flips(load);
    await sleep(200);
  } finally {
    load.isOver = true;
    for (const end of ends) await end();
  }
  return load;
}

export const RENAMES = [
  ["ALTER TABLE orders RENAME user_id TO customer_id", "ALTER TABLE person RENAME TO people"],
  ["ALTER TABLE orders RENAME customer_id TO user_id", "ALTER TABLE people RENAME TO person"],
] as const;
