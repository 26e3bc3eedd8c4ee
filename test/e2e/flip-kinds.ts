import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import {
  bind,
  copyData,
  copyDone,
  describePortal,
  execute,
  parse,
  query,
  sync,
} from "../support/client-frames.ts";
import type { WireClient } from "../support/wire-client.ts";
import { check, type Load, NAMES, type Turn, type Version } from "./flip-load.ts";

/** Kinds of sessions that a flip has to leave alone, each as what it does in a turn. */

export const FUNCTIONS = `
  CREATE FUNCTION owner_of(wanted int) RETURNS int STABLE
    BEGIN ATOMIC SELECT user_id FROM orders WHERE id = wanted; END;
  CREATE FUNCTION touch(wanted int) RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_sleep(0.002);
      UPDATE orders SET total = total + 1 WHERE id = wanted;
      RETURN wanted;
    END $$;
`;

export interface Session {
  readonly load: Load;
  readonly kind: string;
  readonly version: Version;
  readonly client: pg.Client;
}

/** Begins what a kind needs, and gives its turn. Ids are from 1 to 50, with `id % 10` in the column. */
export type Kind = (session: Session) => Turn | Promise<Turn>;

const PAUSE_MS = 10;

export const KINDS: Readonly<Record<string, Kind>> = {
  "prepared by SQL": async (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    await client.query(
      `PREPARE read(int) AS SELECT * FROM orders WHERE id = $1 AND ${column} >= 0`,
    );
    return async (id) => {
      expectOwner(session, await client.query(`EXECUTE read(${id})`), id);
    };
  },

  "a cursor": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    return async (id) => {
      await client.query("BEGIN");
      await client.query(
        `DECLARE cursor CURSOR FOR SELECT ${column}, o.* FROM orders o WHERE id >= ${id} ORDER BY id`,
      );
      expectOwner(session, await client.query("FETCH 1 FROM cursor"), id);
      await sleep(PAUSE_MS);
      expectOwner(session, await client.query("FETCH 1 FROM cursor"), id + 1);
      await client.query("COMMIT");
    };
  },

  "a cursor that outlives its transaction": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    return async (id) => {
      await client.query(
        `DECLARE held CURSOR WITH HOLD FOR SELECT ${column} FROM orders WHERE id = ${id}`,
      );
      await sleep(PAUSE_MS);
      expectOwner(session, await client.query("FETCH ALL FROM held"), id);
      await client.query("CLOSE held");
    };
  },

  "a transaction that has touched the table": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    return async (id) => {
      await client.query("BEGIN");
      for (let count = 0; count < 4; count++) {
        expectOwner(
          session,
          await client.query(`SELECT ${column} FROM orders WHERE id = ${id}`),
          id,
        );
        await client.query(`UPDATE orders SET ${column} = ${column} WHERE id = $1`, [id]);
        await sleep(PAUSE_MS);
      }
      await client.query("COMMIT");
    };
  },

  "a savepoint that is rolled back to": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    const read = `SELECT ${column} FROM orders WHERE id = $1`;
    return async (id) => {
      await client.query("BEGIN");
      await client.query("SAVEPOINT one");
      expectOwner(session, await client.query(read, [id]), id);
      await client.query("ROLLBACK TO one");
      await sleep(PAUSE_MS);
      expectOwner(session, await client.query(read, [id]), id);
      await client.query("COMMIT");
    };
  },

  "a savepoint behind the first touch that is rolled back to": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    const read = `SELECT ${column} FROM orders WHERE id = $1`;
    return async (id) => {
      await client.query("BEGIN");
      expectOwner(session, await client.query(read, [id]), id);
      await client.query("SAVEPOINT one");
      expectOwner(session, await client.query(read, [id]), id);
      await client.query("ROLLBACK TO one");
      await sleep(PAUSE_MS);
      expectOwner(session, await client.query(read, [id]), id);
      await client.query("COMMIT");
    };
  },

  "a queue for one row": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    return async () => {
      await client.query("BEGIN");
      const row = await client.query(
        `SELECT * FROM orders WHERE ${column} = 1 AND id = 1 FOR UPDATE`,
      );
      expectOwner(session, row, 1);
      await client.query(`UPDATE orders SET ${column} = ${column} WHERE id = 1`);
      await client.query("COMMIT");
    };
  },

  "REPEATABLE READ": (session) => {
    const { client } = session;
    const { column, table } = NAMES[session.version];
    return async (id) => {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
      await client.query("SELECT 1");
      await sleep(PAUSE_MS);
      expectOwner(session, await client.query(`SELECT ${column} FROM orders WHERE id = ${id}`), id);
      await client.query(`SELECT * FROM ${table} WHERE id = $1`, [id]);
      await client.query("COMMIT");
    };
  },

  SERIALIZABLE: (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    return async (id) => {
      await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY");
      await client.query("SELECT 1");
      await sleep(PAUSE_MS);
      expectOwner(session, await client.query(`SELECT * FROM orders WHERE id = ${id}`), id);
      expectOwner(
        session,
        await client.query(`SELECT ${column} FROM orders WHERE id = $1`, [id]),
        id,
      );
      await client.query("COMMIT");
    };
  },

  "functions that touch the table": (session) => {
    const { client } = session;
    const { column } = NAMES[session.version];
    return async (id) => {
      const inside = await client.query(`SELECT owner_of(${id}) AS ${column}, touch(${id})`);
      expectOwner(session, inside, id);
      const both = await client.query(
        `SELECT ${column} FROM orders WHERE id = $1 AND owner_of(id) = ${column}`,
        [id],
      );
      expectOwner(session, both, id);
    };
  },
};

