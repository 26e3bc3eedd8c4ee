import { expect, test } from "vitest";
import { scanStatement } from "../../src/sql/scan.ts";

function scan(text: string, standardConformingStrings = true) {
  const bytes = Buffer.from(`##${text}##`);
  return scanStatement(bytes, 2, bytes.length - 2, standardConformingStrings);
}

const keys = [
  { text: "select 1", key: "select 0" },
  { text: "  SELECT\n\t a ,b -- c\n from  t1 ", key: "SELECT a ,b from t1" },
  {
    text: "select 'it''s', E'a\\'b', B'1', x'1f', U&'x', n'y'",
    key: "select ?, ?, B'1', x'1f', ?, n'y'",
  },
  {
    text: "select 1.5e10, .5, 0x1F, 1_000, 1e-5, -2, 1..2",
    key: "select 0, 0, 0x1F, 0, 0, -0, 0.0",
  },
  { text: "select $1, $12::int, t1.c2, x$1", key: "select $1, $12::int, t1.c2, x$1" },
  { text: "select $$a'b$$, $t$ $$ $t$, a", key: "select ?, ?, a" },
  { text: 'select "A ""1"" b", U&"x 1" from "T"', key: '\0select "A ""1"" b", U&"x 1" from "T"' },
  { text: "select a/* x /* y */ ' */b", key: "select a b" },
  { text: "select a -1, a-1, a--1\n-1", key: "select a -0, a-0, a -0" },
  { text: "values (1, 'x');; -- end", key: "values (0, ?);;" },
  { text: "select größe", key: Buffer.from("select größe").toString("latin1") },
  { text: "set a = 1", key: "\0set a = 1" },
  { text: "do $$ x 1 $$", key: "\0do $$ x 1 $$" },
  { text: "select 1; select 2", key: "\0select 1; select 2" },
  { text: "select Set_Config('a', '1', false)", key: "\0select Set_Config('a', '1', false)" },
  { text: `select "set_config"('a', '1')`, key: `\0select "set_config"('a', '1')` },
  { text: "select 'a'::RegClass, 1", key: "\0select 'a'::RegClass, 1" },
  { text: "select 'a'::regclasses, 1", key: "select ?::regclasses, 0" },
  { text: `select U&"!0061" UESCAPE '!'`, key: `\0select U&"!0061" UESCAPE '!'` },
  { text: "(select 1)", key: "(select 0)" },
  { text: "select 'open", key: "select ?" },
  { text: "select 1and", key: "select 1and" },
  { text: "select a ? 'b'", key: "select a \x01 ?" },
  { text: "select 'a' 'b'", key: "select ? ?" },
  { text: "select 'a' -- x\n 'b'", key: "select ?\n?" },
  { text: "select 'a' /* x */\n 'b'", key: "select ? ?" },
  { text: "select E'a'\n'b\\'', c", key: "select ?\n?, c" },
  { text: "", key: "" },
];

for (const { text, key } of keys) {
  test(`the key of ${text}`, () => {
    expect(scan(text).key.replace(/^\0$/, "")).toBe(key);
  });
}

test("without standard_conforming_strings a backslash hides a quote", () => {
  expect(scan("select 'a\\' , b, '", false).key).toBe("\x02select ?");
  expect(scan("select 'a\\' , b", true).key).toBe("select ? , b");
});

const facts = [
  { text: " /* x */ Insert into t", firstWord: "insert", hasSeveral: false },
  { text: "select 1; ; -- x", firstWord: "select", hasSeveral: false },
  { text: "select ';'; commit", firstWord: "select", hasSeveral: true },
  { text: ";", firstWord: "", hasSeveral: false },
];

for (const { text, ...expected } of facts) {
  test(`the first word and the number of statements of ${text}`, () => {
    expect(scan(text)).toMatchObject(expected);
  });
}

const comments = [
  { text: "/*a='1'*/ select 1 /*b='é'*/ /* plain */", comment: "b='é'" },
  { text: "select 1 -- a='1'", comment: " a='1'" },
  { text: "select '/*a=''1''*/'", comment: undefined },
  { text: "select 1 /* a=1 */", comment: undefined },
];

for (const { text, comment } of comments) {
  test(`the comment of ${text}`, () => {
    expect(scan(text).comment).toBe(comment);
  });
}

test("a text that is cut anywhere is scanned to its end, and no further", () => {
  const text = "select E'a\\'b', $t$ x $t$, /* /* */ */ 1.5e-3, \"q\"\"\" -- a='b'";
  for (let size = 0; size <= text.length; size++) {
    expect(scan(text.slice(0, size)).key).not.toContain("#");
  }
});
