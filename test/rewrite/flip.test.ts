import assert from "node:assert/strict";
import { beforeAll, expect, test } from "vitest";
import { flipOf } from "../../src/rewrite/flip.ts";
import { loadParser, parseSql } from "../../src/sql/parse.ts";
import { V1, WINDOWS, windowOn } from "./setting.ts";

beforeAll(loadParser);

const cases = [
  { sql: "ALTER TABLE orders RENAME user_id TO customer_id", flip: "column 1" },
  { sql: "ALTER TABLE public.orders RENAME COLUMN customer_id TO user_id", flip: "column 1" },
  { sql: "ALTER TABLE people RENAME TO person", flip: "table 3" },
  // Its window goes by the table's old name, which another window has changed.
  { sql: "ALTER TABLE people RENAME boss_id TO manager_id", flip: "column 3" },
  { sql: "ALTER TABLE orders RENAME customer_id TO buyer_id", flip: undefined },
  { sql: "ALTER TABLE archive.orders RENAME user_id TO customer_id", flip: undefined },
  { sql: "ALTER TABLE items RENAME user_id TO customer_id", flip: undefined },
  { sql: "ALTER TABLE orders RENAME CONSTRAINT user_id TO customer_id", flip: undefined },
  { sql: "ALTER TABLE orders ADD COLUMN customer_id int", flip: undefined },
];
for (const { sql, flip } of cases) {
  test(`${flip === undefined ? "no flip" : "flips"}: ${sql}`, () => {
    const parsed = parseSql(sql);
    assert(parsed.kind === "parsed");
    const [statement] = parsed.statements;
    assert(statement !== undefined);
    const manager = windowOn("person", { boss_id: "manager_id" });
    const windows = [...WINDOWS, { ...manager, otherTables: ["people"] }];
    const found = flipOf(statement, { windows, ...V1 });
    expect(found === undefined ? undefined : `${found.kind} ${found.relation.oid}`).toBe(flip);
  });
}
