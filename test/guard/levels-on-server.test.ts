import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockedBy } from "../../src/guard/locks.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";
import { createDatabase, type TestDatabase } from "../support/server.ts";

/**
 * The server as judge: each statement runs in a transaction, and pg_locks tells what it really locks
 * of what was there before. The guard has to name the strongest of those locks, and no weaker one.
 */

const SCHEMA = `
  CREATE TABLE u (id int PRIMARY KEY);
  CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, CONSTRAINT fk FOREIGN KEY (c) REFERENCES u NOT VALID);
  ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
  CREATE UNIQUE INDEX ti ON t (id, a);
  CREATE UNIQUE INDEX tu ON t (a);
  CREATE TABLE parent (id int);
  CREATE TABLE child (id int);
  CREATE TABLE heir (x int) INHERITS (parent);
  CREATE TABLE parted (id int) PARTITION BY RANGE (id);
  CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9);
  CREATE TABLE loose (id int);
  CREATE VIEW v AS SELECT id FROM t;
  CREATE VIEW w AS SELECT 1 AS x;
  CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
  CREATE UNIQUE INDEX mi ON m (id);
  CREATE SEQUENCE q;
  CREATE TYPE y AS (a int);
  CREATE DOMAIN d AS int;
  ALTER DOMAIN d ADD CONSTRAINT dc CHECK (VALUE > 0) NOT VALID;
  CREATE TABLE domained (x d);
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
  CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
  CREATE RULE r AS ON INSERT TO w DO INSTEAD NOTHING;
  CREATE POLICY p ON t;
  CREATE STATISTICS st ON a, b FROM t;
  CREATE PUBLICATION pub FOR TABLE u;
`;

/** Rows of one statement each, all of which the guard has to see to. */
const GUARDED: readonly string[] = [
  "ALTER TABLE t ADD COLUMN z int",
  "ALTER TABLE t DROP COLUMN b",
  "ALTER TABLE t ALTER b TYPE varchar",
  "ALTER TABLE t ALTER b SET DEFAULT 'x'",
  "ALTER TABLE t ALTER b SET NOT NULL",
  "ALTER TABLE t ALTER a SET STATISTICS 10",
  "ALTER TABLE t ALTER a SET (n_distinct = 5)",
  "ALTER TABLE t ALTER a RESET (n_distinct)",
  "ALTER TABLE t ALTER b SET STORAGE external",
  "ALTER TABLE t ADD CHECK (a > 1)",
  "ALTER TABLE t ADD CHECK (a > 1) NOT VALID",
  "ALTER TABLE t ADD UNIQUE (b)",
  "ALTER TABLE t ADD UNIQUE USING INDEX tu",
  "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u",
  "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID",
  "ALTER TABLE t ADD COLUMN z int REFERENCES u",
  "ALTER TABLE t VALIDATE CONSTRAINT positive",
  "ALTER TABLE t VALIDATE CONSTRAINT fk",
  "ALTER TABLE t DROP CONSTRAINT positive",
  "ALTER TABLE t ALTER CONSTRAINT fk DEFERRABLE",
  "ALTER TABLE t RENAME a TO z",
  "ALTER TABLE t RENAME TO z",
  "ALTER TABLE t RENAME CONSTRAINT positive TO z",
  "ALTER TABLE t SET SCHEMA pg_catalog",
  "ALTER TABLE t SET (fillfactor = 70)",
  "ALTER TABLE t RESET (fillfactor)",
  "ALTER TABLE t SET (autovacuum_enabled = off)",
  "ALTER TABLE t CLUSTER ON ti",
  "ALTER TABLE t SET WITHOUT CLUSTER",
  "ALTER TABLE t SET UNLOGGED",
  "ALTER TABLE t REPLICA IDENTITY FULL",
  "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
  "ALTER TABLE t DISABLE TRIGGER g",
  "ALTER TABLE t ENABLE ALWAYS TRIGGER g",
  "ALTER TABLE t DISABLE TRIGGER USER",
  "ALTER TABLE t OWNER TO CURRENT_USER",
  "ALTER TABLE child INHERIT parent",
  "ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (20)",
  "ALTER TABLE parted DETACH PARTITION part",
  "ALTER TABLE t VALIDATE CONSTRAINT positive, ADD COLUMN z int",
  "ALTER INDEX ti RENAME TO z",
  "ALTER INDEX ti SET (fillfactor = 70)",
  "ALTER VIEW v RENAME TO z",
  "ALTER VIEW v ALTER id SET DEFAULT 1",
  "ALTER MATERIALIZED VIEW m RENAME TO z",
  "ALTER SEQUENCE q INCREMENT 2",
  "ALTER SEQUENCE q RENAME TO z",
  "ALTER TYPE y ADD ATTRIBUTE z int",
  "ALTER TYPE y RENAME ATTRIBUTE a TO z",
  "ALTER TRIGGER g ON t RENAME TO z",
  "ALTER POLICY p ON t USING (true)",
  "ALTER DOMAIN d ADD CHECK (VALUE < 100)",
  "ALTER DOMAIN d SET NOT NULL",
  "ALTER DOMAIN d VALIDATE CONSTRAINT dc",
  "CREATE INDEX ON t (b)",
  "CREATE UNIQUE INDEX ON t (id, b)",
  "CREATE INDEX ON m (id)",
  "CREATE TRIGGER z AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
  "CREATE RULE z AS ON INSERT TO v DO INSTEAD NOTHING",
  "CREATE POLICY z ON t",
  "CREATE STATISTICS z ON a, c FROM t",
  "CREATE OR REPLACE VIEW v AS SELECT id, id AS z FROM t",
  "CREATE TABLE z (id int REFERENCES u)",
  "CREATE TABLE z (id int, FOREIGN KEY (id) REFERENCES u)",
  "CREATE TABLE z () INHERITS (parent)",
  "CREATE TABLE z PARTITION OF parted FOR VALUES FROM (30) TO (40)",
  "CREATE SCHEMA z CREATE TABLE zz (id int REFERENCES public.u)",
  "CREATE PUBLICATION z FOR TABLE t",
  "ALTER PUBLICATION pub ADD TABLE t",
  "ALTER PUBLICATION pub DROP TABLE u",
  "COMMENT ON TABLE t IS 'x'",
  "COMMENT ON COLUMN t.a IS 'x'",
  "COMMENT ON INDEX ti IS 'x'",
  "DROP TABLE domained",
  "DROP TABLE t CASCADE",
  "DROP VIEW v",
  "DROP MATERIALIZED VIEW m",
  "DROP INDEX ti",
  "DROP SEQUENCE q",
  "DROP TRIGGER g ON t",
  "DROP RULE r ON w",
  "DROP POLICY p ON t",
  "DROP STATISTICS st",
  "DROP FUNCTION f CASCADE",
  "DROP TYPE d CASCADE",
  "TRUNCATE t",
  "TRUNCATE u CASCADE",
  "REINDEX TABLE t",
  "REINDEX INDEX ti",
  "CLUSTER t USING ti",
  "REFRESH MATERIALIZED VIEW m",
  "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
];

