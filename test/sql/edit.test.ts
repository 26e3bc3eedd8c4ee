import { expect, test } from "vitest";
import { applyEdits, keepApart } from "../../src/sql/edit.ts";

/** `[old|new]` is an edit. What an edit writes must stay a token of its own. */
const cases = [
  { edited: 'WHERE["a"|b]IS NULL', after: "WHERE b IS NULL" },
  { edited: 'WHERE["a"|"b"]IS NULL', after: 'WHERE"b"IS NULL' },
  { edited: "WHERE ([a|b])", after: "WHERE (b)" },
  { edited: 'FROM["a"|b][| AS a]WHERE', after: "FROM b AS a WHERE" },
  { edited: 'FROM["a"|"b"][| AS a(c)]WHERE', after: 'FROM"b" AS a(c)WHERE' },
  { edited: 'RETURNING [a|"b c"]"x"', after: 'RETURNING "b c" "x"' },
  { edited: 'u&[a|"b c"]', after: 'u& "b c"' },
  { edited: 'WHERE["s".|]a', after: "WHERE a" },
  { edited: 'WHERE["s".|]"a"', after: 'WHERE"a"' },
  { edited: "é[$x|b]ü", after: "é b ü" },
  { edited: "[a|b][c|d]", after: "b d" },
];
for (const { edited, after } of cases) {
  test(`${edited} becomes ${after}`, () => {
    let sql = "";
    const edits = [];
    for (const [, text = "", old, by = ""] of edited.matchAll(
      /([^[]*)(?:\[([^|]*)\|([^\]]*)\])?/g,
    )) {
      sql += text;
      if (old === undefined) continue;
      edits.push({
        start: sql.length,
        end: sql.length + old.length,
        text: by,
        kind: "name",
      } as const);
      sql += old;
    }
    expect(applyEdits(sql, keepApart(sql, edits))).toBe(after);
  });
}
