import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { describeStatements, type StatementFacts } from "../../src/sql/statement.ts";

beforeAll(loadParser);

function first(text: string): StatementFacts {
  const [facts] = describeStatements(text).statements;
  if (facts === undefined) throw new Error(`not one statement: ${text}`);
  return facts;
}

/** Commands, each beside the words of the command tag that the server answers with. */
const verbs: readonly (readonly [sql: string, tag: string])[] = [
  ["SELECT 1", "SELECT"],
  ["VALUES (1)", "SELECT"],
  ["WITH w AS (SELECT 1) DELETE FROM t", "DELETE"],
  ["INSERT INTO t VALUES (1)", "INSERT"],
  ["MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", "MERGE"],
  ["START TRANSACTION", "START TRANSACTION"],
  ["END", "COMMIT"],
  ["ABORT", "ROLLBACK"],
  ["SAVEPOINT s", "SAVEPOINT"],
  ["ROLLBACK TO s", "ROLLBACK"],
  ["RELEASE s", "RELEASE"],
  ["SET a.b = 1", "SET"],
  ["RESET a.b", "RESET"],
  ["SHOW work_mem", "SHOW"],
  ["DISCARD ALL", "DISCARD ALL"],
  ["DEALLOCATE ALL", "DEALLOCATE ALL"],
  ["DEALLOCATE x", "DEALLOCATE"],
  ["PREPARE x AS SELECT 1", "PREPARE"],
  ["EXECUTE x", "EXECUTE"],
  ["EXPLAIN SELECT 1", "EXPLAIN"],
  ["DECLARE c CURSOR FOR SELECT 1", "DECLARE CURSOR"],
  ["FETCH c", "FETCH"],
  ["MOVE c", "MOVE"],
  ["CLOSE c", "CLOSE CURSOR"],
  ["LISTEN x", "LISTEN"],
  ["COPY t TO STDOUT", "COPY"],
  ["DO $$BEGIN END$$", "DO"],
  ["CALL f()", "CALL"],
  ["LOCK TABLE t", "LOCK TABLE"],
  ["TRUNCATE t", "TRUNCATE TABLE"],
  ["ANALYZE t", "ANALYZE"],
  ["VACUUM t", "VACUUM"],
  ["CREATE TABLE n (a int)", "CREATE TABLE"],
  ["CREATE INDEX ON t (a)", "CREATE INDEX"],
  ["CREATE MATERIALIZED VIEW m AS SELECT 1", "CREATE MATERIALIZED VIEW"],
  ["CREATE TYPE y AS ENUM ('a')", "CREATE TYPE"],
  ["CREATE TYPE y AS (a int)", "CREATE TYPE"],
  ["CREATE AGGREGATE g (int) (SFUNC = int4pl, STYPE = int)", "CREATE AGGREGATE"],
  ["CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION f()", "CREATE TRIGGER"],
  ["CREATE EVENT TRIGGER x ON ddl_command_end EXECUTE FUNCTION f()", "CREATE EVENT TRIGGER"],
  ["CREATE ROLE r", "CREATE ROLE"],
  ["CREATE DATABASE d", "CREATE DATABASE"],
  ["CREATE EXTENSION x", "CREATE EXTENSION"],
  ["CREATE PUBLICATION p", "CREATE PUBLICATION"],
  ["ALTER TABLE t ADD COLUMN a int", "ALTER TABLE"],
  ["ALTER TABLE t RENAME a TO b", "ALTER TABLE"],
  ["ALTER VIEW v RENAME a TO b", "ALTER VIEW"],
  ["ALTER INDEX i RENAME TO j", "ALTER INDEX"],
  ["ALTER TABLE t RENAME CONSTRAINT a TO b", "ALTER TABLE"],
  ["ALTER TYPE y RENAME ATTRIBUTE a TO b", "ALTER TYPE"],
  ["ALTER FUNCTION f() OWNER TO r", "ALTER FUNCTION"],
  ["ALTER FUNCTION f() STABLE", "ALTER FUNCTION"],
  ["ALTER MATERIALIZED VIEW m SET SCHEMA s", "ALTER MATERIALIZED VIEW"],
  ["ALTER SYSTEM SET a = 1", "ALTER SYSTEM"],
  ["ALTER DATABASE d SET a.b = 1", "ALTER DATABASE"],
  ["ALTER TYPE y ADD VALUE 'b'", "ALTER TYPE"],
  ["DROP FOREIGN TABLE f", "DROP FOREIGN TABLE"],
  ["DROP MATERIALIZED VIEW m", "DROP MATERIALIZED VIEW"],
  ["DROP OWNED BY r", "DROP OWNED"],
  ["DROP ROLE r", "DROP ROLE"],
  ["REASSIGN OWNED BY r TO s", "REASSIGN OWNED"],
  ["REFRESH MATERIALIZED VIEW m", "REFRESH MATERIALIZED VIEW"],
  ["GRANT SELECT ON t TO r", "GRANT"],
  ["REVOKE r FROM s", "REVOKE ROLE"],
  ["ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r", "ALTER DEFAULT PRIVILEGES"],
  ["COMMENT ON TABLE t IS 'x'", "COMMENT"],
  ["SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS"],
  ["CHECKPOINT", "CHECKPOINT"],
];

