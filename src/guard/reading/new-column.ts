import { nodeMember, stringMember } from "../../sql/ast.ts";
import { tokenize } from "../../sql/tokens.ts";
import type { Subject } from "../rule.ts";
import {
  type AddedConstraint,
  addedConstraints,
  addedThenValidated,
  columnWithout,
} from "./added-constraints.ts";
import { type AlterAction, type AlterTable, inPlaceOf } from "./alter-actions.ts";
import { type ColumnValue, columnPart, columnValue, serialType } from "./column-value.ts";
import { relationFacts } from "./exempt.ts";
import { setNotNull } from "./set-not-null.ts";
import { byUniqueIndex } from "./unique-index.ts";

/**
 * A statement that adds a column, as steps of which none reads or writes the table under a strong lock:
 * the column without anything, its default, the rows in batches, then NOT NULL and the constraints. It
 * ends where the statement would have ended, but for NOT NULL and the primary key where they are "not yet"
 * to be. Undefined where there is no such way.
 */
export function newColumnSteps(
  alter: AlterTable,
  action: AlterAction,
  subject: Subject,
  required: "as written" | "not yet" = "as written",
): readonly string[] | undefined {
  const { definition } = action;
  const isPartitioned = relationFacts(alter.table, subject)?.kind === "partitioned table";
  const isGenerated = columnPart(definition, "CONSTR_GENERATED") !== undefined;
  if (isPartitioned || isGenerated) return undefined;
  const value = columnValue(alter, action, subject);
  const added = addedConstraints(subject).filter(
    (each) => each.action.command === action.command && each.kind !== "CONSTR_NOTNULL",
  );
  const kept =
    required === "not yet" ? added.filter(({ kind }) => kind !== "CONSTR_PRIMARY") : added;
  const text = bareColumn(action, { value, added, required });
  const actions = alter.actions.map((each) =>
    each.command === action.command ? { ...each, text } : each,
  );
  const steps = [
    inPlaceOf({ ...alter, actions }, new Map(), "first"),
    value === undefined ? [] : value.fill,
    required === "not yet" ? [] : notNullSteps(alter, action, { value, added }),
    value === undefined ? [] : value.finish,
    ...kept.map((each) =>
      each.kind === "CONSTR_UNIQUE" || each.kind === "CONSTR_PRIMARY"
        ? byUniqueIndex(each, [])
        : addedThenValidated(each),
    ),
  ];
  const known = steps.filter((each) => each !== undefined);
  return known.length === steps.length ? known.flat() : undefined;
}

function bareColumn(
  action: AlterAction,
  {
    value,
    added,
    required,
  }: {
    readonly value: ColumnValue | undefined;
    readonly added: readonly AddedConstraint[];
    readonly required: "as written" | "not yet";
  },
): string | undefined {
  const { definition } = action;
  const isLater = value !== undefined || required === "not yet";
  const notNull = isLater ? columnPart(definition, "CONSTR_NOTNULL") : undefined;
  const removed = [value?.part, notNull, ...added.map(({ node }) => node)];
  const text = columnWithout(
    action,
    removed.filter((part) => part !== undefined),
  );
  const type = serialType(definition);
  if (type === undefined || text === undefined || action.offset === undefined) return text;
  const at = Number(nodeMember(definition, "typeName")?.["location"] ?? 0) - action.offset;
  const word = tokenize(text).find(({ start }) => start === at);
  return word && text.slice(0, word.start) + type + text.slice(word.end);
}

/** Undefined where no value is known that a required column could have. */
function notNullSteps(
  { head, table }: AlterTable,
  { definition }: AlterAction,
  {
    value,
    added,
  }: { readonly value: ColumnValue | undefined; readonly added: readonly AddedConstraint[] },
): readonly string[] | undefined {
  const isRequired = columnPart(definition, "CONSTR_NOTNULL") !== undefined;
  const isKey = added.some(({ kind }) => kind === "CONSTR_PRIMARY");
  if (value === undefined) {
    const hasDefault = columnPart(definition, "CONSTR_DEFAULT") !== undefined;
    return (isRequired || isKey) && !hasDefault ? undefined : [];
  }
  if (value.kind === "volatile" && !isRequired && !isKey) return [];
  return setNotNull(head, table, stringMember(definition, "colname"));
}
