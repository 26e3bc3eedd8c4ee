import { z } from "zod";
import { isRuleId, RULE_IDS, type RuleId, SEVERITIES, type Severity } from "../base/rule-ids.ts";
import { nearest } from "./nearest.ts";

/** What rules do, by their ids. */
export const RuleSeverities = z
  .record(z.string(), z.enum(SEVERITIES))
  .transform((rules, context) => {
    const severities: Partial<Record<RuleId, Severity>> = {};
    for (const [id, severity] of Object.entries(rules)) {
      if (id === "lock-timeout") {
        context.addIssue("lock-timeout has a key of its own, guard.lock_timeout.on_missing");
        return z.NEVER;
      }
      if (!isRuleId(id)) {
        const meant = nearest(id, RULE_IDS);
        const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
        context.addIssue(`${id} is not a rule${hint}`);
        return z.NEVER;
      }
      severities[id] = severity;
    }
    return severities;
  });
