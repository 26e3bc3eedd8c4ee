import { type AstNode, listMember, nameMember, stringMember } from "../../sql/ast.ts";
import { parseSql } from "../../sql/parse.ts";
import { quoteIdentifier } from "../../sql/tokens.ts";
import { addedConstraints } from "../reading/added-constraints.ts";
import { isNew, relationFacts } from "../reading/exempt.ts";
import { textOf } from "../reading/words.ts";
import {
  isSameName,
  nameSql,
  nameText,
  type RelationName,
  relationMember,
} from "../relation-name.ts";
import type { Problem, Rule, Subject } from "../rule.ts";

export const foreignKeyWithoutIndex: Rule = {
  id: "foreign-key-without-index",
  group: "later",
  severity: "warn",
  why:
    "Each DELETE from the table that is referred to, and each UPDATE of its key, looks for rows that refer to it: " +
    "without an index on the foreign key's columns it reads the whole table, once for each row.",
  instead: "An index that begins with the foreign key's columns.",
  refused: "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users)",
  allowed:
    "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users); " +
    "CREATE INDEX orders_user_id ON orders (user_id)",
  check,
};

interface ForeignKey {
  readonly table: RelationName;
  readonly columns: readonly string[];
  readonly offset: number;
}

function check(subject: Subject): readonly Problem[] {
  const keys = foreignKeys(subject);
  if (keys.length === 0) return [];
  return keys.flatMap(({ table, columns, offset }) => {
    if (isIndexed(table, columns, subject)) return [];
    const list = columns.map(quoteIdentifier).join(", ");
    const isOfNew = subject.statement.kind === "CreateStmt" || isNew(table, subject);
    const index = `CREATE INDEX ${isOfNew ? "" : "CONCURRENTLY "}ON ${nameSql(table)} (${list})`;
    const own = textOf(subject);
    return [
      {
        message: `the foreign key ${nameText(table)} (${columns.join(", ")}) has no index`,
        detail: `Every DELETE from the table that it refers to reads all of ${nameText(table)}, once for each row that goes.`,
        hint: `Create an index that begins with ${columns.join(", ")}.`,
        safeSql: isOfNew ? [own, index] : [index, own],
        offset,
        table,
      },
    ];
  });
}

function foreignKeys(subject: Subject): readonly ForeignKey[] {
  const { kind, node } = subject.statement;
  const [table] = relationMember(node, "relation");
  if (kind === "CreateStmt" && table !== undefined) {
    return constraintsOf(node).flatMap(({ constraint, column }) => {
      if (stringMember(constraint, "contype") !== "CONSTR_FOREIGN") return [];
      const columns = column === undefined ? nameMember(constraint, "fk_attrs") : [column];
      return [{ table, columns, offset: Number(constraint["location"] ?? 0) }];
    });
  }
  return addedConstraints(subject)
    .filter((added) => added.kind === "CONSTR_FOREIGN")
    .map(({ alter, columns, offset }) => ({ table: alter.table, columns, offset }));
}

interface TableConstraint {
  readonly constraint: AstNode;
  /** The column that it stands with. */
  readonly column: string | undefined;
}

function constraintsOf(node: AstNode): readonly TableConstraint[] {
  return listMember(node, "tableElts").flatMap(({ type, node: element }): TableConstraint[] => {
    if (type === "Constraint") return [{ constraint: element, column: undefined }];
    const column = stringMember(element, "colname");
    return listMember(element, "constraints").map((item) => ({ constraint: item.node, column }));
  });
}

function isIndexed(table: RelationName, columns: readonly string[], subject: Subject): boolean {
  const known = (relationFacts(table, subject)?.indexes ?? []).map((index) => index.columns);
  return [...known, ...keysOf(subject), ...indexesInText(table, subject)].some((index) =>
    columns.every((column) => index.slice(0, columns.length).includes(column)),
  );
}

/** UNIQUE and PRIMARY KEY of the table that is being made. */
function keysOf({ statement: { kind, node } }: Subject): readonly (readonly string[])[] {
  if (kind !== "CreateStmt") return [];
  return constraintsOf(node).flatMap(({ constraint, column }) => {
    const isKey = ["CONSTR_UNIQUE", "CONSTR_PRIMARY"].includes(stringMember(constraint, "contype"));
    if (!isKey) return [];
    return [column === undefined ? nameMember(constraint, "keys") : [column]];
  });
}

/** Anywhere in the script: indexes often come behind the tables. */
function indexesInText(table: RelationName, { text }: Subject): readonly (readonly string[])[] {
  const parsed = parseSql(text);
  if (parsed.kind !== "parsed") return [];
  return parsed.statements.flatMap(({ kind, node }) => {
    const [of] = relationMember(node, "relation");
    if (kind !== "IndexStmt" || of === undefined || !isSameName(of, table)) return [];
    return [listMember(node, "indexParams").map((item) => stringMember(item.node, "name"))];
  });
}
