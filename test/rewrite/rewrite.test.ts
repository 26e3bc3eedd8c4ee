import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { ADJACENT } from "./adjacent-cases.ts";
import { READS } from "./reads-cases.ts";
import { ROWS } from "./row-cases.ts";
import { rewrite, rewritten, V1, V2 } from "./setting.ts";
import { UTILITY } from "./utility-cases.ts";
import { WRITES } from "./writes-cases.ts";

beforeAll(loadParser);

for (const { before, after, refused } of [...READS, ...WRITES, ...UTILITY, ...ADJACENT, ...ROWS]) {
  test(before, () => {
    expect(rewritten(before, V1)).toEqual(refused === undefined ? { after } : { refused });
  });
}

const flipProof = [
  { sql: "SELECT user_id FROM orders", isFlipProof: true },
  { sql: "SELECT * FROM person", isFlipProof: false },
  { sql: "UPDATE orders SET user_id = 1", isFlipProof: false },
  { sql: "WITH d AS (DELETE FROM orders RETURNING id) SELECT * FROM orders", isFlipProof: false },
];
for (const { sql, isFlipProof } of flipProof) {
  test(`${isFlipProof ? "flip-proof" : "hangs on the physical name"}: ${sql}`, () => {
    expect(rewrite(sql, V1)).toMatchObject({ kind: "edited", dependsOnPhysical: !isFlipProof });
  });
}

test("a version that uses the database's names gets its alias lists as well", () => {
  expect(rewritten("SELECT customer_id FROM orders", V2)).toEqual({
    after: "SELECT customer_id FROM orders AS orders(id, customer_id)",
  });
});

test("a WITH query of Straddle's name that is about another table does not stand for its own", () => {
  const text =
    'WITH "straddle: column names" AS (SELECT number FROM invoices) DELETE FROM orders RETURNING *';
  const own = `"straddle: column names'" AS (SELECT customer_id FROM public.orders)`;
  expect(rewritten(text, V2)).toEqual({ after: text.replace("WITH", `WITH ${own},`) });
});
