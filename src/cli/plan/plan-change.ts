import type { Facts } from "../../guard/facts.ts";
import type { GuardPolicy } from "../../guard/guard-policy.ts";
import { type AlterTable, alterTableOf } from "../../guard/reading/alter-actions.ts";
import type { Subject } from "../../guard/rule.ts";
import { EMPTY_MEMORY } from "../../guard/transaction-memory.ts";
import { stringMember } from "../../sql/ast.ts";
import { type ParsedStatement, parseSql } from "../../sql/parse.ts";
import type { Plan } from "./plan.ts";
import { dropColumn, dropTables } from "./plan-drop.ts";
import { addRequiredColumn, isRequired, setNotNullWithValues } from "./plan-not-null.ts";
import { planRename } from "./plan-rename.ts";
import { changeType } from "./plan-type.ts";
import { safeStatements } from "./safe-statements.ts";

export interface PlanOptions {
  readonly facts: Facts;
  readonly policy: GuardPolicy;
  /** The first version that knows what is new: `2.0.0`. */
  readonly version: string;
}

/** A statement that is to be planned, and what is known. */
export interface Change extends PlanOptions {
  readonly subject: Subject;
}

/** The whole sequence for one statement; a string says why there is none. `loadParser` has been awaited. */
export function planChange(text: string, options: PlanOptions): Plan | string {
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed") return parsed.message;
  const [statement, another] = parsed.statements;
  if (statement === undefined) return "there is no statement to plan";
  if (another !== undefined) return "there are several statements; a plan is for one";
  return planStatement(text, statement, options);
}

function planStatement(text: string, statement: ParsedStatement, options: PlanOptions): Plan {
  const { kind, node } = statement;
  const { facts, policy } = options;
  const subject: Subject = { statement, text, memory: EMPTY_MEMORY, facts, policy };
  const change: Change = { ...options, subject };
  const alter = alterTableOf(subject);
  if (alter !== undefined) return planAlter(alter, change);
  const renamed = kind === "RenameStmt" ? planRename(change) : undefined;
  if (renamed !== undefined) return renamed;
  const isTable = stringMember(node, "removeType") === "OBJECT_TABLE";
  if (kind === "DropStmt" && isTable) return dropTables(change);
  return safeStatements(text.slice(statement.start, statement.end), options);
}

/** Each action by itself: together they would hold the strongest lock for as long as all of them take. */
function planAlter(alter: AlterTable, change: Change): Plan {
  const { subject } = change;
  const [only, another] = alter.actions;
  const texts = alter.actions.map(({ text }) => text);
  if (another !== undefined && texts.every((text) => text !== undefined)) {
    const plans = texts.map((text) => planChange(`${alter.head} ${text}`, change));
    const known = plans.filter((plan) => typeof plan !== "string");
    return {
      steps: known.flatMap(({ steps }) => steps),
      unsafe: known.flatMap(({ unsafe }) => unsafe),
    };
  }
  switch (only?.kind) {
    case "AT_DropColumn":
      return dropColumn(alter, only, change);
    case "AT_AlterColumnType":
      return changeType(alter, only, change);
    case "AT_SetNotNull":
      return setNotNullWithValues(alter, only, change);
    case "AT_AddColumn":
      if (isRequired(only)) return addRequiredColumn(alter, only, change);
  }
  return safeStatements(subject.text.slice(subject.statement.start, subject.statement.end), change);
}
