import { RULE_SQLSTATE } from "../guard/refused-by.ts";
import { stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { stepsOfDo } from "../sql/plpgsql.ts";
import type { Dialogue } from "./dialogue.ts";
import type { Refusal, StatementPlan, TextPlan } from "./text-plan.ts";

/**
 * The plan with every EXECUTE of SQL refused that runs a schema change which the protocol has prepared:
 * the server does that, and the guard would see no more of it than a name.
 */
export function withoutExecutedDdl(plan: TextPlan, dialogue: Dialogue): TextPlan {
  let statements: StatementPlan[] | undefined;
  for (const [index, statement] of plan.statements.entries()) {
    const { facts, refusal } = statement;
    if (facts === undefined || refusal !== undefined) continue;
    if (facts.executes === undefined && facts.parsed.kind !== "DoStmt") continue;
    if (!executedNames(facts.parsed).some((name) => isGuarded(name, dialogue))) continue;
    statements ??= [...plan.statements];
    statements[index] = { ...statement, verdict: "refuse", refusal: REFUSAL };
  }
  return statements === undefined ? plan : { ...plan, statements };
}

/** Names of prepared statements that a statement executes, also from within a DO block. */
function executedNames({ kind, node }: ParsedStatement): readonly string[] {
  if (kind === "ExecuteStmt") return [stringMember(node, "name")];
  if (kind !== "DoStmt") return [];
  return (stepsOfDo(node) ?? []).flatMap((step) =>
    step.kind === "statement" ? executedNames(step.statement) : [],
  );
}

function isGuarded(name: string, { prepared, encoding }: Dialogue): boolean {
  const statement = prepared.statementOfSql(name, encoding);
  return statement?.plan.statements.some(isSchemaChange) === true;
}

function isSchemaChange({ lock, concern }: StatementPlan): boolean {
  return lock !== undefined || concern === "rules";
}

const REFUSAL: Refusal = {
  rule: "guard",
  sqlstate: RULE_SQLSTATE,
  message: "EXECUTE runs a schema change that was prepared by the protocol",
  detail:
    "The guard looks at schema changes where they are run, and of this one SQL has the name only.",
  hint: "Run it by the protocol's Bind and Execute, or send its own text.",
  offset: undefined,
};
