import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { findingsOf, GIGABYTE, large, rulesAgainst } from "./judging.ts";
import { type RuleCases, testRules } from "./rule-cases.ts";

beforeAll(loadParser);

const LONG = "a".repeat(64);

const cases: RuleCases = {
  "prefer-jsonb": {
    refused: ["ALTER TABLE t ADD a json NOT NULL", "ALTER TABLE t ALTER a TYPE json"],
    allowed: ["ALTER TABLE t ADD a jsonb", "CREATE TABLE t AS SELECT '{}'::json AS a"],
  },
  "ban-char-field": {
    refused: [
      "CREATE TABLE t (a char)",
      "ALTER TABLE t ADD a character(3)[]",
      "CREATE TABLE t (a nchar(2))",
    ],
    allowed: ['CREATE TABLE t (a "char")', "CREATE TABLE t (a character varying)"],
  },
  "prefer-text-field": {
    refused: ["CREATE TABLE t (a varchar(5))", "ALTER TABLE t ADD a character varying(5)"],
    allowed: ["CREATE TABLE t (a varchar)", "CREATE TABLE t (a text, b numeric(5))"],
  },
  "prefer-big-int": {
    refused: [
      "CREATE TABLE t (a int PRIMARY KEY)",
      "CREATE TABLE t (a smallint, b int, PRIMARY KEY (b, a))",
      "ALTER TABLE t ADD user_id int4",
      'ALTER TABLE t ADD "userId" integer',
      "ALTER TABLE t ADD number serial",
      "CREATE TABLE t (number int GENERATED ALWAYS AS IDENTITY)",
    ],
    allowed: [
      "CREATE TABLE t (id bigint PRIMARY KEY, quantity int)",
      "ALTER TABLE t ADD paid int",
      "CREATE TABLE t (id bigserial PRIMARY KEY)",
      "CREATE TABLE t (id uuid PRIMARY KEY)",
    ],
  },
  "prefer-timestamp-tz": {
    refused: ["CREATE TABLE t (a timestamp(3) without time zone)", "ALTER TABLE t ADD a timestamp"],
    allowed: ["CREATE TABLE t (a timestamp with time zone, b date, c time)"],
  },
  "prefer-identity": {
    refused: ["CREATE TABLE t (a serial)", "ALTER TABLE t ADD a smallserial"],
    allowed: ["CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)"],
  },
  "identifier-too-long": {
    refused: [
      `CREATE TABLE ${LONG} (a int)`,
      `ALTER TABLE t ADD "${"é".repeat(32)}" int`,
      `ALTER TABLE t RENAME a TO ${LONG}`,
    ],
    allowed: [
      `CREATE TABLE ${LONG.slice(1)} (a int)`,
      `ALTER TABLE t ADD "${"é".repeat(31)}" int`,
      `SELECT 1 AS ${LONG}`,
      `CREATE TABLE t (a text DEFAULT '${LONG}')`,
    ],
  },
  "require-enum-value-ordering": {
    refused: ["ALTER TYPE s.y ADD VALUE IF NOT EXISTS 'b'"],
    allowed: [
      "ALTER TYPE y ADD VALUE 'b' BEFORE 'c'",
      "ALTER TYPE y RENAME VALUE 'a' TO 'b'",
      "CREATE TYPE y AS ENUM ('a'); ALTER TYPE y ADD VALUE 'b'",
    ],
  },
  "foreign-key-without-index": {
    refused: [
      "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES u)",
      "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID",
      "ALTER TABLE t ADD COLUMN a int REFERENCES u",
      "CREATE TABLE t (a int REFERENCES u); CREATE INDEX ON t (b, a)",
      "CREATE TABLE t (a int REFERENCES u); CREATE INDEX ON other (a)",
    ],
    allowed: [
      "CREATE TABLE t (a int PRIMARY KEY REFERENCES u)",
      "CREATE TABLE t (a int REFERENCES u, b int, UNIQUE (a, b))",
      "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES u); CREATE INDEX ON t (b, a, c)",
      "CREATE INDEX CONCURRENTLY ON t (a); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID",
      "ALTER TABLE t ADD CHECK (a > 0)",
    ],
  },
  "require-where": {
    refused: [
      "UPDATE t SET a = 1",
      "DELETE FROM ONLY s.t RETURNING *",
      "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
      "WITH x AS (SELECT 1) UPDATE t SET a = 1 FROM x",
    ],
    allowed: [
      "UPDATE t SET a = 1 WHERE true",
      "DELETE FROM t USING u WHERE t.a = u.a",
      "DELETE FROM t WHERE CURRENT OF c",
      "CREATE TEMP TABLE n (a int); DELETE FROM n",
      "DELETE FROM pg_temp.n",
      "TRUNCATE t",
    ],
  },
  "statement-timeout-too-short": {
    refused: [
      "SET statement_timeout = '5s'; REINDEX (CONCURRENTLY) TABLE t",
      "SET statement_timeout = '59s'; ALTER TABLE t VALIDATE CONSTRAINT c, VALIDATE CONSTRAINT d",
      "SET statement_timeout = 100; REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    ],
    allowed: [
      "CREATE INDEX CONCURRENTLY ON t (a)",
      "SET statement_timeout = '1min'; CREATE INDEX CONCURRENTLY ON t (a)",
      "SET statement_timeout = '5s'; RESET statement_timeout; ALTER TABLE t VALIDATE CONSTRAINT c",
      "BEGIN; SET LOCAL statement_timeout = '5s'; COMMIT; REINDEX TABLE CONCURRENTLY t",
      "SET statement_timeout = '5s'; DROP INDEX CONCURRENTLY i",
      "SET statement_timeout = '5s'; CREATE TABLE n (a int); CREATE INDEX CONCURRENTLY ON n (a)",
    ],
  },
};

testRules(cases);

test("they warn, and refuse nothing", () => {
  const found = findingsOf("CREATE TABLE t (id serial PRIMARY KEY, a json, b char(3))");
  expect(found.map(({ group, severity }) => `${group} ${severity}`)).toEqual(
    found.map(() => "later warn"),
  );
  expect(found.length).toBe(4);
});

test("foreign-key-without-index by the indexes that are there", () => {
  const sql = "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT VALID";
  const rules = (columns: readonly (string | undefined)[]) => {
    const indexes = [{ name: "i", columns, isUnique: false, isValid: true }];
    return rulesAgainst(sql, { relations: [large("t", { indexes })] });
  };
  expect(rules(["a", "b"])).not.toContain("foreign-key-without-index");
  expect(rules(["b", "a"])).toContain("foreign-key-without-index");
  expect(rules([undefined])).toContain("foreign-key-without-index");
});

test("statement-timeout-too-short by what is in force, the size and the disk", () => {
  const rules = (statementTimeoutMs: number, bytesPerSecond?: number, bytes = 90 * GIGABYTE) => {
    const facts = { statementTimeoutMs, bytesPerSecond };
    const relations = [large("t", { bytes })];
    return rulesAgainst("CREATE INDEX CONCURRENTLY ON t (a)", { facts, relations });
  };
  const RULE = "statement-timeout-too-short";
  expect(rules(5_000)).toContain(RULE);
  expect(rules(0)).not.toContain(RULE);
  expect(rules(60_000)).not.toContain(RULE);
  // 90 s to read it.
  expect(rules(60_000, GIGABYTE)).toContain(RULE);
  expect(rules(120_000, GIGABYTE)).not.toContain(RULE);
  expect(rules(5_000, GIGABYTE, 8192)).not.toContain(RULE);
});