for (const [sql, tag] of verbs) {
  test(`the verb of ${sql}`, () => {
    expect(first(sql).shape.verb).toBe(tag);
  });
}

const shapes = [
  {
    text: "SELECT o.user_id, sum(x) AS n FROM public.orders o JOIN users USING (id) WHERE b > 5",
    tables: ["public.orders", "users"],
    columns: ["b", "id", "user_id", "x"],
    normalized:
      "SELECT o.user_id, sum(x) AS n FROM public.orders o JOIN users USING (id) WHERE b > $1",
  },
  {
    text: "WITH w AS (SELECT a FROM t /* x */) INSERT INTO u (b)\nSELECT a FROM w RETURNING c",
    tables: ["t", "u"],
    columns: ["a", "b", "c"],
    normalized: "WITH w AS (SELECT a FROM t ) INSERT INTO u (b) SELECT a FROM w RETURNING c",
  },
  {
    text: "UPDATE t SET a = $2, b = 'x' WHERE t.c = 'y' -- z",
    tables: ["t"],
    columns: ["a", "b", "c"],
    normalized: "UPDATE t SET a = $2, b = $3 WHERE t.c = $4",
  },
  {
    text: "ALTER TABLE t RENAME COLUMN user_id TO customer_id",
    tables: ["t"],
    columns: ["customer_id", "user_id"],
    normalized: "ALTER TABLE t RENAME COLUMN user_id TO customer_id",
  },
  {
    text: "ALTER ROLE r PASSWORD 'secret'",
    tables: [],
    columns: [],
    normalized: "ALTER ROLE r PASSWORD $1",
  },
  {
    text: 'DROP TABLE s."T", u',
    tables: ["s.T", "u"],
    columns: [],
    normalized: 'DROP TABLE s."T", u',
  },
];

for (const { text, ...shape } of shapes) {
  test(`the shape of ${text}`, () => {
    expect(first(text).shape).toMatchObject(shape);
  });
}

const effects = [
  { text: "SELECT 1", session: false, catalog: false },
  { text: "BEGIN", session: false, catalog: false },
  { text: "COMMIT", session: false, catalog: false },
  { text: "ROLLBACK", session: true, catalog: false },
  { text: "ROLLBACK TO s", session: true, catalog: false },
  { text: "SET search_path = a", session: true, catalog: false },
  { text: "RESET ALL", session: true, catalog: false },
  { text: "DISCARD TEMP", session: true, catalog: true },
  { text: "SELECT set_config($1, $2, false)", session: true, catalog: false },
  { text: "SELECT (SELECT pg_catalog.set_config('a', 'b', true))", session: true, catalog: false },
  { text: "SELECT current_setting('search_path')", session: false, catalog: false },
  { text: "CREATE TEMP TABLE t (a int)", session: true, catalog: true },
  { text: "CREATE TABLE pg_temp.t (a int)", session: true, catalog: true },
  { text: "CREATE TEMP TABLE t AS SELECT 1", session: true, catalog: true },
  { text: "SELECT 1 AS a INTO TEMP t", session: true, catalog: true },
  { text: "SELECT 1 AS a INTO t", session: false, catalog: true },
  { text: "CREATE TABLE t (a int)", session: false, catalog: true },
  { text: "CREATE INDEX ON t (a)", session: false, catalog: false },
  { text: "ALTER TABLE t ADD COLUMN a int", session: false, catalog: true },
  { text: "ALTER TABLE t ALTER a SET NOT NULL", session: false, catalog: false },
  { text: "ALTER TABLE t RENAME a TO b", session: false, catalog: true },
  { text: "ALTER TABLE t RENAME CONSTRAINT a TO b", session: false, catalog: false },
  { text: "DROP TABLE t", session: true, catalog: true },
  { text: "DROP FUNCTION f()", session: false, catalog: false },
  { text: "DROP FUNCTION f() CASCADE", session: false, catalog: true },
  { text: "CREATE SCHEMA s", session: true, catalog: true },
  { text: "DO ''", session: true, catalog: true },
  { text: "CALL f()", session: true, catalog: true },
  { text: "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", session: false, catalog: true },
  { text: "EXPLAIN ANALYZE SELECT 1", session: false, catalog: false },
  { text: "TRUNCATE t", session: false, catalog: false },
  {
    text: "UPDATE pg_settings SET setting = 'x' WHERE name = 'search_path'",
    session: true,
    catalog: false,
  },
  { text: "SELECT setting FROM pg_settings", session: false, catalog: false },
];