/** Statements that lock nothing that was there in a way that the guard minds. */
const FREE: readonly string[] = [
  "SELECT * FROM t FOR UPDATE",
  "INSERT INTO u VALUES (1)",
  "UPDATE u SET id = 2",
  "CREATE TABLE z (LIKE t INCLUDING ALL)",
  "CREATE TABLE z AS SELECT * FROM t",
  "CREATE VIEW z AS SELECT * FROM t",
  "CREATE MATERIALIZED VIEW z AS SELECT * FROM t",
  "CREATE SEQUENCE z",
  "CREATE SCHEMA z CREATE VIEW zz AS SELECT * FROM public.t",
  "CREATE FUNCTION z() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "GRANT SELECT ON t TO PUBLIC",
  "COMMENT ON SCHEMA public IS 'x'",
  "COMMENT ON FUNCTION f IS 'x'",
  "COMMENT ON TRIGGER g ON t IS 'x'",
  "COMMENT ON CONSTRAINT positive ON t IS 'x'",
  "COMMENT ON POLICY p ON t IS 'x'",
  "COMMENT ON RULE r ON w IS 'x'",
  "ALTER FUNCTION f() COST 10",
  "ALTER DOMAIN d DROP NOT NULL",
  "DROP PUBLICATION pub",
];

/** Weakest first; what is not here is weaker than the guard minds. */
const LEVELS = [
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
] as const;

/** pg_locks calls `SHARE ROW EXCLUSIVE` `ShareRowExclusiveLock`. */
function levelOf(mode: string): number {
  const words = mode.replace(/Lock$/, "").replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ");
  const names: readonly string[] = LEVELS;
  return names.indexOf(words.toUpperCase());
}

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  await loadParser();
  database = await createDatabase();
  client = new pg.Client(database.connection);
  await client.connect();
  await client.query(SCHEMA);
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** The strongest lock that the statement takes on a relation of the schema; undefined if none counts. */
async function lockOnServer(sql: string): Promise<string | undefined> {
  const known = await client.query(
    "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace",
  );
  await client.query("BEGIN");
  try {
    await client.query(sql);
    const { rows } = await client.query<{ mode: string }>(
      "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = ANY ($1::oid[]::oid[])",
      [known.rows.map((row) => String(row.oid))],
    );
    return LEVELS[Math.max(-1, ...rows.map(({ mode }) => levelOf(mode)))];
  } finally {
    await client.query("ROLLBACK");
  }
}

function lockInGuard(sql: string): string | undefined {
  const parsed = parseSql(sql);
  const [statement] = parsed.kind === "parsed" ? parsed.statements : [];
  if (statement === undefined) throw new Error(`not parsed: ${sql}`);
  return lockedBy(statement)?.level;
}

for (const sql of [...GUARDED, ...FREE]) {
  test(sql, async () => {
    expect(lockInGuard(sql)).toBe(await lockOnServer(sql));
  });
}

test("every statement of the first table is guarded, none of the second", () => {
  const isGuarded = (sql: string) => lockInGuard(sql) !== undefined;
  expect([GUARDED.filter((sql) => !isGuarded(sql)), FREE.filter(isGuarded)]).toEqual([[], []]);
});

/** Statements that lock a second table, which has to be asked about as well. */
const OF_TWO_TABLES: readonly string[] = [
  "ALTER TABLE child INHERIT parent",
  "ALTER TABLE heir NO INHERIT parent",
  "ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (10) TO (20)",
  "ALTER TABLE parted DETACH PARTITION part",
  "ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES u",
];

for (const sql of OF_TWO_TABLES) {
  test(`the tables of: ${sql}`, async () => {
    const parsed = parseSql(sql);
    const [statement] = parsed.kind === "parsed" ? parsed.statements : [];
    const names = statement && lockedBy(statement)?.relations.map(({ name }) => name);
    await client.query("BEGIN");
    try {
      await client.query(sql);
      const { rows } = await client.query<{ name: string }>(
        `SELECT DISTINCT c.relname AS name FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
         WHERE pid = pg_backend_pid() AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
           AND mode IN ('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock')`,
      );
      expect(names?.toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
    } finally {
      await client.query("ROLLBACK");
    }
  });
}
