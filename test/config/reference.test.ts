import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configReference } from "../../src/config/reference.ts";

const BEGIN = "<!-- settings: made by `npx straddle settings` -->";
const END = "<!-- /settings -->";

test("README.md has the table of settings as the schema makes it", () => {
  const readme = readFileSync("README.md", "utf8");
  const between = readme.split(BEGIN)[1]?.split(END)[0]?.trim();
  expect(between).toBe(configReference());
});
