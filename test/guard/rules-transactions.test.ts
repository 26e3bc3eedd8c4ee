import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { large, rulesAgainst, small } from "./judging.ts";
import { type RuleCases, testRules } from "./rule-cases.ts";

beforeAll(loadParser);

const LOCKED = "BEGIN; ALTER TABLE t ADD b int";

const cases: RuleCases = {
  "statement-under-exclusive-lock": {
    refused: [
      `${LOCKED}; UPDATE t SET b = 1`,
      `${LOCKED}; UPDATE t SET b = 1 WHERE b IS NULL`,
      `${LOCKED}; SELECT count(*) FROM t`,
      `${LOCKED}; INSERT INTO v SELECT * FROM t`,
      `${LOCKED}; COPY t TO STDOUT`,
      `${LOCKED}; ALTER TABLE u ADD b int`,
      `${LOCKED}; CREATE TABLE n (id int REFERENCES u)`,
      `${LOCKED}; LOCK TABLE u`,
      `${LOCKED}; DROP SCHEMA s CASCADE`,
      "BEGIN; ALTER TABLE t RENAME TO z; DELETE FROM z",
      "BEGIN; LOCK TABLE t; DELETE FROM u WHERE a > 5",
      "DO $$ BEGIN ALTER TABLE t ADD b int; UPDATE t SET b = 1; END $$",
    ],
    allowed: [
      `${LOCKED}; ALTER TABLE t ADD c int; COMMIT; UPDATE t SET b = 1`,
      `${LOCKED}; INSERT INTO migrations (version) VALUES ('7'); COMMIT`,
      `${LOCKED}; UPDATE alembic_version SET version_num = 'b' WHERE version_num = 'a'; COMMIT`,
      `${LOCKED}; DELETE FROM migrations WHERE name IN ('a', 'b')`,
      `${LOCKED}; SELECT * FROM information_schema.columns`,
      `${LOCKED}; SELECT set_config('a.b', '1', true); SET LOCAL lock_timeout = '1s'; COMMIT`,
      `${LOCKED}; CREATE TABLE n (id int); INSERT INTO n SELECT 1 FROM n; CREATE INDEX ON n (id)`,
      `${LOCKED}; ROLLBACK; UPDATE t SET b = 1`,
      `${LOCKED}; ALTER TABLE t RENAME TO z; ALTER TABLE z ADD c int; COMMIT`,
      "BEGIN; CREATE INDEX ON t (a); UPDATE t SET b = 1 WHERE a > 1; COMMIT",
    ],
  },
  "long-work-with-ddl": {
    refused: [
      "BEGIN; DELETE FROM t; ALTER TABLE u ADD b int",
      "BEGIN; COPY t TO STDOUT; DROP TABLE u",
      "BEGIN; CREATE INDEX ON t (a); UPDATE t SET b = 1",
      "BEGIN; CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f(); INSERT INTO v SELECT * FROM t",
    ],
    allowed: [
      "BEGIN; UPDATE t SET b = 1; COMMIT; ALTER TABLE t ADD c int",
      "BEGIN; UPDATE t SET b = 1; CREATE TABLE n (id int); ALTER TABLE n ADD c int",
      "BEGIN; UPDATE t SET b = 1 WHERE a = 1; ALTER TABLE t ADD c int",
      "BEGIN; UPDATE t SET b = 1; COMMENT ON TABLE t IS 'x'",
      "BEGIN; SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; ALTER TABLE t ADD c int",
    ],
  },
};

testRules(cases);

test("work on a small table is short, and an index of the locked table is no other one", () => {
  const rule = "statement-under-exclusive-lock";
  const sql = `${LOCKED}; UPDATE u SET a = 1`;
  expect(rulesAgainst(sql, { relations: [large("t"), large("u")] })).toContain(rule);
  expect(rulesAgainst(sql, { relations: [large("t"), small("u")] })).not.toContain(rule);
  const dropped = (table: string) => {
    const index = large("i", { kind: "index", table: { schema: "public", name: table } });
    return rulesAgainst(`${LOCKED}; DROP INDEX i`, { relations: [large("t"), large("u"), index] });
  };
  expect(dropped("t")).not.toContain(rule);
  expect(dropped("u")).toContain(rule);
});
