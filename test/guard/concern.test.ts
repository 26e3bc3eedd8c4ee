import { beforeAll, expect, test } from "vitest";
import { RULE_IDS, type RuleId } from "../../src/base/rule-ids.ts";
import { concernOf } from "../../src/guard/concern.ts";
import { RULES } from "../../src/guard/rules.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";
import { rulesAgainst } from "./judging.ts";

beforeAll(loadParser);

for (const { id, refused } of RULES) {
  test(`${id}: a statement of its example is of concern to it`, () => {
    expect(concernsOf(refused, [id])).toContain("rules");
  });
}

test("what could be frozen is of concern where something is ever frozen", () => {
  const sql = "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1";
  expect(concernsOf(sql, RULE_IDS)).toEqual(["rules"]);
  expect(concernsOf(sql, ["require-where"])).toEqual(["none"]);
});

const QUERIES = [
  "SELECT * FROM orders AS o JOIN users ON users.id = o.user_id",
  "WITH old AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM old",
  "INSERT INTO orders SELECT * FROM old_orders",
  "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = ''",
  "UPDATE orders SET note = ''",
  "DELETE FROM orders",
  "MERGE INTO orders USING old_orders AS o ON o.id = orders.id WHEN MATCHED THEN DELETE",
  `SELECT 1 AS ${"x".repeat(70)}`,
];

test("no rule but those about queries has anything to say of a query by itself", () => {
  const found = new Set(QUERIES.flatMap((sql) => rulesAgainst(sql)));
  const about = RULES.filter(({ isAboutQueries }) => isAboutQueries).map(({ id }) => id);
  expect([...found]).toEqual(about);
});

const CONCERNS = [
  { sql: "SELECT * FROM orders WHERE id = 1", concern: "none" },
  { sql: "SELECT * FROM orders", concern: "memory" },
  { sql: "SELECT * INTO copy FROM orders WHERE id = 1", concern: "rules" },
  { sql: "UPDATE orders SET note = '' WHERE id = 1", concern: "none" },
  { sql: "UPDATE orders SET note = ''", concern: "rules" },
  { sql: "WITH gone AS (DELETE FROM orders RETURNING *) SELECT 1", concern: "rules" },
  { sql: "DO $$ BEGIN UPDATE orders SET note = ''; END $$", concern: "rules" },
  { sql: "DO $$ BEGIN UPDATE orders SET note = '' WHERE id = 1; END $$", concern: "none" },
  { sql: "DO $$ BEGIN EXECUTE 'DROP TABLE orders'; END $$", concern: "rules" },
];
for (const { sql, concern } of CONCERNS) {
  test(`${concern}: ${sql}`, () => expect(concernsOf(sql, RULE_IDS)).toEqual([concern]));
}

function concernsOf(sql: string, rules: readonly RuleId[]): readonly string[] {
  const parsed = parseSql(sql);
  if (parsed.kind !== "parsed") throw new Error(`not parsed: ${sql}`);
  return parsed.statements.map((statement) => concernOf(statement, sql, rules));
}
