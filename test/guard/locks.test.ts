import { beforeAll, expect, test } from "vitest";
import { type Lock, lockedBy } from "../../src/guard/locks.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";

beforeAll(loadParser);

const SUE = "SHARE UPDATE EXCLUSIVE";
const SRE = "SHARE ROW EXCLUSIVE";
const AE = "ACCESS EXCLUSIVE";
const OUTSIDE = "outside of a transaction";
const OUTSIDE_IF_PARTITIONED = "outside of a transaction if partitioned";

/** Each row: the statement; the lock's level and the relations, in the words of `show`. */
const cases: readonly (readonly [sql: string, lock: string])[] = [
  ["ALTER TABLE t ADD COLUMN b int", `${AE} on t`],
  ["ALTER TABLE s.t DROP COLUMN b", `${AE} on s.t`],
  ['ALTER TABLE ONLY "T" ALTER b TYPE text', `${AE} on T`],
  ["ALTER TABLE t ALTER b SET NOT NULL", `${AE} on t`],
  ["ALTER TABLE t ALTER b SET DEFAULT 1", `${AE} on t`],
  ["ALTER TABLE t OWNER TO u", `${AE} on t`],
  ["ALTER TABLE t ADD CHECK (b > 0)", `${AE} on t`],
  ["ALTER TABLE t ADD CHECK (b > 0) NOT VALID", `${AE} on t`],
  ["ALTER TABLE t ADD PRIMARY KEY USING INDEX i", `${AE} on t`],
  ["ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES u", `${SRE} on t, u`],
  ["ALTER TABLE t ADD COLUMN b int REFERENCES u", `${AE} on t, u`],
  ["ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES u, ADD COLUMN c int", `${AE} on t, u`],
  ["ALTER TABLE t VALIDATE CONSTRAINT c", `${SUE} on t`],
  ["ALTER TABLE t VALIDATE CONSTRAINT c, ALTER b SET STATISTICS 10", `${SUE} on t`],
  ["ALTER TABLE t VALIDATE CONSTRAINT c, DROP COLUMN b", `${AE} on t`],
  ["ALTER TABLE t SET (fillfactor = 70)", `${SUE} on t`],
  ["ALTER VIEW v SET (security_barrier)", `${AE} on v`],
  ["ALTER TABLE t ALTER b SET (n_distinct = 5)", `${SUE} on t`],
  ["ALTER TABLE t CLUSTER ON i", `${SUE} on t`],
  ["ALTER TABLE t ENABLE TRIGGER ALL", `${SRE} on t`],
  ["ALTER TABLE t DISABLE TRIGGER x", `${SRE} on t`],
  ["ALTER TABLE t ENABLE ROW LEVEL SECURITY", `${AE} on t`],
  ["ALTER TABLE t ATTACH PARTITION p DEFAULT", `${AE} on t, p`],
  ["ALTER TABLE t DETACH PARTITION p", `${AE} on t, p`],
  ["ALTER TABLE t DETACH PARTITION p CONCURRENTLY", `${SUE} on t, p, ${OUTSIDE}`],
  ["ALTER TABLE t RENAME TO u", `${AE} on t`],
  ["ALTER TABLE t RENAME a TO b", `${AE} on t`],
  ["ALTER TABLE t RENAME CONSTRAINT a TO b", `${AE} on t`],
  ["ALTER INDEX i RENAME TO j", `${SUE} on i`],
  ["ALTER INDEX i SET TABLESPACE x", `${AE} on i`],
  ["ALTER VIEW v RENAME a TO b", `${AE} on v`],
  ["ALTER MATERIALIZED VIEW v SET SCHEMA s", `${AE} on v`],
  ["ALTER TRIGGER a ON t RENAME TO b", `${AE} on t`],
  ["ALTER POLICY a ON t RENAME TO b", `${AE} on t`],
  ["ALTER TYPE y ADD ATTRIBUTE a int", `${AE} on y`],
  ["ALTER TYPE y RENAME ATTRIBUTE a TO b", `${AE} on y`],
  ["ALTER SEQUENCE q RESTART", `${SRE} on q`],
  ["ALTER FOREIGN TABLE f ADD COLUMN a int", `${AE} on f`],
  ["ALTER DOMAIN d ADD CHECK (VALUE > 0)", "SHARE on ?"],
  ["ALTER DOMAIN d DROP NOT NULL", "none"],
  ["ALTER TYPE e ADD VALUE 'x'", "none"],
  ["ALTER SCHEMA s RENAME TO u", "none"],
  ["ALTER ROLE r RENAME TO u", "none"],
  ["ALTER FUNCTION f() OWNER TO u", "none"],
  ["ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", `${AE} on ?`],
  ["DROP TABLE a, s.b", `${AE} on a, s.b`],
  ["DROP TABLE IF EXISTS a CASCADE", `${AE} on a`],
  ["DROP INDEX i", `${AE} on i`],
  ["DROP INDEX CONCURRENTLY i", `${SUE} on i, ${OUTSIDE}`],
  ["DROP VIEW v", `${AE} on v`],
  ["DROP SEQUENCE q", `${AE} on q`],
  ["DROP TRIGGER x ON s.t", `${AE} on s.t`],
  ["DROP RULE x ON t", `${AE} on t`],
  ["DROP POLICY x ON t", `${AE} on t`],
  ["DROP STATISTICS x", `${SUE} on ?`],
  ["DROP SCHEMA s", "none"],
  ["DROP SCHEMA s CASCADE", `${AE} on ?`],
  ["DROP FUNCTION f(int)", "none"],
  ["DROP FUNCTION f(int) CASCADE", `${AE} on ?`],
  ["DROP TYPE y", "none"],
  ["DROP TYPE y CASCADE", `${AE} on ?`],
  ["DROP EXTENSION x", `${AE} on ?`],
  ["DROP OWNED BY u", `${AE} on ?`],
  ["DROP ROLE u", "none"],
  ["TRUNCATE a, b CASCADE", `${AE} on a, b`],
  ["CLUSTER t USING i", `${AE} on t, ${OUTSIDE_IF_PARTITIONED}`],
  ["CLUSTER", `${AE} on ?, ${OUTSIDE}`],
  ["VACUUM t", "none"],
  ["VACUUM FULL t", `${AE} on t, ${OUTSIDE}`],
  ["VACUUM (FULL, ANALYZE) s.t (a)", `${AE} on s.t, ${OUTSIDE}`],
  ["VACUUM (FULL off) t", "none"],
  ["VACUUM FULL", `${AE} on ?, ${OUTSIDE}`],
  ["ANALYZE t", "none"],
  ["REINDEX TABLE t", `${AE} on t, ${OUTSIDE_IF_PARTITIONED}`],
  ["REINDEX INDEX CONCURRENTLY i", `${SUE} on i, ${OUTSIDE}`],
  ["REINDEX (CONCURRENTLY false) INDEX i", `${AE} on i, ${OUTSIDE_IF_PARTITIONED}`],
  ["REINDEX DATABASE d", `${AE} on ?, ${OUTSIDE}`],
  ["REFRESH MATERIALIZED VIEW v", `${AE} on v`],
  ["REFRESH MATERIALIZED VIEW CONCURRENTLY v", "EXCLUSIVE on v"],
  ["CREATE INDEX ON t (a)", "SHARE on t"],
  ["CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)", `${SUE} on t, ${OUTSIDE}`],
  ["CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()", `${SRE} on t`],
  ["CREATE RULE x AS ON INSERT TO t DO NOTHING", `${AE} on t`],
  ["CREATE POLICY x ON t", `${AE} on t`],
  ["CREATE STATISTICS x ON a, b FROM t", `${SUE} on t`],
  ["CREATE VIEW v AS SELECT 1", "none"],
  ["CREATE OR REPLACE VIEW v AS SELECT 1", `${AE} on v`],
  ["CREATE TABLE n (a int)", "none"],
  ["CREATE TABLE n (LIKE t)", "none"],
  ["CREATE TABLE n AS SELECT 1", "none"],
  ["CREATE TABLE n (a int REFERENCES t, FOREIGN KEY (a) REFERENCES s.u)", `${SRE} on t, s.u`],
  ["CREATE TABLE n (a int PRIMARY KEY, b int REFERENCES n)", "none"],
  ["CREATE TABLE n (a int PRIMARY KEY, b int REFERENCES n, c int REFERENCES u)", `${SRE} on u`],
  ["CREATE TABLE n (a int REFERENCES s.n)", `${SRE} on s.n`],
  ["ALTER TABLE t INHERIT u", `${AE} on t, u`],
  ["ALTER TABLE t NO INHERIT s.u", `${AE} on t`],
  ["CREATE TABLE n () INHERITS (t)", `${SUE} on t`],
  ["CREATE TABLE n PARTITION OF t DEFAULT", `${AE} on t`],
  ["CREATE FOREIGN TABLE n PARTITION OF t DEFAULT SERVER x", `${AE} on t`],
  ["CREATE SCHEMA s CREATE TABLE n (a int)", "none"],
  ["CREATE SCHEMA s CREATE TABLE n (a int REFERENCES public.t)", `${SRE} on public.t`],
  ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "none"],
  ["COMMENT ON TABLE t IS 'x'", `${SUE} on t`],
  ["COMMENT ON COLUMN s.t.a IS 'x'", `${SUE} on s.t`],
  ["COMMENT ON CONSTRAINT c ON t IS 'x'", "none"],
  ["COMMENT ON FUNCTION f IS 'x'", "none"],
  ["SECURITY LABEL ON COLUMN t.a IS 'x'", `${SUE} on t`],
  ["CREATE PUBLICATION p FOR TABLE a, s.b", `${SUE} on a, s.b`],
  ["ALTER PUBLICATION p ADD TABLE a", `${SUE} on a`],
  ["CREATE PUBLICATION p FOR ALL TABLES", "none"],
  ["SELECT 1", "none"],
  ["UPDATE t SET a = 1", "none"],
  ["LOCK TABLE t", "none"],
  ["GRANT SELECT ON t TO u", "none"],
];

