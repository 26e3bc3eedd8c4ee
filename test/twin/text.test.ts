import * as fc from "fast-check";
import { parse } from "pgsql-ast-parser";
import { beforeAll, expect, test } from "vitest";
import { rewriteStatement } from "../../src/rewrite/rewrite.ts";
import { describeShape } from "../../src/sql/describe-shape.ts";
import { applyEdits, type Edit } from "../../src/sql/edit.ts";
import { loadParser, type ParsedStatement, parseSql } from "../../src/sql/parse.ts";
import { tokenize } from "../../src/sql/tokens.ts";
import { Catalog, type Relation } from "../../src/version/catalog.ts";
import { namingFor } from "../../src/version/naming.ts";
import { ChosenArbitrary } from "./choices.ts";
import { type Case, statements } from "./statements.ts";
import { tablesOf, type Version, WINDOWS } from "./vocabulary.ts";

/** What holds of a text alone, without a server. */
const COUNT = Number(process.env["STRADDLE_TWIN_TEXTS"] ?? 1500);
const SEED = Number(process.env["STRADDLE_TWIN_SEED"] ?? 20_261_127);

const CASES = new ChosenArbitrary((choices) => statements(choices, choices.chance(2)));

beforeAll(loadParser);

/** The tables of one side's names, as the catalog would have them. */
function catalogOf(version: Version): Catalog {
  const relations = tablesOf(version).map(
    ({ schema, name, columns }, index): Relation => ({
      oid: index + 1,
      schema,
      name,
      kind: name === "recent" ? "v" : name === "parted" ? "p" : "r",
      columns: columns.map((column, position) => ({ name: column.name, attnum: position + 1 })),
    }),
  );
  return new Catalog(relations, 1, "shop");
}

const OTHER: Readonly<Record<Version, Version>> = { "1.0.0": "2.0.0", "2.0.0": "1.0.0" };

function rewrite(text: string, statement: ParsedStatement, as: Version, names: Version) {
  const catalog = catalogOf(names);
  const naming = namingFor({ app: "shop", version: as }, WINDOWS, catalog);
  return rewriteStatement({
    text,
    statement,
    naming,
    catalog,
    searchPath: ["public"],
    database: "shop",
  });
}

/** The texts of a case that parse, with what they are rewritten to where that is certain. */
function rewrittenOf({ version, texts }: Case) {
  return texts.flatMap((text) => {
    const statement = firstOf(text);
    if (statement === undefined) return [];
    const result = rewrite(text, statement, version, OTHER[version]);
    return result.kind === "edited" ? [{ text, edits: result.edits, names: OTHER[version] }] : [];
  });
}

function firstOf(text: string): ParsedStatement | undefined {
  const parsed = parseSql(text);
  return parsed.kind === "parsed" ? parsed.statements[0] : undefined;
}

function holds(check: (each: { text: string; edits: readonly Edit[]; names: Version }) => void) {
  let count = 0;
  const property = fc.property(CASES, ({ value }) => {
    for (const each of rewrittenOf(value)) {
      count += 1;
      check(each);
    }
  });
  void fc.assert(property, { seed: SEED, numRuns: COUNT, unbiased: true });
  expect(count).toBeGreaterThan(COUNT / 3);
}

