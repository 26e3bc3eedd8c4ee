import { describe, expect, test } from "vitest";
import type { RuleId } from "../../src/base/rule-ids.ts";
import { rulesAgainst } from "./judging.ts";

/** Without a server: texts that the rule refuses, and texts that it lets pass. */
export type RuleCases = Partial<
  Record<RuleId, { readonly refused: readonly string[]; readonly allowed: readonly string[] }>
>;

export function testRules(cases: RuleCases): void {
  for (const [rule, { refused, allowed }] of Object.entries(cases)) {
    describe(rule, () => {
      for (const sql of refused) {
        test(`refused: ${sql}`, () => expect(rulesAgainst(sql)).toContain(rule));
      }
      for (const sql of allowed) {
        test(`allowed: ${sql}`, () => expect(rulesAgainst(sql)).not.toContain(rule));
      }
    });
  }
}