function expectOwner(session: Session, { rows }: pg.QueryResult, id: number): void {
  check(session.load, session.kind, rows[0], NAMES[session.version].column, id % 10);
}

/** The same for those that no driver offers: one turn's frames, and lines that have to be in the answer. */
export const WIRE_KINDS: Readonly<
  Record<string, (client: WireClient, version: Version) => Promise<Turn>>
> = {
  "a pipeline": async (client, version) => {
    const { column, table } = NAMES[version];
    await converse(client, [
      ...[parse("named", `SELECT o.* FROM orders o WHERE ${column} = $1 AND id = $2`), sync()],
    ]);
    return async (id) => {
      const values = [String(id % 10), String(id)];
      const lines = await converse(client, [
        ...[bind("", "named", values), describePortal(""), execute("")],
        parse("", `UPDATE orders SET ${column} = $1 WHERE id = $2 RETURNING ${column}`),
        ...[bind("", "", values), execute("")],
        ...[parse("", `SELECT name FROM ${table} WHERE id = $1`), bind("", "", [String(id)])],
        ...[execute(""), bind("", "named", values), execute(""), sync()],
      ]);
      const rows = lines.filter((line) => line.startsWith("< DataRow"));
      if (rows.length !== 4) throw new Error(`${rows.length} rows, not 4: ${lines.join("\n")}`);
    };
  },

  COPY: async (client, version) => {
    const { column } = NAMES[version];
    let next = version === "1.4.0" ? 1_000_000 : 2_000_000;
    return async (id) => {
      next += 1;
      client.transcript.length = 0;
      await client.send(query(`COPY orders (${column}, id) FROM STDIN`));
      await client.until("CopyInResponse", "ErrorResponse");
      await client.send(copyData(`${id % 10}\t${next}\n`), copyDone());
      await client.until("ReadyForQuery");
      failOnError(client.transcript);
      const lines = await converse(client, [
        query(`COPY (SELECT ${column}, id FROM orders WHERE id = ${next}) TO STDOUT`),
      ]);
      if (!lines.join("\n").includes(`${id % 10}\\x09${next}`)) throw new Error(lines.join("\n"));
      await converse(client, [query(`DELETE FROM orders WHERE ${column} >= 0 AND id = ${next}`)]);
    };
  },
};

async function converse(client: WireClient, frames: readonly Buffer[]): Promise<readonly string[]> {
  client.transcript.length = 0;
  await client.send(...frames);
  await client.until("ReadyForQuery");
  failOnError(client.transcript);
  return client.transcript.slice();
}

function failOnError(lines: readonly string[]): void {
  const wrong = lines.find((line) => /ErrorResponse|^closed|^no /.test(line));
  if (wrong !== undefined) throw new Error(lines.join("\n"));
}
