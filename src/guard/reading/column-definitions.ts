import { type AstNode, listMember, nameMember, nodeMember, stringMember } from "../../sql/ast.ts";
import { nameText, type RelationName, relationMember } from "../relation-name.ts";
import type { Problem, Subject } from "../rule.ts";
import { alterTableOf } from "./alter-actions.ts";
import { type ColumnType, writtenType } from "./column-type.ts";
import { columnPart, serialType } from "./column-value.ts";

/** A column that a CREATE TABLE or an ALTER TABLE makes, or gives another type to. */
export interface ColumnDefinition {
  readonly table: RelationName;
  readonly name: string;
  readonly definition: AstNode;
  readonly typeName: AstNode;
  readonly type: ColumnType;
  /** Its own, or the table's that is being made. */
  readonly isPrimaryKey: boolean;
}

export function columnDefinitions(subject: Subject): readonly ColumnDefinition[] {
  const { kind, node } = subject.statement;
  if (kind === "CreateStmt") return createdColumns(node);
  const alter = alterTableOf(subject);
  if (alter === undefined) return [];
  return alter.actions.flatMap((action) => {
    const isColumn = action.kind === "AT_AddColumn" || action.kind === "AT_AlterColumnType";
    if (!isColumn) return [];
    const name = stringMember(action.definition, "colname") || action.name;
    return columnDefinition(alter.table, name, action.definition, []);
  });
}

function createdColumns(node: AstNode): readonly ColumnDefinition[] {
  const [table] = relationMember(node, "relation");
  if (table === undefined) return [];
  const elements = listMember(node, "tableElts");
  const keys = elements.flatMap(({ type, node: element }) =>
    type === "Constraint" && element["contype"] === "CONSTR_PRIMARY"
      ? nameMember(element, "keys")
      : [],
  );
  return elements.flatMap(({ type, node: definition }) =>
    type === "ColumnDef"
      ? columnDefinition(table, stringMember(definition, "colname"), definition, keys)
      : [],
  );
}

function columnDefinition(
  table: RelationName,
  name: string,
  definition: AstNode,
  keys: readonly string[],
): readonly ColumnDefinition[] {
  const typeName = nodeMember(definition, "typeName");
  if (typeName === undefined) return [];
  const isPrimaryKey =
    keys.includes(name) || columnPart(definition, "CONSTR_PRIMARY") !== undefined;
  return [{ table, name, definition, typeName, type: writtenType(typeName), isPrimaryKey }];
}

/** What a rule has against the type of a column, with the statement in which it has another one. */
export function typeProblem(
  { table, name, typeName }: ColumnDefinition,
  subject: Subject,
  words: {
    readonly message: string;
    readonly detail: string;
    readonly hint: string;
    /** The type as it may be written, at its place in the text, and what to write instead. */
    readonly written: RegExp;
    readonly instead: string;
  },
): Problem {
  const at = typeName["location"];
  return {
    message: `${nameText(table)}.${name} is ${words.message}`,
    detail: words.detail,
    hint: words.hint,
    safeSql: typeof at === "number" ? replaced(subject, at, words) : undefined,
    offset: typeof at === "number" ? at : undefined,
    table,
  };
}

function replaced(
  { statement, text }: Subject,
  at: number,
  { written, instead }: { readonly written: RegExp; readonly instead: string },
): readonly string[] | undefined {
  const [match] = written.exec(text.slice(at, statement.end)) ?? [];
  if (match === undefined) return undefined;
  const rest = text.slice(at + match.length, statement.end);
  return [text.slice(statement.start, at) + match.replace(written, instead) + rest];
}

/** `id`, `user_id`, and what is numbered by the server. */
export function isIdentifier({ name, definition, isPrimaryKey }: ColumnDefinition): boolean {
  const isNamedSo = /(^|_)id$/i.test(name) || /[a-z]Id$/.test(name);
  const isNumbered =
    serialType(definition) !== undefined || columnPart(definition, "CONSTR_IDENTITY") !== undefined;
  return isPrimaryKey || isNamedSo || isNumbered;
}
