import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { ruleReference, ruleTable } from "../../../src/cli/lint/rule-reference.ts";
import { loadParser } from "../../../src/sql/parse.ts";

const BEGIN = "<!-- rules: made by `npx straddle lint --explain table` -->";
const END = "<!-- /rules -->";

beforeAll(loadParser);

test("README.md has the table of rules as they are", () => {
  const readme = readFileSync("README.md", "utf8");
  expect(readme.split(BEGIN)[1]?.split(END)[0]?.trim()).toBe(ruleTable());
});

test("src/guard/README.md has every rule as it is", () => {
  expect(readFileSync("src/guard/README.md", "utf8")).toBe(ruleReference());
});