for (const [sql, lock] of cases) {
  test(`${sql} takes ${lock}`, () => {
    const parsed = parseSql(sql);
    const statement = parsed.kind === "parsed" ? parsed.statements[0] : undefined;
    expect(statement && show(lockedBy(statement))).toBe(lock);
  });
}

const verbs = [
  { sql: "CREATE INDEX CONCURRENTLY ON t (a)", verb: "CREATE INDEX CONCURRENTLY" },
  { sql: "DROP INDEX i", verb: "DROP INDEX" },
  { sql: "DROP INDEX CONCURRENTLY i", verb: "DROP INDEX CONCURRENTLY" },
  { sql: "REINDEX (CONCURRENTLY) INDEX i", verb: "REINDEX CONCURRENTLY" },
  { sql: "VACUUM FULL t", verb: "VACUUM FULL" },
  { sql: "REFRESH MATERIALIZED VIEW v", verb: "REFRESH MATERIALIZED VIEW" },
];

for (const { sql, verb } of verbs) {
  test(`${sql} is called ${verb}`, () => {
    const parsed = parseSql(sql);
    const statement = parsed.kind === "parsed" ? parsed.statements[0] : undefined;
    expect(statement && lockedBy(statement)?.verb).toBe(verb);
  });
}

const IN_BLOCK = { allowed: "", refused: `, ${OUTSIDE}`, depends: `, ${OUTSIDE_IF_PARTITIONED}` };

function show(lock: Lock | undefined): string {
  if (lock === undefined) return "none";
  const names = lock.relations.map(({ schema, name }) => (schema ? `${schema}.${name}` : name));
  const where = lock.relations.length === 0 ? "?" : names.join(", ");
  return `${lock.level} on ${where}${IN_BLOCK[lock.inBlock]}`;
}
