import type { RuleId } from "../base/rule-ids.ts";
import { listMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { allowComments } from "./allow-comments.ts";
import { type Allowance, allowancesIn } from "./allowance.ts";

/** The setting by which a session allows what rules are against. */
export const ALLOW_SETTING = "straddle.allow";

/** What lets statements of a text pass that rules are against: its comments, and `straddle.allow`. */
export interface Overrides {
  /** Why a statement may break a rule; undefined if nobody said so. */
  reasonFor(rule: RuleId, statement: number): string | undefined;
  /** What is wrong with what allows it: a rule that there is not, or no reason. */
  problemOf(statement: number): string | undefined;
}

/** `setting`: `straddle.allow` as the server has it before the text; undefined if it is not known. */
export function overridesIn(
  text: string,
  statements: readonly ParsedStatement[],
  setting: string | undefined,
): Overrides {
  const found: Allowance[][] = statements.map(() => []);
  let inForce = allowanceOf(setting ?? "");
  statements.forEach((statement, index) => {
    const value = allowSetBy(statement);
    if (value !== undefined) inForce = allowanceOf(value);
    if (inForce !== undefined) found[index]?.push(inForce);
  });
  if (text.includes("straddle:allow")) {
    for (const { allowance, statement } of allowComments(text, statements)) {
      if (statement !== undefined) found[statement]?.push(allowance);
    }
  }
  return {
    reasonFor(rule, statement) {
      for (const each of found[statement] ?? []) {
        if (each.kind === "allowance" && each.rules.includes(rule)) return each.reason;
      }
      return undefined;
    },
    problemOf(statement) {
      for (const each of found[statement] ?? []) if (each.kind === "error") return each.message;
      return undefined;
    },
  };
}

/** What a statement sets `straddle.allow` to, where it does; "" for DEFAULT and RESET. */
export function allowSetBy({ kind, node }: ParsedStatement): string | undefined {
  if (kind !== "VariableSetStmt") return undefined;
  if (stringMember(node, "kind") === "VAR_RESET_ALL") return "";
  if (stringMember(node, "name").toLowerCase() !== ALLOW_SETTING) return undefined;
  const values = listMember(node, "args").map(({ node: constant }) =>
    stringMember(nodeMember(constant, "sval") ?? {}, "sval"),
  );
  return values.join(", ");
}

/** `rule-id,rule-id reason='…'`, as in a comment behind `straddle:allow=`. */
function allowanceOf(value: string): Allowance | undefined {
  return value === "" ? undefined : allowancesIn(`straddle:allow=${value}`)[0]?.allowance;
}
