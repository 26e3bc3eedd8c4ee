import { beforeAll, expect, test } from "vitest";
import type { RuleId } from "../../src/base/rule-ids.ts";
import type { Facts } from "../../src/guard/facts.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { findingsOf, large, rulesAgainst, small } from "./judging.ts";
import { type RuleCases, testRules } from "./rule-cases.ts";

beforeAll(loadParser);

const NEW = "CREATE TABLE n (id int)";

const cases: RuleCases = {
  "lock-timeout": {
    refused: [
      "DROP TABLE t",
      "SET lock_timeout = 0; DROP TABLE t",
      "SET lock_timeout = '1min'; DROP TABLE t",
      "SET lock_timeout = '2s'; RESET lock_timeout; DROP TABLE t",
      "SET lock_timeout = '2s'; RESET ALL; DROP TABLE t",
      "BEGIN; SET LOCAL lock_timeout = '2s'; COMMIT; DROP TABLE t",
      "BEGIN; SET lock_timeout = '2s'; ROLLBACK; DROP TABLE t",
      "BEGIN; SAVEPOINT a; SET LOCAL lock_timeout = '2s'; ROLLBACK TO a; DROP TABLE t; COMMIT",
      "BEGIN; CREATE TABLE n (id int); ROLLBACK; ALTER TABLE n ADD a int",
      "CREATE TABLE n (id int REFERENCES t)",
      "DO $$ BEGIN DROP TABLE t; END $$",
    ],
    allowed: [
      "SET lock_timeout = 2000; DROP TABLE t",
      "SELECT set_config('lock_timeout', '2s', false); DROP TABLE t",
      "BEGIN; SET LOCAL lock_timeout = '2s'; DROP TABLE t; COMMIT",
      "BEGIN; SET LOCAL lock_timeout TO '1500ms'; SAVEPOINT a; ROLLBACK TO a; DROP TABLE t; COMMIT",
      "DO $$ BEGIN SET LOCAL lock_timeout = '2s'; DROP TABLE t; END $$",
      `${NEW}; ALTER TABLE n ADD a int`,
      "CREATE TABLE n (id int)",
      "SELECT 1",
    ],
  },
  "statement-timeout": {
    refused: ["DROP TABLE t", "SET statement_timeout = 0; CREATE INDEX ON t (a)"],
    allowed: [
      "SET statement_timeout = '1h'; DROP TABLE t",
      "CREATE INDEX CONCURRENTLY ON t (a)",
      "ALTER TABLE t VALIDATE CONSTRAINT c",
    ],
  },
  "require-concurrent-index-creation": {
    refused: ["CREATE UNIQUE INDEX i ON s.t (a)", "BEGIN; CREATE INDEX ON t (a); COMMIT"],
    allowed: [`${NEW}; CREATE INDEX ON n (id)`, "CREATE INDEX CONCURRENTLY ON t (a)"],
  },
  "require-concurrent-index-deletion": {
    refused: ["DROP INDEX IF EXISTS s.i, j", "DROP INDEX i CASCADE"],
    allowed: [`${NEW}; CREATE INDEX i ON n (id); DROP INDEX i`, "DROP TABLE t"],
  },
  "require-concurrent-reindex": {
    refused: ["REINDEX INDEX i", "REINDEX (VERBOSE) TABLE t", "REINDEX (CONCURRENTLY off) TABLE t"],
    allowed: ["REINDEX (CONCURRENTLY) TABLE t", "REINDEX SYSTEM d", `${NEW}; REINDEX TABLE n`],
  },
  "require-concurrent-refresh": {
    refused: ["REFRESH MATERIALIZED VIEW s.m WITH DATA"],
    allowed: [
      "REFRESH MATERIALIZED VIEW m WITH NO DATA",
      "CREATE MATERIALIZED VIEW m AS SELECT 1; REFRESH MATERIALIZED VIEW m",
    ],
  },
  "require-concurrent-partition-detach": {
    refused: ["ALTER TABLE IF EXISTS s.t DETACH PARTITION p"],
    allowed: ["ALTER TABLE t DETACH PARTITION p FINALIZE"],
  },
  "ban-concurrently-in-transaction": {
    refused: [
      "BEGIN; DROP INDEX CONCURRENTLY i",
      "START TRANSACTION; VACUUM FULL t",
      "BEGIN; COMMIT AND CHAIN; REINDEX TABLE CONCURRENTLY t",
      "BEGIN; ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
    ],
    allowed: ["BEGIN; COMMIT; DROP INDEX CONCURRENTLY i", "BEGIN; DROP INDEX i; COMMIT"],
  },
  "ban-cluster": { refused: ["CLUSTER", "CLUSTER t"], allowed: [`${NEW}; CLUSTER n`] },
  "ban-vacuum-full": {
    refused: ["VACUUM FULL", "VACUUM (FULL, ANALYZE) t"],
    allowed: ["VACUUM", "VACUUM (FULL false) t"],
  },
  "ban-lock-table": {
    refused: ["LOCK t IN SHARE MODE", "LOCK TABLE t, u IN EXCLUSIVE MODE NOWAIT"],
    allowed: ["LOCK t IN ACCESS SHARE MODE", "LOCK t IN SHARE UPDATE EXCLUSIVE MODE"],
  },
  "rewriting-table": {
    refused: [
      "ALTER TABLE t SET LOGGED",
      "ALTER TABLE t ADD b int, SET TABLESPACE x",
      "ALTER TABLE t SET ACCESS METHOD y",
      "ALTER TABLE t ALTER a SET EXPRESSION AS (b)",
    ],
    allowed: [`${NEW}; ALTER TABLE n SET UNLOGGED`],
  },
};

