import { type AstNode, listMember, nameMember, nodeMember, stringMember } from "./ast.ts";
import { NameCollector } from "./name-collector.ts";
import { aliasOf, NameScope, tableOf } from "./name-scope.ts";
import type { TableName, UsedNames } from "./name-use.ts";
import { addFrom } from "./names-in-from.ts";
import type { ParsedStatement } from "./parse.ts";
import { stepsOfDo } from "./plpgsql.ts";

/**
 * The tables and columns that a statement uses, from its text alone: never less than it uses, but for
 * what `hidden` says. DDL and maintenance use none: they are what the question is asked for.
 */
export function usedNames(statement: ParsedStatement): UsedNames {
  const collector = new NameCollector();
  const isHiding = collect(collector, statement);
  return { uses: collector.uses, hidden: isHiding ? "body" : undefined };
}

/** Whether it runs more than what stands in it. */
function collect(collector: NameCollector, { kind, node }: ParsedStatement): boolean {
  if (kind === "DoStmt") {
    const steps = stepsOfDo(node);
    if (steps === undefined) return true;
    const isHiding = steps.map((step) =>
      step.kind === "statement" ? collect(collector, step.statement) : step.kind === "dynamic",
    );
    return isHiding.includes(true);
  }
  if (!USING_STATEMENTS.has(kind)) return false;
  collector.push({ [kind]: node }, new NameScope());
  for (let task = collector.next(); task !== undefined; task = collector.next()) {
    const { type, scope } = task;
    const handler = HANDLERS[type];
    if (handler === undefined) collector.pushMembers(task.node, scope);
    else handler(collector, task.node, scope);
  }
  return collector.isHiding;
}

type Handler = (collector: NameCollector, node: AstNode, scope: NameScope) => void;

/** Statements that work with what is in tables, or hold one that does. */
const USING_STATEMENTS: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "TruncateStmt",
  "LockStmt",
  "ExplainStmt",
  "PrepareStmt",
  "ExecuteStmt",
  "DeclareCursorStmt",
  "CreateTableAsStmt",
  "ViewStmt",
  "CallStmt",
]);

/** What it runs stands elsewhere. */
const hide: Handler = (collector, node, scope) => {
  collector.isHiding = true;
  collector.pushMembers(node, scope);
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  CallStmt: hide,
  ExecuteStmt: hide,
  SelectStmt: select,
  InsertStmt: insert,
  UpdateStmt: (collector, node, outer) => {
    const { level, target } = change(collector, node, outer);
    setColumns(collector, listMember(node, "targetList"), target);
    addFrom(collector, node["fromClause"], level);
    collector.pushMembers(node, level, ["relation", "fromClause", "withClause"]);
  },
  DeleteStmt: (collector, node, outer) => {
    const { level } = change(collector, node, outer);
    addFrom(collector, node["usingClause"], level);
    collector.pushMembers(node, level, ["relation", "usingClause", "withClause"]);
  },
  MergeStmt: (collector, node, outer) => {
    const { level, target } = change(collector, node, outer);
    addFrom(collector, node["sourceRelation"], level);
    for (const { node: when } of listMember(node, "mergeWhenClauses")) {
      setColumns(collector, listMember(when, "targetList"), target);
      const inserts = stringMember(when, "commandType") === "CMD_INSERT";
      if (inserts && listMember(when, "targetList").length === 0) collector.wholeRow([target]);
    }
    collector.pushMembers(node, level, ["relation", "sourceRelation", "withClause"]);
  },
  CopyStmt: (collector, node, scope) => {
    const relation = nodeMember(node, "relation");
    if (relation !== undefined) {
      const table = tableOf(relation);
      const columns = nameMember(node, "attlist");
      collector.table(table);
      for (const column of columns) collector.column([table], column);
      if (columns.length === 0) collector.wholeRow([table]);
      const level = new NameScope(scope);
      level.add(table.table, [table]);
      collector.push(node["whereClause"], level);
    }
    collector.push(node["query"], scope);
  },
  CreateTableAsStmt: (collector, node, scope) => collector.push(node["query"], scope),
  ViewStmt: (collector, node, scope) => collector.push(node["query"], scope),
  RangeVar: (collector, node, scope) => {
    const table = tableOf(node);
    if (table.schema !== "" || !scope.isWithQuery(table.table)) collector.table(table);
  },
  ColumnRef: columnReference,
  A_Indirection: (collector, node, scope) => {
    const tables = scope.allTables;
    for (const name of nameMember(node, "indirection")) collector.column(tables, name);
    collector.pushMembers(node, scope);
  },
  // A row type has its table's columns.
  TypeCast: (collector, node, scope) => {
    collector.push(node["arg"], scope);
    const typeName = nodeMember(node, "typeName") ?? {};
    const [name = "", schema = ""] = nameMember(typeName, "names").toReversed();
    const isBuiltIn = schema === "pg_catalog" || (schema === "" && BUILT_IN_TYPES.has(name));
    if (name !== "" && !isBuiltIn) collector.wholeRow([{ schema, table: name }]);
  },
};

