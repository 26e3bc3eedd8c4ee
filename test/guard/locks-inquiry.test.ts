import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EmbeddedServer } from "../../src/cli/embedded/embedded-postgres.ts";
import { isInTheWay, type LockInUse } from "../../src/guard/lock-in-use.ts";
import { LOCK_LEVELS } from "../../src/guard/lock-level.ts";
import { readRelationAnswer, relationInquiry } from "../../src/guard/relation-inquiry.ts";
import { hasPostgres15, POSTGRES_15 } from "../support/program.ts";
import { startServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** What the guard is told of the locks that others have on a table, beside what the server does. */

const SCHEMA = `
  CREATE TABLE t (id int);
  INSERT INTO t VALUES (1);
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (100);
  CREATE ROLE app LOGIN;
  CREATE ROLE migrator LOGIN;
  GRANT ALL ON t, parted, part TO app, migrator;
  CREATE SCHEMA hostile;
  CREATE FUNCTION hostile.never(oid, oid) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE FUNCTION hostile.never(int, int) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
  CREATE OPERATOR hostile.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = hostile.never);
  CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.never);
  CREATE TABLE hostile.pg_locks (relation oid);
`;

const MODES = [
  "ACCESS SHARE",
  "ROW SHARE",
  "ROW EXCLUSIVE",
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
];

const versions = [
  { version: "the tests' own", isThere: true, binaries: undefined },
  { version: "15", isThere: hasPostgres15, binaries: POSTGRES_15 },
];

for (const { version, isThere, binaries } of versions) {
  describe.skipIf(!isThere)(`PostgreSQL, ${version}`, () => {
    let server: EmbeddedServer;
    let asking: pg.Client;
    let holding: pg.Client;
    let third: pg.Client;

    beforeAll(async () => {
      server = await startServer({
        ...(binaries === undefined ? {} : { binaries }),
        settings: { max_prepared_transactions: "2" },
      });
      const admin = await connect("postgres");
      await admin.query(SCHEMA);
      await admin.end();
    });

    afterAll(() => server.stop());

    beforeEach(async () => {
      asking = await connect("postgres");
      holding = await connect("postgres", "shop@1.4.2");
      third = await connect("postgres", "third");
    });

    afterEach(async () => {
      for (const client of [asking, holding, third]) await client.end();
    });

    async function connect(user: string, application?: string): Promise<pg.Client> {
      const { host, port } = server;
      const client = new pg.Client({
        host,
        port,
        user,
        database: "postgres",
        ...(application === undefined ? {} : { application_name: application }),
      });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    }

    async function locksOn(name: string, by = asking): Promise<readonly LockInUse[]> {
      const text = relationInquiry([
        { name: "other" },
        { schema: "public", name, withLocks: true },
      ]);
      const { rows } = await by.query<(string | null)[]>({ text, rowMode: "array" });
      const [, found] = readRelationAnswer(rows)?.relations ?? [];
      if (found === undefined || found === "missing") throw new Error("not found");
      return found.locks ?? [];
    }

    async function pidOf(client: pg.Client): Promise<number> {
      return (await client.query("SELECT pg_backend_pid() AS pid")).rows[0].pid;
    }

    for (const mode of MODES) {
      test(`who waits for ${mode}, and who doesn't`, async () => {
        await holding.query(`BEGIN; LOCK TABLE t IN ${mode} MODE`);
        const [lock] = await locksOn("t");
        const told: string[] = [];
        const waiting: string[] = [];
        for (const level of LOCK_LEVELS) {
          if (isInTheWay(lock?.mode ?? "", level)) told.push(level);
          await asking.query("BEGIN");
          const isFree = await asking.query(`LOCK TABLE t IN ${level} MODE NOWAIT`).then(
            () => true,
            ({ code }: pg.DatabaseError) => code !== "55P03",
          );
          await asking.query("ROLLBACK");
          if (!isFree) waiting.push(level);
        }
        expect(told).toEqual(waiting);
      });
    }

    test("a session that is idle in its transaction", async () => {
      await holding.query("BEGIN; UPDATE t SET id = 1");
      const pid = await pidOf(holding);
      expect(await locksOn("t")).toEqual([
        {
          holder: { kind: "session", pid, state: "idle in transaction", application: "shop@1.4.2" },
          mode: "RowExclusiveLock",
          isGranted: true,
          ageMs: expect.any(Number),
          heir: undefined,
        },
      ]);
    });

    test("the age is the transaction's", async () => {
      await holding.query("BEGIN; SELECT FROM t");
      const before = (await locksOn("t"))[0]?.ageMs ?? Number.NaN;
      const begun = performance.now();
      await until("100 ms more", () => performance.now() - begun > 100);
      const after = (await locksOn("t"))[0]?.ageMs ?? Number.NaN;
      const { rows } = await asking.query(
        "SELECT extract(epoch FROM clock_timestamp() - xact_start) * 1000 AS age FROM pg_stat_activity WHERE application_name = 'shop@1.4.2'",
      );
      expect(after - before).toBeGreaterThanOrEqual(99);
      expect(after).toBeLessThanOrEqual(Number(rows[0].age));
    });

    test("a SELECT that runs, and one who waits behind it", async () => {
      const pid = await pidOf(holding);
      const waitingPid = await pidOf(third);
      const running = holding.query("SELECT pg_sleep(60) FROM t").catch(() => undefined);
      await until("the SELECT runs", async () => (await locksOn("t")).length === 1);
      const waiting = third.query("BEGIN; LOCK TABLE t").catch(() => undefined);
      await until("the other one waits", async () => (await locksOn("t")).length === 2);
      const locks = await locksOn("t");
      await asking.query("SELECT pg_cancel_backend($1), pg_cancel_backend($2)", [pid, waitingPid]);
      await running;
      await waiting;
      const short = locks.map(({ holder, mode, isGranted }) => [holder, mode, isGranted]);
      expect(short).toEqual(
        expect.arrayContaining([
          [
            { kind: "session", pid, state: "active", application: "shop@1.4.2" },
            "AccessShareLock",
            true,
          ],
          [
            { kind: "session", pid: waitingPid, state: "active", application: "third" },
            "AccessExclusiveLock",
            false,
          ],
        ]),
      );
    });

    test("a prepared transaction, beside the session that has prepared it", async () => {
      await holding.query("BEGIN; UPDATE t SET id = 1; PREPARE TRANSACTION 'it''s \\ one'");
      await holding.query("BEGIN; SELECT FROM t");
      const locks = await locksOn("t");
      await holding.query("COMMIT");
      await asking.query("ROLLBACK PREPARED 'it''s \\ one'");
      const prepared = locks.filter(({ holder }) => holder.kind === "prepared");
      expect(locks).toHaveLength(2);
      expect(prepared).toEqual([
        {
          holder: { kind: "prepared", gid: "it's \\ one" },
          mode: "RowExclusiveLock",
          isGranted: true,
          ageMs: expect.any(Number),
          heir: undefined,
        },
      ]);
    });

    test("a partition's, by its name; and nothing of other tables", async () => {
      await holding.query("BEGIN; SELECT FROM part");
      await third.query("BEGIN; SELECT FROM parted");
      const short = (await locksOn("parted")).map(({ holder, heir }) => [
        holder.kind === "session" ? holder.application : holder.kind,
        heir?.name,
      ]);
      expect(short.toSorted()).toEqual([
        ["shop@1.4.2", "part"],
        ["third", undefined],
        ["third", "part"],
      ]);
      expect(await locksOn("t")).toEqual([]);
    });

    test("of the asking session nothing", async () => {
      await asking.query("BEGIN; LOCK TABLE t");
      expect(await locksOn("t")).toEqual([]);
    });

    test("a role without pg_read_all_stats sees neither age nor state, but who waits since when", async () => {
      const app = await connect("app", "shop@1.4.2");
      const migrator = await connect("migrator");
      await app.query("BEGIN; SELECT FROM t");
      const pid = await pidOf(app);
      const waitingPid = await pidOf(third);
      const waiting = third.query("BEGIN; LOCK TABLE t").catch(() => undefined);
      await until("the other one waits", async () => (await locksOn("t")).length === 2);
      const hidden = await locksOn("t", migrator);
      await asking.query("SELECT pg_cancel_backend($1)", [waitingPid]);
      await waiting;
      await asking.query("GRANT pg_read_all_stats TO migrator");
      const shown = await locksOn("t", migrator);
      await asking.query("REVOKE pg_read_all_stats FROM migrator");
      await app.end();
      await migrator.end();
      const short = (locks: readonly LockInUse[]) =>
        locks.map(({ holder, isGranted, ageMs }) => [
          holder.kind === "session" ? [holder.pid, holder.state, holder.application] : [],
          isGranted,
          typeof ageMs,
        ]);
      expect(short(hidden)).toEqual(
        expect.arrayContaining([
          [[pid, undefined, "shop@1.4.2"], true, "undefined"],
          [[waitingPid, undefined, "third"], false, "number"],
        ]),
      );
      expect(short(shown)).toEqual([[[pid, "idle in transaction", "shop@1.4.2"], true, "number"]]);
    });

    test("hostile names in front of pg_catalog change nothing", async () => {
      await holding.query("BEGIN; SELECT FROM t");
      await asking.query("SET search_path = hostile, pg_catalog, public");
      const locks = await locksOn("t");
      expect(locks.map(({ mode }) => mode)).toEqual(["AccessShareLock"]);
    });

    test("it does not wait for a table that another session has locked", async () => {
      await holding.query("BEGIN; LOCK TABLE t; LOCK TABLE parted");
      await asking.query("SET statement_timeout = '20s'");
      expect((await locksOn("t")).map(({ mode }) => mode)).toEqual(["AccessExclusiveLock"]);
      expect(await locksOn("parted")).toHaveLength(2);
    });
  });
}
