import {
  type AstNode,
  listMember,
  nameMember,
  nodeMember,
  stringMember,
  walk,
} from "../../sql/ast.ts";
import { quoteIdentifier, tokenize } from "../../sql/tokens.ts";
import type { Subject } from "../rule.ts";
import { type AlterAction, type AlterTable, alterTableOf, inPlaceOf } from "./alter-actions.ts";
import { relationFacts } from "./exempt.ts";
import { defaultName } from "./object-names.ts";

/** A constraint that an ALTER TABLE adds: by itself, or with a new column. */
export interface AddedConstraint {
  readonly alter: AlterTable;
  readonly action: AlterAction;
  readonly kind: ConstraintKind;
  readonly node: AstNode;
  /** Its own, or the one that the server would give to it. */
  readonly name: string;
  readonly columns: readonly string[];
  /** The new column whose definition it is in. */
  readonly newColumn: string | undefined;
  /** As a constraint of the table, without its name: `CHECK (a > 0)`. Undefined where the text is not clear. */
  readonly body: string | undefined;
  readonly offset: number;
}

const LABELS = {
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "fkey",
  CONSTR_UNIQUE: "key",
  CONSTR_PRIMARY: "pkey",
  CONSTR_EXCLUSION: "excl",
  CONSTR_NOTNULL: "not_null",
} as const;

export type ConstraintKind = keyof typeof LABELS;

function isConstraintKind(text: string): text is ConstraintKind {
  return text in LABELS;
}

export function addedConstraints(subject: Subject): readonly AddedConstraint[] {
  const alter = alterTableOf(subject);
  if (alter === undefined) return [];
  const facts = relationFacts(alter.table, subject);
  const taken = new Set([
    ...(facts?.constraints ?? []).map(({ name }) => name),
    ...(facts?.indexes ?? []).map(({ name }) => name),
  ]);
  return alter.actions.flatMap((action) =>
    constraintsOf(action).flatMap(({ node, newColumn }) => {
      const kind = stringMember(node, "contype");
      if (!isConstraintKind(kind)) return [];
      const own = stringMember(node, "conname");
      const columns = columnsOf(node, kind, newColumn);
      const name = own === "" ? serverName(alter, { kind, node, columns }, taken) : own;
      taken.add(name);
      const offset = Number(node["location"] ?? 0);
      const body = bodyOf(subject, action, node, kind, newColumn);
      return [{ alter, action, kind, node, name, columns, newColumn, body, offset }];
    }),
  );
}

function constraintsOf(action: AlterAction) {
  if (action.kind === "AT_AddConstraint") {
    return [{ node: action.definition, newColumn: undefined }];
  }
  if (action.kind !== "AT_AddColumn") return [];
  const newColumn = stringMember(action.definition, "colname");
  return listMember(action.definition, "constraints").map(({ node }) => ({ node, newColumn }));
}

function columnsOf(
  node: AstNode,
  kind: ConstraintKind,
  newColumn: string | undefined,
): readonly string[] {
  if (kind === "CONSTR_CHECK") return columnsIn(node);
  if (newColumn !== undefined) return [newColumn];
  if (kind === "CONSTR_FOREIGN") return nameMember(node, "fk_attrs");
  if (kind === "CONSTR_EXCLUSION") {
    return listMember(node, "exclusions").flatMap((pair) =>
      listMember(pair.node, "items").flatMap((item) =>
        item.type === "IndexElem" ? [stringMember(item.node, "name") || "expr"] : [],
      ),
    );
  }
  return nameMember(node, "keys");
}

/** The columns that an expression names, each once. */
export function columnsIn(expression: AstNode): readonly string[] {
  const found = new Set<string>();
  walk(expression, (type, node) => {
    if (type === "ColumnRef") found.add(nameMember(node, "fields").at(-1) ?? "*");
  });
  return [...found];
}

function serverName(
  { table }: AlterTable,
  { kind, node, columns }: Pick<AddedConstraint, "kind" | "node" | "columns">,
  taken: ReadonlySet<string>,
): string {
  const label = LABELS[kind];
  const isNamed = kind === "CONSTR_CHECK" ? columns.length === 1 : kind !== "CONSTR_PRIMARY";
  const named = isNamed ? [...columns, ...nameMember(node, "including")] : [];
  return defaultName({ table: table.name, columns: named, label }, taken);
}

