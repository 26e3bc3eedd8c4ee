import { loadModule, scanSync } from "libpg-query";
import { beforeAll, expect, test } from "vitest";
import { loadParser } from "../../src/sql/parse.ts";
import { identifierName, quoteIdentifier, tokenize } from "../../src/sql/tokens.ts";

const agreeing = [
  "select a.b, c::text from t where x >= 1.5e10 and y = -1",
  "select 'it''s', E'a\\'b', e'\\\\', B'101', x'1F', U&'d\\0061t', U&\"d\\0061t\" from \"T\"\"x\"",
  "select $1, $2::int, $$ a ' b $$, $tag$ $$ $tag$, $é$é$é$",
  "select /* a /* nested */ ' */ 1 -- to the end ' \" \n, 2",
  "select 1..2, 1.5, .5, 1., 0x1F, 0b10, 0o17, 1_000_000, 1e-5",
  "select arr[1:2], f(a => 1, b := 2), a->>'k', a @> b, a #- b, x !~~* y, a ? b",
  "select 1+-2, a*-1, a<-1, a@-1, a=-1, a<>-1, a!=b",
  "select 'a', a--comment\n+b, a/*c*/-b, a-/*c*/b",
  "insert into t (user_id, größe) values (1, 'é')",
  "select * from a;; select t1.x$y from t1; ",
  "select '\u{1F600}' as \u{1F600}, x from y",
  "select a|/**/b, a%--\nb, ~a, |/ 25, @-5",
  "select *from t where a=$1and b=2",
];

beforeAll(async () => {
  await Promise.all([loadModule(), loadParser()]);
});

for (const text of agreeing) {
  test(`cuts as the server's lexer: ${text}`, () => {
    expect(tokenize(text).map(({ start, end }) => [start, end])).toEqual(serverTokens(text));
  });
}

/** The server's tokens in UTF-16 indexes; comments left out, neighbouring strings apart. */
function serverTokens(text: string): number[][] {
  const bytes = Buffer.from(text);
  const index = (byte: number) => bytes.toString("utf8", 0, byte).length;
  return scanSync(text)
    .tokens.filter((token) => !token.tokenName.endsWith("COMMENT"))
    .map((token) => [index(token.start), index(token.end)]);
}

const names = [
  { written: "Orders", name: "orders" },
  { written: '"Orders"', name: "Orders" },
  { written: '"a""b"', name: 'a"b' },
  { written: "GRÖSSE", name: "grÖsse" },
  { written: 'U&"d\\0061t\\+000061"', name: "data" },
  { written: "a".repeat(70), name: "a".repeat(63) },
  { written: `${"a".repeat(62)}é`, name: "a".repeat(62) },
];

for (const { written, name } of names) {
  test(`${written} is the name ${name}`, () => {
    expect(tokenize(written).map((token) => identifierName(written, token))).toEqual([name]);
  });
}

const quoted = [
  { name: "user_id", written: "user_id" },
  { name: "User", written: '"User"' },
  { name: "user", written: '"user"' },
  { name: 'a"b', written: '"a""b"' },
  { name: "1st", written: '"1st"' },
  { name: "größe", written: '"größe"' },
  { name: "", written: '""' },
];

for (const { name, written } of quoted) {
  test(`the name ${name} is written ${written}`, () => {
    expect(quoteIdentifier(name)).toBe(written);
  });
}
