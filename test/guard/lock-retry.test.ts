import { expect, test } from "vitest";
import { pauseMs } from "../../src/guard/lock-retry.ts";

const POLICY = { attempts: 9, backoffMs: 500, backoffMaxMs: 3_000 };

test.each([
  { attempt: 2, least: 250, most: 500 },
  { attempt: 3, least: 500, most: 1_000 },
  { attempt: 4, least: 1_000, most: 2_000 },
  { attempt: 5, least: 1_500, most: 3_000 },
  { attempt: 100, least: 1_500, most: 3_000 },
])("the pause before attempt $attempt", ({ attempt, least, most }) => {
  expect(pauseMs(POLICY, attempt, 0)).toBe(least);
  expect(pauseMs(POLICY, attempt, 1 - Number.EPSILON)).toBe(most);
});
