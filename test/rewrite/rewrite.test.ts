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

/** What is made without a schema is made in the first one of the search path. */
const elsewhere: readonly { sql: string; taken?: string }[] = [
  { sql: "CREATE TABLE person (id int)" },
  { sql: "CREATE TABLE people (id int, CONSTRAINT person UNIQUE (id))" },
  { sql: "CREATE TABLE person (id int PRIMARY KEY, boss_id int REFERENCES person)" },
  { sql: "CREATE TEMP TABLE person (id int PRIMARY KEY, boss_id int REFERENCES person)" },
  { sql: "CREATE VIEW people AS SELECT 1" },
  { sql: "CREATE TYPE person AS ENUM ('a')" },
  { sql: "CREATE INDEX person ON orders (id)" },
  { sql: "ALTER TABLE orders ADD CONSTRAINT person UNIQUE (id)" },
  { sql: "ALTER TABLE orders RENAME TO people" },
  { sql: "ALTER TYPE archive.t RENAME TO people" },
  { sql: "CREATE TABLE public.people (id int)", taken: "people" },
  { sql: "CREATE INDEX person ON plain (id)", taken: "person" },
  { sql: "ALTER TABLE plain RENAME TO people", taken: "people" },
];
for (const { sql, taken } of elsewhere) {
  test(`with another schema first in the search path: ${sql}`, () => {
    const place = { ...V1, searchPath: ["pg_catalog", "archive", "public"] };
    expect(rewritten(sql, place)).toEqual(
      taken === undefined
        ? { after: "=" }
        : { refused: `0A000 The name "${taken}" belongs to a table that is being renamed.` },
    );
  });
}
