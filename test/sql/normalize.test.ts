import { expect, test } from "vitest";
import { normalizeSql } from "../../src/sql/normalize.ts";

const cases: { sent: string; recorded: string }[] = [
  { sent: "SELECT 1", recorded: "SELECT $1" },
  { sent: "SELECT t1.c2, $1, 7 FROM t1", recorded: "SELECT t1.c2, $1, $2 FROM t1" },
  { sent: "SELECT 'it''s', E'a\\'b', U&'\\0041'", recorded: "SELECT $1, $2, $3" },
  { sent: "SELECT $$secret$$, $a$sec$$ret$a$", recorded: "SELECT $1, $2" },
  { sent: "SELECT x'ff', 1.5e10, 0x1F, 1_000", recorded: "SELECT $1, $2, $3, $4" },
  { sent: "SELECT \"a 1 'b'\"", recorded: "SELECT \"a 1 'b'\"" },
  { sent: "SELECT/* secret */1 -- secret", recorded: "SELECT $1" },
  { sent: "SELECT 'secret without end", recorded: "SELECT $1" },
  { sent: "SELECT $$secret without end", recorded: "SELECT $1" },
  { sent: "SELECT 1 /* secret without end", recorded: "SELECT $1" },
  { sent: "ALTER ROLE a PASSWORD 'secret'", recorded: "ALTER ROLE a PASSWORD $1" },
];
for (const { sent, recorded } of cases) {
  test(sent, () => {
    expect(normalizeSql(sent)).toBe(recorded);
  });
}
