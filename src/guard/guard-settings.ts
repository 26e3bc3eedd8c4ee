import { RULE_IDS, type RuleId } from "../base/rule-ids.ts";
import type { GuardPolicy } from "./guard-policy.ts";
import type { PolicyEntry } from "./policies.ts";
import { RULES } from "./rules.ts";

/** What the rules do in live sessions. `lock-timeout` has settings of its own: see `lock-timeout.ts`. */
export interface GuardSettings {
  /** `observe`: what would have been refused is recorded, and passed. `off`: nothing is asked or recorded. */
  readonly mode: "enforce" | "observe" | "off";
  readonly policy: GuardPolicy;
  /** What holds in place of it somewhere, for somebody, or at some time; a later one counts before an earlier one. */
  readonly policies: readonly PolicyEntry[];
  /** What the server's disk moves, for estimates. */
  readonly bytesPerSecond: number;
  /** Roles that may override rules, by the name that they logged in as; `*` is all. */
  readonly allowRoles: readonly string[];
}

/** What one rule had to say of a statement, and what came of it. */
export interface GuardOutcome {
  readonly rule: RuleId;
  /** `observe`: it would have been refused. `override`: it was allowed for this statement. */
  readonly outcome: "refuse" | "warn" | "observe" | "override";
  /** Of an override. */
  readonly reason?: string;
  /** What it would take, as far as it is known. */
  readonly estimate?: {
    /** Under the lock. */
    readonly seconds: number;
    /** That would wait for it meanwhile, or fail. */
    readonly requests: number;
  };
}

/** The rules that can have something to say at all. */
export function rulesInForce({ mode, policy, policies }: GuardSettings): readonly RuleId[] {
  if (mode === "off") return [];
  const severities = new Map(RULES.map(({ id, severity }) => [id, severity]));
  return RULE_IDS.filter((id) => {
    if (id === "schema-freeze" && !policies.some(({ freeze }) => freeze === true)) return false;
    const everywhere = policy.severities[id] ?? severities.get(id);
    const said = policies.map((entry) => entry.severities[id] ?? "off");
    return [everywhere, ...said].some((severity) => severity !== "off");
  });
}
