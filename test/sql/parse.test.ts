import { beforeAll, expect, test } from "vitest";
import { type AstNode, walk } from "../../src/sql/ast.ts";
import { fingerprintSql, loadParser, parseSql } from "../../src/sql/parse.ts";

beforeAll(loadParser);

const spans = [
  { text: "", statements: [] },
  { text: " -- nothing\n ;; ", statements: [] },
  { text: "select 1", statements: ["SelectStmt: select 1"] },
  { text: " /*a*/ select 1 /*b*/ ; -- c", statements: ["SelectStmt: select 1"] },
  { text: "select '--' -- c\n", statements: ["SelectStmt: select '--'"] },
  {
    text: "select 'é' /*ü*/; ; /*\u{1F600}*/ delete from t -- é",
    statements: ["SelectStmt: select 'é'", "DeleteStmt: delete from t"],
  },
];

for (const { text, statements } of spans) {
  test(`the statements of ${JSON.stringify(text)}`, () => {
    const parsed = parseSql(text);
    const found =
      parsed.kind === "parsed" &&
      parsed.statements.map(({ kind, start, end }) => `${kind}: ${text.slice(start, end)}`);
    expect(found).toEqual(statements);
  });
}

test("every location is an index of the text, whatever stands before it", () => {
  const text = "select 'é\u{1F600}', été from \u{1F600}x; select b from y";
  expect(names(text)).toEqual(["été", "\u{1F600}x", "b", "y"]);
});

/** What stands at the locations of columns and tables, in the order of the tree. */
function names(text: string): string[] {
  const parsed = parseSql(text);
  const found: string[] = [];
  const visit = (type: string, node: AstNode) => {
    if (type !== "ColumnRef" && type !== "RangeVar") return;
    found.push(/^[^ ,;]*/.exec(text.slice(Number(node["location"] ?? 0)))?.[0] ?? "");
  };
  for (const { kind, node } of parsed.kind === "parsed" ? parsed.statements : []) {
    walk({ [kind]: node }, visit);
  }
  return found;
}

const errors = [
  { text: "selec 1", offset: 0 },
  { text: "select 'é' frm t x", offset: 15 },
  { text: "select \0", offset: 7 },
  { text: "select 'open", offset: 7 },
];

for (const { text, offset } of errors) {
  test(`a syntax error in ${JSON.stringify(text)} is at ${offset}`, () => {
    expect(parseSql(text)).toMatchObject({ kind: "syntax_error", offset });
  });
}

test("fingerprints differ by names, not by constants", () => {
  const same = ["select a from t where b = 1", "SELECT a FROM t WHERE b = 'x'"].map(fingerprintSql);
  expect(same[0]).toBe(same[1]);
  expect(fingerprintSql("select c from t where b = 1")).not.toBe(same[0]);
  expect(fingerprintSql("selec 1")).toBe("");
});

const deep = [
  { name: "10,000 brackets", text: `select ${"(".repeat(10_000)}1${")".repeat(10_000)}` },
  { name: "100,000 subqueries", text: `select ${"(select ".repeat(100_000)}1` },
  { name: "a chain of 20,000 operators", text: `select ${"1+".repeat(20_000)}1` },
];

for (const { name, text } of deep) {
  test(`${name} are too complex, and the next statement is read as ever`, () => {
    expect(parseSql(text).kind).toBe("too_complex");
    expect(parseSql("select 1").kind).toBe("parsed");
  });
}