function select(collector: NameCollector, node: AstNode, outer: NameScope): void {
  const level = new NameScope(withQueries(collector, node, outer));
  addFrom(collector, node["fromClause"], level);
  // These come without the wrapper that says what they are.
  for (const member of ["larg", "rarg"]) {
    const arm = nodeMember(node, member);
    if (arm !== undefined) collector.push({ SelectStmt: arm }, level);
  }
  const outputs = new Set(
    listMember(node, "targetList").map((target) => stringMember(target.node, "name")),
  );
  for (const { node: sort } of listMember(node, "sortClause")) {
    // A bare name in ORDER BY is an output's before it is a column's (`findTargetlistEntrySQL92`).
    const key = nodeMember(sort, "node");
    const [name, ...more] = key === undefined ? [] : nameMember(key, "fields");
    if (name === undefined || more.length > 0 || !outputs.has(name)) collector.push(sort, level);
  }
  // What `lockingClause` names are names in FROM.
  const done = ["withClause", "fromClause", "larg", "rarg", "sortClause", "lockingClause"];
  collector.pushMembers(node, level, [...done, "intoClause"]);
}

function insert(collector: NameCollector, node: AstNode, outer: NameScope): void {
  const { level, target, around } = change(collector, node, outer);
  level.add("excluded", [target]);
  const columns = listMember(node, "cols");
  setColumns(collector, columns, target);
  const isDefault = node["selectStmt"] === undefined;
  if (columns.length === 0 && !isDefault) collector.wholeRow([target]);
  collector.push(node["selectStmt"], around);
  const conflict = nodeMember(node, "onConflictClause");
  if (conflict !== undefined) {
    setColumns(collector, listMember(conflict, "targetList"), target);
    const infer = nodeMember(conflict, "infer");
    setColumns(collector, infer === undefined ? [] : listMember(infer, "indexElems"), target);
  }
  collector.pushMembers(node, level, ["relation", "cols", "selectStmt", "withClause"]);
}

/** The level of a statement that changes a table, with that table in it. */
function change(collector: NameCollector, node: AstNode, outer: NameScope) {
  const around = withQueries(collector, node, outer);
  const level = new NameScope(around);
  const relation = nodeMember(node, "relation") ?? {};
  const target = tableOf(relation);
  collector.table(target);
  for (const name of [aliasOf(relation) ?? target.table, "old", "new"]) level.add(name, [target]);
  return { level, target, around };
}

function setColumns(
  collector: NameCollector,
  targets: readonly { readonly node: AstNode }[],
  table: TableName,
): void {
  for (const { node } of targets) collector.column([table], stringMember(node, "name"));
}

/** The scope that WITH makes; its queries see those before them, or all of them if it is recursive. */
function withQueries(collector: NameCollector, node: AstNode, outer: NameScope): NameScope {
  const clause = nodeMember(node, "withClause");
  if (clause === undefined) return outer;
  const queries = listMember(clause, "ctes").map((query) => query.node);
  const names = queries.map((query) => stringMember(query, "ctename"));
  queries.forEach((query, index) => {
    const visible = clause["recursive"] === true ? names : names.slice(0, index);
    collector.push(query["ctequery"], new NameScope(outer, new Set(visible)));
  });
  return new NameScope(outer, new Set(names));
}

function columnReference(collector: NameCollector, node: AstNode, scope: NameScope): void {
  const fields = listMember(node, "fields");
  const isStar = fields.at(-1)?.type === "A_Star";
  const names = nameMember(node, "fields");
  const column = isStar ? undefined : names.at(-1);
  const [table, schema] = (isStar ? names : names.slice(0, -1)).toReversed();
  if (table === undefined) {
    if (column === undefined) collector.wholeRow(scope.tables);
    else {
      collector.column(scope.allTables, column);
      collector.wholeRow(scope.named(column) ?? []); // `SELECT o FROM orders o`
    }
    return;
  }
  const tables = scope.named(table, schema) ?? scope.allTables;
  if (column === undefined) collector.wholeRow(tables);
  else collector.column(tables, column);
}

/** Types that the parser leaves without a schema, and that no table is likely to be named for. */
const BUILT_IN_TYPES: ReadonlySet<string> = new Set(
  (
    "bool bytea name int8 int2 int4 regproc text oid tid xid cid json jsonb xml point lseg path box " +
    "polygon line cidr float4 float8 money circle macaddr macaddr8 inet bpchar varchar date time " +
    "timestamp timestamptz interval timetz bit varbit numeric uuid tsvector tsquery regconfig " +
    "regclass regtype regrole regnamespace regprocedure regoper regoperator regdictionary record " +
    "int4range int8range numrange tsrange tstzrange daterange jsonpath pg_lsn citext hstore"
  ).split(" "),
);
