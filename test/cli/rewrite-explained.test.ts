import { beforeAll, expect, test } from "vitest";
import { rewriteText } from "../../src/cli/rewrite.ts";
import { explainRewriting } from "../../src/cli/rewrite-explained.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { READS } from "../rewrite/reads-cases.ts";
import { type Setting, V1, V2 } from "../rewrite/setting.ts";
import { WRITES } from "../rewrite/writes-cases.ts";

beforeAll(loadParser);

function rewritten(text: string, setting: Setting = V1) {
  const result = rewriteText({ text, ...setting });
  if ("syntaxError" in result) throw new Error(result.syntaxError);
  return result;
}

const cases = [
  {
    sql: "SELECT * FROM orders WHERE user_id = $1",
    says: [
      "statement 1: rewrite",
      "  SELECT * FROM orders WHERE user_id = $1",
      "becomes",
      "  SELECT * FROM orders AS orders(id, user_id) WHERE user_id = $1",
      "name orders (1:15): public.orders, under a rename window",
      'edit 1:21: adds "AS orders(id, user_id)"',
      "  alias list: position 2 of orders is user_id for this version, customer_id in the catalog",
      "flip: it stays right when the names change, also as a prepared statement",
    ],
  },
  {
    sql: "SELECT 1;\nUPDATE person SET id = 2\nRETURNING person.id",
    says: [
      "statement 1: pass",
      "  SELECT 1",
      "flip: no table under a window is in it; it passes as it is",
      "",
      "statement 2: rewrite",
      "  UPDATE person SET id = 2",
      "  RETURNING person.id",
      "becomes",
      "  UPDATE people AS person SET id = 2",
      "  RETURNING person.id",
      "name person (2:8): public.person, called people in the catalog, under a rename window",
      'edit 2:8: puts "people" for "person"',
      "  table name: person is called people in the catalog",
      'edit 2:14: adds "AS person"',
      "  alias: the rest of the statement goes on to call the table that",
      "flip: it has the catalog's names in it, so it waits for a rename under way, and is prepared again after one",
    ],
  },
  {
    sql: "UPDATE orders SET user_id = 1 WHERE customer_id = 2 RETURNING user_id",
    says: [
      "statement 1: rewrite",
      "  UPDATE orders SET user_id = 1 WHERE customer_id = 2 RETURNING user_id",
      "becomes",
      "  UPDATE orders SET customer_id = 1 WHERE user_id = 2 RETURNING customer_id AS user_id",
      "name orders (1:8): public.orders, under a rename window",
      'edit 1:19: puts "customer_id" for "user_id"',
      "  column name: user_id is called customer_id in the catalog, and a table that is written to takes no alias list",
      'edit 1:37: puts "user_id" for "customer_id"',
      "  column name: this version knows no customer_id; it is to get the error that the database would give without the rename",
      'edit 1:63: puts "customer_id" for "user_id"',
      "  column name: user_id is called customer_id in the catalog, and a table that is written to takes no alias list",
      'edit 1:70: adds "AS user_id"',
      "  output name: the answer's column keeps the name that the statement gives it",
      "flip: it has the catalog's names in it, so it waits for a rename under way, and is prepared again after one",
    ],
  },
  {
    sql: "DELETE FROM orders RETURNING row_to_json(orders)",
    says: [
      "statement 1: refuse",
      "  DELETE FROM orders RETURNING row_to_json(orders)",
      "name orders (1:13): public.orders, under a rename window",
      "refused (1:42)",
      "  ERROR:  0A000: cannot rewrite this statement for the version that sent it",
      '  DETAIL:  "orders" stands for a whole row, and what is done with it may show column names of another version.',
      "  HINT:  Select the columns that are needed in a subquery, and use that subquery's row.",
    ],
  },
];

for (const { sql, says } of cases) {
  test(`explains ${sql}`, () => {
    expect(explainRewriting(sql, rewritten(sql)).trimEnd().split("\n")).toEqual(says);
  });
}

test("every edit of every known statement has a reason of its own", () => {
  const without: string[] = [];
  for (const { before } of [...READS, ...WRITES]) {
    for (const setting of [V1, V2]) {
      for (const { edits, sql } of rewritten(before, setting).statements) {
        for (const { why, kind } of edits) {
          if (why === "" || why.startsWith(`${kind}:`)) without.push(sql);
        }
      }
    }
  }
  expect(without).toEqual([]);
});

test("a list that changes nothing yet says why it is there", () => {
  const { statements } = rewritten("SELECT 1 FROM orders", V2);
  expect(statements[0]?.edits.map(({ why }) => why)).toEqual([
    "alias list: the names are the catalog's now; by their positions they stay this version's when one changes",
  ]);
});