for (const { text, session, catalog } of effects) {
  test(`what may be wrong after ${text}`, () => {
    const { changesSession, changesCatalog } = first(text);
    expect({ session: changesSession, catalog: changesCatalog }).toEqual({ session, catalog });
  });
}

const settings = [
  { text: "SET straddle.version = 'a@1'", version: "a@1" },
  { text: "SET LOCAL straddle.version TO 'a@1'", version: "a@1" },
  { text: "SET straddle.version TO DEFAULT", version: "" },
  { text: "RESET straddle.version", version: "" },
  { text: "SELECT set_config('straddle.version', 'a@1', false)", version: "a@1" },
  { text: "SELECT set_config('a.b', 'a@1', false)", version: undefined },
  { text: "SET a.b = 'straddle.version'", version: undefined },
];

for (const { text, version } of settings) {
  test(`the version that ${text} sets`, () => {
    expect(first(text).versionSetting).toBe(version);
  });
}

test("identifiers are every name, quoted or not, but no constants", () => {
  const { identifiers } = first(
    `SELECT t."User", o.a AS n FROM s.t AS o (x, y) JOIN u USING (j) WHERE z = 'constant'`,
  );
  for (const name of ["User", "a", "n", "s", "t", "o", "x", "y", "u", "j", "z"]) {
    expect(identifiers).toContain(name);
  }
  expect(identifiers).not.toContain("constant");
});

test("names in DDL, COPY and GRANT are identifiers", () => {
  const texts = [
    "ALTER TABLE t RENAME user_id TO b",
    "COPY t (user_id) FROM STDIN",
    "COPY t FROM STDIN (FORCE_NULL (user_id))",
    "GRANT SELECT (user_id) ON t TO r",
    "CREATE INDEX ON t (lower(user_id))",
    "COMMENT ON COLUMN t.user_id IS ''",
    "INSERT INTO t VALUES (1) ON CONFLICT (user_id) DO UPDATE SET a = excluded.a",
    "ANALYZE t (user_id)",
    "CREATE STATISTICS ON a, user_id FROM t",
    "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (user_id)",
    "DROP TABLE user_id",
    "PREPARE p AS SELECT user_id FROM t",
    "CREATE PUBLICATION p FOR TABLE t (user_id)",
  ];
  for (const text of texts)
    expect([text, first(text).identifiers.has("user_id")]).toEqual([text, true]);
});

test("several statements, each with offsets of its own", () => {
  const text = "BEGIN; DEALLOCATE a; DISCARD ALL; COMMIT";
  const found = describeStatements(text).statements.map(
    ({ start, end, transaction, deallocates }) => [
      text.slice(start, end),
      transaction,
      deallocates,
    ],
  );
  expect(found).toEqual([
    ["BEGIN", "begin", undefined],
    ["DEALLOCATE a", undefined, { name: "a" }],
    ["DISCARD ALL", undefined, "all"],
    ["COMMIT", "commit", undefined],
  ]);
});

test("a text that is not SQL has no statements", () => {
  expect(describeStatements("SELECT 1; SELEC 2")).toMatchObject({
    kind: "syntax_error",
    statements: [],
  });
});