function bodyOf(
  { text }: Subject,
  action: AlterAction,
  node: AstNode,
  kind: ConstraintKind,
  newColumn: string | undefined,
): string | undefined {
  const span = spanOf(action, node);
  if (span === undefined) return undefined;
  const tokens = tokenize(text).filter(({ start, end }) => start >= span.start && end <= span.end);
  // What comes after CONSTRAINT and its name.
  const first = tokens[stringMember(node, "conname") === "" ? 0 : 2];
  if (first === undefined) return undefined;
  const body = text.slice(first.start, span.end);
  const isForeignInColumn = newColumn !== undefined && kind === "CONSTR_FOREIGN";
  return isForeignInColumn ? `FOREIGN KEY (${quoteIdentifier(newColumn)}) ${body}` : body;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a constraint stands in its action, with the DEFERRABLE and the like that belong to it. */
function spanOf(action: AlterAction, node: AstNode): Span | undefined {
  const { text, offset } = action;
  const start = node["location"];
  if (text === undefined || offset === undefined || typeof start !== "number") return undefined;
  const actionEnd = offset + text.length;
  if (action.kind === "AT_AddConstraint") return { start, end: actionEnd };
  const following = partsOf(action).filter(
    (part) => part.start > start && !part.kind.startsWith("CONSTR_ATTR"),
  );
  const next = Math.min(actionEnd, ...following.map((part) => part.start));
  return { start, end: offset + text.slice(0, next - offset).trimEnd().length };
}

/** The parts of a new column's definition that may stand in any order. */
function partsOf(action: AlterAction) {
  const { definition } = action;
  const collation = nodeMember(definition, "collClause");
  const parts = [
    ...listMember(definition, "constraints").map(({ node }) => node),
    ...(collation === undefined ? [] : [collation]),
  ];
  return parts.map((node) => ({
    start: Number(node["location"] ?? 0),
    kind: stringMember(node, "contype"),
  }));
}

/** The text of a part of a new column's definition, such as its DEFAULT. */
export function partText({ text, offset, ...action }: AlterAction, part: AstNode) {
  const span = spanOf({ text, offset, ...action }, part);
  if (span === undefined || text === undefined || offset === undefined) return undefined;
  return text.slice(span.start - offset, span.end - offset);
}

/** The text of an ADD COLUMN without some of its constraints; undefined where it is not clear. */
export function columnWithout(
  action: AlterAction,
  constraints: readonly AstNode[],
): string | undefined {
  const { text, offset } = action;
  if (text === undefined || offset === undefined) return undefined;
  const spans = constraints.map((node) => spanOf(action, node));
  let rest = text;
  for (const span of spans.toSorted((left, right) => (right?.start ?? 0) - (left?.start ?? 0))) {
    if (span === undefined) return undefined;
    const before = rest.slice(0, span.start - offset).trimEnd();
    const after = rest.slice(span.end - offset).trim();
    rest = after === "" ? before : `${before} ${after}`;
  }
  return rest;
}

/** `NOT ENFORCED`: it is neither checked nor kept. */
export function isEnforced({ kind, node }: AddedConstraint): boolean {
  return (kind !== "CONSTR_CHECK" && kind !== "CONSTR_FOREIGN") || node["is_enforced"] === true;
}

/** `ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID`, and its VALIDATE. */
export function addedThenValidated(added: AddedConstraint): readonly string[] | undefined {
  const { alter, name, body } = added;
  if (body === undefined) return undefined;
  const quoted = quoteIdentifier(name);
  return [
    `${alter.head} ADD CONSTRAINT ${quoted} ${body} NOT VALID`,
    `${alter.head} VALIDATE CONSTRAINT ${quoted}`,
  ];
}

/** What to run in place of a statement that adds a constraint: the rest of it, and other statements. */
export function insteadOf(
  { alter, action }: AddedConstraint,
  statements: readonly string[] | undefined,
): readonly string[] | undefined {
  return statements && inPlaceOf(alter, new Map([[action, statements]]), "first");
}
