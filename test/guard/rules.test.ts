import { existsSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { RULE_GROUPS, RULE_IDS } from "../../src/base/rule-ids.ts";
import type { LockInUse } from "../../src/guard/lock-in-use.ts";
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

/** For the rule that is about others' locks, and so has nothing against a text alone. */
const LOCKED: LockInUse = {
  holder: { kind: "session", pid: 1, state: "active", application: undefined },
  mode: "AccessShareLock",
  isGranted: true,
  ageMs: 60_000,
  heir: undefined,
};

for (const { id, refused, allowed } of RULES) {
  test(`${id}: its own examples`, () => {
    const facts = id === "lock-queue" ? { locksOn: () => [LOCKED] } : {};
    expect(rulesAgainst(refused, { facts, policy })).toContain(id);
    expect(rulesAgainst(allowed, { facts, policy })).not.toContain(id);
  });
}
