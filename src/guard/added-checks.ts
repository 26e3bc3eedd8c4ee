import { type AstNode, listMember, nodeMember, stringMember } from "../sql/ast.ts";
import type { ParsedStatement } from "../sql/parse.ts";
import { isSameName, type RelationName, relationMember } from "./relation-name.ts";

/** A constraint that was added as NOT VALID. */
export interface AddedCheck {
  readonly table: RelationName;
  readonly constraint: string;
  /** The column that it proves to be not null, if it is about that. */
  readonly notNull: string | undefined;
  readonly isValidated: boolean;
}

/** What is known of such constraints after ADD ... NOT VALID and VALIDATE CONSTRAINT. */
export function checksAfter(
  before: readonly AddedCheck[],
  { kind, node }: ParsedStatement,
): readonly AddedCheck[] {
  const [table] = relationMember(node, "relation");
  if (kind !== "AlterTableStmt" || table === undefined) return before;
  let checks = before;
  for (const { node: command } of listMember(node, "cmds")) {
    switch (stringMember(command, "subtype")) {
      case "AT_AddConstraint": {
        const added = addedCheck(table, nodeMember(command, "def") ?? {});
        if (added !== undefined) checks = [...checks, added];
        break;
      }
      case "AT_ValidateConstraint":
        checks = checks.map((check) =>
          isMeant(check, table, stringMember(command, "name"))
            ? { ...check, isValidated: true }
            : check,
        );
        break;
    }
  }
  return checks;
}

export function isMeant(check: AddedCheck, table: RelationName, constraint: string): boolean {
  return check.constraint === constraint && isSameName(check.table, table);
}

function addedCheck(table: RelationName, constraint: AstNode): AddedCheck | undefined {
  if (constraint["skip_validation"] !== true) return undefined;
  return {
    table,
    constraint: stringMember(constraint, "conname"),
    notNull: notNullColumn(constraint),
    isValidated: false,
  };
}

/** Of `CHECK (a IS NOT NULL)` and `NOT NULL a` it is a. */
function notNullColumn(constraint: AstNode): string | undefined {
  if (stringMember(constraint, "contype") === "CONSTR_NOTNULL") {
    const [key] = listMember(constraint, "keys");
    return key && stringMember(key.node, "sval");
  }
  const test = nodeMember(constraint, "raw_expr") ?? {};
  if (test["nulltesttype"] !== "IS_NOT_NULL") return undefined;
  const fields = listMember(nodeMember(test, "arg") ?? {}, "fields");
  return fields.length === 1 ? fields.map(({ node }) => stringMember(node, "sval"))[0] : undefined;
}
