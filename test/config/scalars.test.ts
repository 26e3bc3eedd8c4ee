import { expect, test } from "vitest";
import { formatTableName, parseTableName } from "../../src/base/table-name.ts";
import { parseDuration } from "../../src/config/duration.ts";
import { parseSize } from "../../src/config/size.ts";

const durations = [
  { text: "500ms", milliseconds: 500 },
  { text: "5s", milliseconds: 5_000 },
  { text: "1.5s", milliseconds: 1_500 },
  { text: "2 min", milliseconds: 120_000 },
  { text: "1h", milliseconds: 3_600_000 },
  { text: "7d", milliseconds: 604_800_000 },
  { text: "0s", milliseconds: 0 },
  { text: "5", milliseconds: undefined },
  { text: "5m", milliseconds: undefined },
  { text: "-5s", milliseconds: undefined },
  { text: "s", milliseconds: undefined },
  { text: "", milliseconds: undefined },
];

for (const { text, milliseconds } of durations) {
  test(`the duration "${text}"`, () => {
    expect(parseDuration(text)).toBe(milliseconds);
  });
}

const sizes = [
  { text: "4096", size: 4_096 },
  { text: "1B", size: 1 },
  { text: "256KiB", size: 262_144 },
  { text: "32 MiB", size: 33_554_432 },
  { text: "1GiB", size: 1_073_741_824 },
  { text: "32MB", size: undefined },
  { text: "1.5MiB", size: undefined },
  { text: "-1", size: undefined },
  { text: "99999999999999999", size: undefined },
  { text: "", size: undefined },
];

for (const { text, size } of sizes) {
  test(`the size "${text}"`, () => {
    expect(parseSize(text)).toBe(size);
  });
}

const tables = [
  { text: "orders", table: { schema: "public", name: "orders" } },
  { text: "sales.Orders", table: { schema: "sales", name: "Orders" } },
  { text: '"a.b"."c""d"', table: { schema: "a.b", name: 'c"d' } },
  { text: "a.b.c", table: undefined },
  { text: "a b", table: undefined },
  { text: ".b", table: undefined },
  { text: '"a', table: undefined },
  { text: "", table: undefined },
];

for (const { text, table } of tables) {
  test(`the table ${text}`, () => {
    expect(parseTableName(text)).toEqual(table);
  });
}

test("a table's name comes out as it went in", () => {
  for (const name of ["orders", "größe", "a.b", 'a"b', "a b", "$x'", "A"]) {
    for (const schema of ["public", "s.t", "Odd one"]) {
      expect(parseTableName(formatTableName({ schema, name }))).toEqual({ schema, name });
    }
  }
  expect(formatTableName({ name: "orders" })).toBe("orders");
  expect(formatTableName({ schema: "sales", name: "Order.Items" })).toBe('sales."Order.Items"');
});
