import {
  type AstNode,
  listMember,
  nameMember,
  nodeMember,
  stringMember,
  type TypedAst,
  walk,
} from "./ast.ts";
import { normalizeSql } from "./normalize.ts";
import { fingerprintSql, type ParsedStatement } from "./parse.ts";
import type { StatementShape } from "./shape.ts";
import { usedNames } from "./used-names.ts";
import { verbOf } from "./verb.ts";

/** What observers need to know of one statement; `text` is the whole text that it stands in. */
export function describeShape(statement: ParsedStatement, text: string): StatementShape {
  const own = text.slice(statement.start, statement.end);
  const { tables, columns } = namesIn(statement);
  let fingerprint: string | undefined;
  return {
    verb: verbOf(statement),
    normalized: normalizeSql(own),
    // It takes a parse of its own, and not everybody asks for it.
    get fingerprint() {
      fingerprint ??= fingerprintSql(own);
      return fingerprint;
    },
    tables: [...tables].sort(),
    columns: [...columns].sort(),
    names: usedNames(statement),
  };
}

interface Names {
  readonly tables: Set<string>;
  readonly columns: Set<string>;
  readonly ctes: Set<string>;
}

function namesIn({ kind, node }: ParsedStatement): Names {
  const names: Names = { tables: new Set(), columns: new Set(), ctes: new Set() };
  walk({ [kind]: node }, (type, inner) => {
    if (typeof inner["relname"] === "string") names.tables.add(rangeName(inner));
    else if (type === "CommonTableExpr") names.ctes.add(stringMember(inner, "ctename"));
    else COLLECTORS[type]?.(inner, names);
  });
  // A name without a schema that is also a WITH query is taken for that.
  for (const name of names.ctes) names.tables.delete(name);
  names.columns.delete("");
  return names;
}

const COLLECTORS: Readonly<Record<string, (node: AstNode, names: Names) => void>> = {
  ColumnRef: (node, { columns }) => {
    const last = listMember(node, "fields").at(-1);
    if (last?.type === "String") columns.add(stringMember(last.node, "sval"));
  },
  InsertStmt: (node, { columns }) => {
    addNames(columns, listMember(node, "cols"));
    const conflict = nodeMember(node, "onConflictClause");
    if (conflict !== undefined) addNames(columns, listMember(conflict, "targetList"));
  },
  UpdateStmt: (node, { columns }) => addNames(columns, listMember(node, "targetList")),
  MergeWhenClause: (node, { columns }) => addNames(columns, listMember(node, "targetList")),
  IndexElem: (node, { columns }) => columns.add(stringMember(node, "name")),
  ColumnDef: (node, { columns }) => columns.add(stringMember(node, "colname")),
  JoinExpr: (node, { columns }) => addAll(columns, nameMember(node, "usingClause")),
  CopyStmt: (node, { columns }) => addAll(columns, nameMember(node, "attlist")),
  Constraint: (node, { columns }) => {
    for (const member of ["keys", "fk_attrs", "pk_attrs", "including"]) {
      addAll(columns, nameMember(node, member));
    }
  },
  AlterTableCmd: (node, { columns }) => {
    if (COLUMN_COMMANDS.test(stringMember(node, "subtype")))
      columns.add(stringMember(node, "name"));
  },
  RenameStmt: (node, { columns }) => {
    if (stringMember(node, "renameType") !== "OBJECT_COLUMN") return;
    columns.add(stringMember(node, "subname"));
    columns.add(stringMember(node, "newname"));
  },
  DropStmt: (node, { tables }) => {
    if (!DROPPED_TABLES.has(stringMember(node, "removeType"))) return;
    for (const { node: object } of listMember(node, "objects")) {
      tables.add(nameMember(object, "items").slice(-2).join("."));
    }
  },
};

/** Commands whose `name` is a column's. */
const COLUMN_COMMANDS =
  /Column|AT_SetNotNull|AT_DropNotNull|AT_SetStatistics|AT_SetStorage|AT_SetCompression|AT_SetOptions|AT_ResetOptions|Identity|Expression/;

const DROPPED_TABLES: ReadonlySet<string> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
]);

function rangeName(node: AstNode): string {
  const schema = stringMember(node, "schemaname");
  const name = stringMember(node, "relname");
  return schema === "" ? name : `${schema}.${name}`;
}

function addNames(into: Set<string>, targets: readonly TypedAst[]): void {
  for (const { node } of targets) into.add(stringMember(node, "name"));
}

function addAll(into: Set<string>, names: readonly string[]): void {
  for (const name of names) into.add(name);
}
