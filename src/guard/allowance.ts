import { isRuleId, type RuleId } from "../base/rule-ids.ts";

/** `straddle:allow=rule-id reason='…'` in a comment: rules that a statement may break, and why. */
export type Allowance =
  | { readonly kind: "allowance"; readonly rules: readonly RuleId[]; readonly reason: string }
  | { readonly kind: "error"; readonly message: string };

const ALLOW = /straddle:allow=([^\s'*]*)(?:\s+reason='((?:[^']|'')*)')?/g;

/** Those in a comment's text, each with its index in it. */
export function allowancesIn(
  comment: string,
): readonly { readonly index: number; readonly allowance: Allowance }[] {
  return [...comment.matchAll(ALLOW)].map(({ index, 1: ids = "", 2: reason = "" }) => ({
    index,
    allowance: allowanceOf(ids.split(","), reason.replaceAll("''", "'").trim()),
  }));
}

function allowanceOf(ids: readonly string[], reason: string): Allowance {
  const rules = ids.filter(isRuleId);
  const unknown = ids.find((id) => !isRuleId(id));
  if (unknown !== undefined) {
    return { kind: "error", message: `straddle:allow: there is no rule "${unknown}"` };
  }
  if (reason === "") {
    return {
      kind: "error",
      message: `straddle:allow=${ids.join(",")} needs a reason: straddle:allow=${ids.join(",")} reason='…'`,
    };
  }
  return { kind: "allowance", rules, reason };
}