test("what has been rewritten stays as it is, for the version that has these names", () => {
  holds(({ text, edits, names }) => {
    const ran = applyEdits(text, edits);
    const statement = firstOf(ran);
    if (statement === undefined) throw new Error(`does not parse: ${ran}`);
    const again = rewrite(ran, statement, names, names);
    // COPY with a header becomes one of a query, whose table then gets its alias list.
    const isCopyOfTable = /^COPY/.test(text) && !/^COPY\s*\(/.test(text);
    if (again.kind === "refused" || isCopyOfTable) return;
    expect(again.kind === "edited" ? applyEdits(ran, again.edits) : ran).toBe(ran);
  });
});

test("comments, parameters and constants stay, in their order", () => {
  holds(({ text, edits }) => {
    expect(keptOf(applyEdits(text, edits))).toEqual(keptOf(text));
  });
});

test("an edit takes the place of whole names, or of nothing; the rest stays as it was", () => {
  holds(({ text, edits }) => {
    const tokens = tokenize(text);
    let done = 0;
    for (const { start, end, kind } of edits) {
      expect(start).toBeGreaterThanOrEqual(done);
      done = end;
      if (kind === "name") {
        expect(tokens).toContainEqual(expect.objectContaining({ start, end }));
      } else {
        // Between tokens, or at the ends of some.
        expect(tokens.filter((token) => token.start < start && start < token.end)).toEqual([]);
        expect(tokens.filter((token) => token.start < end && end < token.end)).toEqual([]);
      }
    }
  });
});

/** Comments, and the tokens that are no names, keywords or marks. */
function keptOf(text: string): string[] {
  const kept: string[] = [];
  let done = 0;
  for (const token of tokenize(text)) {
    const between = text.slice(done, token.start).trim();
    if (between !== "") kept.push(between);
    done = token.end;
    const spelling = text.slice(token.start, token.end);
    if (/^[$'\d]/.test(spelling)) kept.push(spelling);
  }
  return kept;
}

test("another parser finds the same tables and columns, in what it can parse", () => {
  let count = 0;
  const property = fc.property(CASES, ({ value }) => {
    for (const text of value.texts) {
      const statement = firstOf(text);
      const opinion = secondOpinion(text);
      if (statement === undefined || opinion === undefined) continue;
      count += 1;
      const { tables, columns } = describeShape(statement, text);
      expect({ tables, columns }).toEqual(opinion);
    }
  });
  void fc.assert(property, { seed: SEED, numRuns: COUNT, unbiased: true });
  expect(count).toBeGreaterThan(COUNT / 6);
});

/** Their names are members of other kinds than those of queries, which `collect` knows. */
const DDL = /^(ALTER|COMMENT|CREATE (?!VIEW)|PREPARE|TRUNCATE)/;

/** A table with its database, which the other parser takes for a column of a row. */
const IN_DATABASE = /\b(this_own_database|elsewhere)\./;

function secondOpinion(commented: string) {
  const text = withoutComments(commented);
  if (DDL.test(text) || IN_DATABASE.test(text)) return undefined;
  let tree: unknown;
  try {
    tree = parse(text);
  } catch {
    return undefined;
  }
  const names = { tables: new Set<string>(), columns: new Set<string>(), ctes: new Set<string>() };
  collect(tree, names);
  for (const name of names.ctes) names.tables.delete(name);
  return { tables: [...names.tables].sort(), columns: [...names.columns].sort() };
}

/** What stands between two comments is unseen by the other parser. */
function withoutComments(text: string): string {
  const tokens = tokenize(text);
  return tokens
    .map(({ start, end }, index) => {
      const gap = text.slice(end, tokens[index + 1]?.start);
      return text.slice(start, end) + (gap.trim() === "" ? gap : " ");
    })
    .join("");
}

interface Names {
  readonly tables: Set<string>;
  readonly columns: Set<string>;
  readonly ctes: Set<string>;
}

function collect(value: unknown, names: Names): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, names);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const node = new Map(Object.entries(value));
  const type = node.get("type");
  if (type === "ref" && node.get("name") !== "*") names.columns.add(String(node.get("name")));
  if (type === "table") addTable(node.get("name"), names);
  if (type === "create view") addTable(node.get("name"), names);
  for (const column of [node.get("using")].flat()) addName(names.columns, column);
  if (type === "insert") addTable(node.get("into"), names);
  if (type === "update") addTable(node.get("table"), names);
  if (type === "delete") addTable(node.get("from"), names);
  if (type === "with" || type === "with recursive") {
    for (const bound of [node.get("bind")].flat()) addName(names.ctes, memberOf(bound, "alias"));
    addName(names.ctes, node.get("alias"));
  }
  if (type === "insert")
    for (const column of [node.get("columns")].flat()) addName(names.columns, column);
  for (const set of [node.get("sets")].flat()) addName(names.columns, memberOf(set, "column"));
  for (const [, child] of node) collect(child, names);
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === "object" && value !== null
    ? new Map(Object.entries(value)).get(member)
    : undefined;
}

function addName(names: Set<string>, value: unknown): void {
  const name = memberOf(value, "name");
  if (typeof name === "string") names.add(name);
}

function addTable(value: unknown, { tables }: Names): void {
  const name = memberOf(value, "name");
  const schema = memberOf(value, "schema");
  if (typeof name === "string") tables.add(typeof schema === "string" ? `${schema}.${name}` : name);
}
