import { setTimeout as sleep } from "node:timers/promises";
import {
  encodeExecute,
  encodeFrame,
  encodeParse,
  encodeQuery,
  SYNC,
} from "../../../src/wire/encode.ts";
import { Client } from "../../../src/wire/frame-type.ts";
import { type RawClient, ServerError } from "../raw-client.ts";
import type { StatementSpan } from "./figures.ts";

/** How a session of the load works: one of each, for each version. */
export const KINDS = [
  { isPrepared: false, isTransaction: false },
  { isPrepared: false, isTransaction: true },
  { isPrepared: true, isTransaction: false },
  { isPrepared: true, isTransaction: true },
] as const;
export type Kind = (typeof KINDS)[number];

/** What all sessions write down, and when they are to stop. */
export interface Load {
  readonly statements: StatementSpan[];
  /** How often each error came. */
  readonly errors: Map<string, number>;
  isOver: boolean;
}

export interface Work {
  readonly kind: Kind;
  /** The column's name, as this session's version says it. */
  readonly column: string;
  readonly rowCount: number;
  /** From one turn to the next, on average. */
  readonly pauseMs: number;
}

/**
 * Turn after turn until the load is over: some statements on one row, then a pause. The table's name
 * is not qualified, so that a `search_path` says which one it is.
 */
export async function work(client: RawClient, load: Load, options: Work): Promise<void> {
  const { kind, column, rowCount, pauseMs } = options;
  const read = new Statement("read", `SELECT * FROM flip_orders WHERE ${column} >= 0 AND id = $1`);
  const write = new Statement(
    "write",
    `UPDATE flip_orders SET ${column} = ${column} WHERE id = $1`,
  );
  const query = (sql: string) => client.send(encodeQuery(sql, "utf8"));
  const run = (statement: Statement, id: number) =>
    kind.isPrepared ? statement.execute(client, id) : query(statement.withLiteral(id));

  while (!load.isOver) {
    await sleep(pauseMs * (0.5 + Math.random()));
    const id = 1 + Math.floor(Math.random() * rowCount);
    const onRow = [() => run(read, id), () => run(write, id)];
    const turn = kind.isTransaction
      ? [() => query("BEGIN"), ...onRow, () => run(read, id), () => query("COMMIT")]
      : onRow;
    for (const statement of turn) {
      if (await timed(load, statement)) continue;
      // An aborted transaction would only fail on, and this is about the first failure.
      if (kind.isTransaction) {
        await query("ROLLBACK");
        break;
      }
    }
  }
  client.close();
}

/** Whether it succeeded. A connection that ends is an error of the bench. */
async function timed(load: Load, statement: () => Promise<void>): Promise<boolean> {
  const startMs = performance.now();
  let isFailed = false;
  try {
    await statement();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    isFailed = true;
    load.errors.set(error.message, (load.errors.get(error.message) ?? 0) + 1);
  }
  load.statements.push({ startMs, endMs: performance.now(), isFailed });
  return !isFailed;
}

/** One with the number of a row as its only parameter; prepared at its first use, under a name. */
class Statement {
  readonly #name: string;
  readonly #sql: string;
  #isPrepared = false;

  constructor(name: string, sql: string) {
    this.#name = name;
    this.#sql = sql;
  }

  withLiteral(id: number): string {
    return this.#sql.replace("$1", String(id));
  }

  async execute(client: RawClient, id: number): Promise<void> {
    if (!this.#isPrepared) {
      await client.send(Buffer.concat([encodeParse(this.#name, this.#sql, "utf8"), SYNC]));
      this.#isPrepared = true;
    }
    await client.send(Buffer.concat([bind(this.#name, String(id)), encodeExecute(""), SYNC]));
  }
}

/** A Bind of the unnamed portal with one value as text. */
function bind(statement: string, value: string): Buffer {
  const head = Buffer.from(`\0${statement}\0\0\0\0\x01`, "latin1");
  const size = Buffer.alloc(4);
  size.writeInt32BE(Buffer.byteLength(value));
  return encodeFrame(Client.bind, Buffer.concat([head, size, Buffer.from(value), Buffer.alloc(2)]));
}
