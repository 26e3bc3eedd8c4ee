import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Straddle } from "../../src/cli/run.ts";
import { packet, query, startup, terminate } from "../support/client-frames.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";
import { startTestStraddle } from "../support/straddle.ts";
import { wireClient } from "../support/twins.ts";
import { until } from "../support/until.ts";
import { WireClient } from "../support/wire-client.ts";

/** A cancel request ends the query that it is meant for, wherever it arrives, and no other one. */

let database: TestDatabase;
let direct: pg.Client;
let straddle: Straddle;
let another: Straddle;
const clients: WireClient[] = [];

beforeAll(async () => {
  database = await createDatabase();
  direct = new pg.Client(database.connection);
  await direct.connect();
  straddle = await startTestStraddle(database, "limits: { sessions_max: 2 }");
  another = await startTestStraddle(database);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.abandon();
  await until("the end of all sleeps", async () => (await sleepers()).length === 0);
  await untilEmpty();
});

afterAll(async () => {
  await straddle.stop();
  await another.stop();
  await direct.end();
  await database.drop();
});

async function logIn(): Promise<WireClient> {
  const client = await wireClient(database, straddle.port, {});
  clients.push(client);
  return client;
}

/** A session ends a moment later than its client: waits until there is room for both again. */
async function untilEmpty(): Promise<void> {
  await until("room for both sessions", async () => {
    const guests = [await logIn(), await logIn()];
    for (const guest of guests) {
      await guest.send(terminate());
      await guest.untilClosed();
    }
    return guests.every(({ pid }) => pid !== 0);
  });
}

async function sleepers(): Promise<readonly number[]> {
  const { rows } = await direct.query(
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
  );
  return rows.map(({ pid }) => pid);
}

async function sleep(client: WireClient, seconds: number): Promise<void> {
  await client.send(query(`SELECT pg_sleep(${seconds})`));
  await until("the sleep", async () => (await sleepers()).includes(client.pid));
}

/** Until the server has done with the request. */
async function cancel(key: Buffer, { port }: Straddle): Promise<void> {
  const canceller = await WireClient.connect({ host: "127.0.0.1", port });
  await canceller.send(packet(80877102, key));
  await canceller.untilClosed();
}

const isCancelled = ({ transcript }: WireClient) =>
  transcript.some((line) => line.includes("C57014\\0"));

test("it gets through when there is no room for another session", async () => {
  const [client] = [await logIn(), await logIn()];
  await sleep(client, 60);
  const third = await logIn();
  await third.untilClosed();
  expect(third.transcript.join("\n")).toContain("C53300\\0");
  await cancel(client.key, straddle);
  await client.until("ReadyForQuery");
  expect(isCancelled(client)).toBe(true);
});

test("it may arrive at another instance", async () => {
  const client = await logIn();
  await sleep(client, 60);
  await cancel(client.key, another);
  await client.until("ReadyForQuery");
  expect(isCancelled(client)).toBe(true);
});

test("the longer key of protocol 3.2 goes on as a whole", async () => {
  const client = await WireClient.connect({ host: "127.0.0.1", port: straddle.port });
  clients.push(client);
  await client.send(startup({ user: "postgres", database: database.name }, 0x30002));
  await client.until("ReadyForQuery");
  expect(client.key.length).toBe(4 + 32);
  await sleep(client, 60);
  await cancel(client.key, straddle);
  await client.until("ReadyForQuery");
  expect(isCancelled(client)).toBe(true);
});

test("one that comes late, for a session that is idle or gone, hits no other one", async () => {
  const [late, other] = [await logIn(), await logIn()];
  await sleep(other, 0.5);
  await cancel(late.key, straddle);
  late.abandon();
  await until("the end of the late session", async () => {
    const { rowCount } = await direct.query("SELECT FROM pg_stat_activity WHERE pid = $1", [
      late.pid,
    ]);
    return rowCount === 0;
  });
  await cancel(late.key, straddle);
  await other.until("ReadyForQuery");
  expect(other.transcript.at(-1)).toBe('< ReadyForQuery "I"');
  expect(isCancelled(other)).toBe(false);
});

describe("one that meets a question of Straddle's own in the statement's place", () => {
  const WINDOW =
    "windows: [{ table: public.orders, rename: { user_id: customer_id }, old: '<2.0.0', new: '>=2.0.0' }]";

  test.each([
    ["which table it is", "SELECT user_id FROM orders"],
    ["its lock_timeout", "VACUUM others"],
  ])("%s: the client reads that its statement was cancelled", async (_, text) => {
    await direct.query(
      "DROP TABLE IF EXISTS orders, others; CREATE TABLE others (); CREATE TABLE orders (user_id int)",
    );
    const own = await startTestStraddle(database, WINDOW);
    const holder = new pg.Client(database.connection);
    await holder.connect();
    try {
      const name = "orders-api@1.0.0";
      const client = await wireClient(database, own.port, { application_name: name });
      clients.push(client);
      await client.send(query("SET search_path = public, elsewhere"));
      await client.until("ReadyForQuery");
      // The server looks the new path's schemas up at the next statement, and has to wait for that.
      await holder.query("BEGIN; LOCK TABLE pg_catalog.pg_namespace");
      await client.send(query(text));
      await until("the wait", async () => {
        const { rows } = await holder.query(
          "SELECT query FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
          [client.pid],
        );
        return rows.length === 1 && rows[0].query !== text;
      });
      await cancel(client.key, own);
      await client.until("ReadyForQuery");
      expect(client.transcript.at(-2)).toContain(
        "C57014\\0Mcanceling statement due to user request",
      );
      await holder.query("ROLLBACK");
      await client.send(query("SELECT user_id FROM orders"));
      await client.until("ReadyForQuery");
      expect(client.transcript.at(-2)).toBe('< CommandComplete "SELECT 0\\0"');
    } finally {
      await holder.end();
      await own.stop();
    }
  });
});