testRules(cases);

/** With a server: what is known of it decides. */
const known: readonly {
  readonly sql: string;
  readonly rule: RuleId;
  readonly refused: Partial<Facts> | "large";
  readonly allowed: Partial<Facts> | "small";
}[] = [
  {
    sql: "DROP TABLE t",
    rule: "lock-timeout",
    refused: { lockTimeoutMs: 5001 },
    allowed: { lockTimeoutMs: 5000 },
  },
  {
    sql: "DROP TABLE t",
    rule: "statement-timeout",
    refused: { statementTimeoutMs: 0 },
    allowed: { statementTimeoutMs: 1 },
  },
  {
    sql: "ALTER TABLE t DETACH PARTITION p",
    rule: "require-concurrent-partition-detach",
    refused: { serverVersion: 140_000 },
    allowed: { serverVersion: 130_020 },
  },
  ...(
    [
      ["CREATE INDEX ON t (a)", "require-concurrent-index-creation"],
      ["REINDEX TABLE t", "require-concurrent-reindex"],
      ["REFRESH MATERIALIZED VIEW t", "require-concurrent-refresh"],
      ["CLUSTER t", "ban-cluster"],
      ["VACUUM FULL t", "ban-vacuum-full"],
      ["ALTER TABLE t SET UNLOGGED", "rewriting-table"],
    ] as const
  ).map(([sql, rule]) => ({ sql, rule, refused: "large", allowed: "small" }) as const),
];

for (const { sql, rule, refused, allowed } of known) {
  test(`${rule} by what is known of the server: ${sql}`, () => {
    const rules = (facts: Partial<Facts> | "large" | "small") =>
      typeof facts === "string"
        ? rulesAgainst(sql, { relations: [facts === "large" ? large("t") : small("t")] })
        : rulesAgainst(sql, { facts });
    expect(rules(refused)).toContain(rule);
    expect(rules(allowed)).not.toContain(rule);
  });
}

test("a migration tool's transaction counts, and what stands alone is alone", () => {
  const sql = "CREATE INDEX CONCURRENTLY ON t (a)";
  const rule = "ban-concurrently-in-transaction";
  expect(rulesAgainst(sql, { grouping: "together" })).toContain(rule);
  expect(rulesAgainst(`BEGIN; ${sql}`, { grouping: "alone" })).not.toContain(rule);
});

test("a finding says where, and has the statement to run instead", () => {
  const sql = 'SELECT 1; /* é */ CREATE UNIQUE INDEX "I" ON t (a)';
  const [found] = findingsOf(sql, {
    policy: { severities: { "lock-timeout": "off", "statement-timeout": "off" } },
  });
  expect(found).toMatchObject({
    rule: "require-concurrent-index-creation",
    severity: "block",
    statement: 1,
    offset: sql.indexOf("CREATE"),
    table: { name: "t" },
    safeSql: ['CREATE UNIQUE INDEX CONCURRENTLY "I" ON t (a)'],
  });
});
