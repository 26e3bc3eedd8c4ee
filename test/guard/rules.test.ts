import { existsSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { RULE_GROUPS, RULE_IDS } from "../../src/base/rule-ids.ts";
import { RULES } from "../../src/guard/rules.ts";
import { loadParser } from "../../src/sql/parse.ts";
import { rulesAgainst } from "./judging.ts";

beforeAll(loadParser);

test("every id is a rule in a file of its name, in the order of the ids", () => {
  expect(RULES.map(({ id }) => id)).toEqual(RULE_IDS);
  expect(RULE_IDS.filter((id) => !existsSync(`src/guard/rules/${id}.ts`))).toEqual([]);
});

test("rules of one group stand together, what blocks others first", () => {
  const groups = RULES.map(({ group }) => group);
  expect(groups).toEqual(RULE_GROUPS.flatMap((group) => groups.filter((each) => each === group)));
});

/** What rules say that are about certain times only. */
const policy = { freeze: { until: undefined, reason: undefined } };

for (const { id, refused, allowed } of RULES) {
  test(`${id}: its own examples`, () => {
    expect(rulesAgainst(refused, { policy })).toContain(id);
    expect(rulesAgainst(allowed, { policy })).not.toContain(id);
  });
}
