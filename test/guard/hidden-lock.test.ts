import { beforeAll, expect, test } from "vitest";
import { lockedBy } from "../../src/guard/locks.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";

beforeAll(loadParser);

/** Each row: a DO block's declarations and body; the lock of its own statements. */
const cases: readonly (readonly [body: string, lock: string])[] = [
  ["BEGIN ALTER TABLE t ADD z int; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN CREATE INDEX ON t (a); ALTER TABLE s.u VALIDATE CONSTRAINT c; END", "SHARE on t, u"],
  ["BEGIN IF EXISTS (SELECT 1) THEN NULL; ELSE DROP TABLE t; END IF; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN WHILE true LOOP TRUNCATE t; END LOOP; END", "ACCESS EXCLUSIVE on t"],
  [
    "DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP DROP VIEW v; END LOOP; END",
    "ACCESS EXCLUSIVE on v",
  ],
  ["BEGIN NULL; EXCEPTION WHEN others THEN DROP TABLE t; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN BEGIN DROP TABLE t; END; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN EXECUTE 'DROP TABLE t'; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN EXECUTE $q$ALTER TABLE t ADD z int; DROP TABLE u$q$; END", "ACCESS EXCLUSIVE on t, u"],
  ["BEGIN EXECUTE 'DO $q$ BEGIN DROP TABLE t; END $q$'; END", "ACCESS EXCLUSIVE on t"],
  ["DECLARE n text; BEGIN EXECUTE 'DROP TABLE ' || n; END", "ACCESS EXCLUSIVE on ?"],
  ["DECLARE n text; BEGIN EXECUTE 'DROP TABLE ' || n || ' CASCADE'; END", "ACCESS EXCLUSIVE on ?"],
  [
    "DECLARE n text; BEGIN EXECUTE format('create unique  index on %I (a)', n); END",
    "ACCESS EXCLUSIVE on ?",
  ],
  [
    "DECLARE n text; BEGIN EXECUTE pg_catalog.format(' Truncate %I', n) ; END",
    "ACCESS EXCLUSIVE on ?",
  ],
  [
    "DECLARE r record; BEGIN FOR r IN EXECUTE 'ALTER TABLE t ADD z int' LOOP END LOOP; END",
    "ACCESS EXCLUSIVE on t",
  ],
  ["BEGIN DROP TABLE t; COMMIT; END", "ACCESS EXCLUSIVE on t, depends"],

  // Nothing that was there is locked.
  ["BEGIN NULL; END", "none"],
  ["BEGIN PERFORM f(); INSERT INTO t VALUES (1); END", "none"],
  ["BEGIN CREATE TABLE z (id int); END", "none"],
  ["BEGIN RAISE NOTICE 'DROP TABLE t'; END", "none"],
  ["DECLARE n text := 'DROP TABLE t'; BEGIN n := n || 'x'; END", "none"],
  ["DECLARE n text; BEGIN EXECUTE 'SELECT 1 FROM ' || n; END", "none"],
  ["DECLARE n text; BEGIN EXECUTE 'CREATE TABLE ' || n || ' (id int)'; END", "none"],
  // Nobody can tell what this is.
  ["DECLARE n text; BEGIN EXECUTE n; END", "none"],
  // The server says what is wrong with it.
  ["BEGIN DROP TABLE t END", "none"],
  ["BEGIN DROP TABLE t;", "none"],

  // It sees to the lock_timeout itself.
  ["BEGIN SET LOCAL lock_timeout = '2s'; DROP TABLE t; END", "none"],
  ["BEGIN SET lock_timeout = 2000; DROP TABLE t; END", "none"],
  ["BEGIN PERFORM set_config('lock_timeout', '2s', true); DROP TABLE t; END", "none"],
  ["BEGIN SET LOCAL lock_timeout = 0; DROP TABLE t; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN SET LOCAL lock_timeout = '0'; DROP TABLE t; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN RESET lock_timeout; DROP TABLE t; END", "ACCESS EXCLUSIVE on t"],
  ["BEGIN SET LOCAL statement_timeout = '2s'; DROP TABLE t; END", "ACCESS EXCLUSIVE on t"],
  [
    "BEGIN PERFORM set_config('lock_timeout', '0', true); DROP TABLE t; END",
    "ACCESS EXCLUSIVE on t",
  ],
  ["BEGIN DROP TABLE t; SET LOCAL lock_timeout = '2s'; END", "ACCESS EXCLUSIVE on t"],
];

function lockOf(sql: string): string {
  const parsed = parseSql(sql);
  const [statement] = parsed.kind === "parsed" ? parsed.statements : [];
  const lock = statement && lockedBy(statement);
  if (lock === undefined) return "none";
  const names = lock.relations.map(({ name }) => name).join(", ");
  const block = lock.inBlock === "allowed" ? "" : `, ${lock.inBlock}`;
  return `${lock.level} on ${names === "" ? "?" : names}${block}`;
}

test.each(cases)("%s", (body, lock) => {
  expect(lockOf(`DO $body$ ${body} $body$`)).toBe(lock);
  expect(lockOf(`DO LANGUAGE plpgsql '${body.replaceAll("'", "''")}'`)).toBe(lock);
});

test("a body is read whatever dollar quotes are in it, and of PL/pgSQL only", () => {
  const body = "BEGIN EXECUTE $straddle$DROP TABLE t$straddle$; END";
  expect(lockOf(`DO $body$ ${body} $body$`)).toBe("ACCESS EXCLUSIVE on t");
  expect(lockOf("DO LANGUAGE plperl 'DROP TABLE t;'")).toBe("none");
});
