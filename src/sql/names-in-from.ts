import { type AstNode, isAstNode, nameMember, unwrap } from "./ast.ts";
import type { NameCollector } from "./name-collector.ts";
import { aliasOf, type NameScope, renamesColumns, tableOf } from "./name-scope.ts";

/** Puts what stands in FROM into the level, and the rest of it on the list of what is to be walked. */
export function addFrom(collector: NameCollector, clause: unknown, level: NameScope): void {
  const left: unknown[] = [clause];
  const joined: AstNode[] = [];
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    if (Array.isArray(item)) left.push(...item);
    if (!isAstNode(item)) continue;
    const { type, node } = unwrap(item);
    if (type === "RangeVar") {
      addTable(collector, node, level);
    } else if (type === "JoinExpr") {
      joined.push(node);
      left.push(node["larg"], node["rarg"]);
      collector.push(node["quals"], level);
    } else if (type === "RangeTableSample") {
      left.push(node["relation"]);
      collector.pushMembers(node, level, ["relation"]);
    } else {
      level.add(aliasOf(node) ?? "", []);
      const isLateral = type !== "RangeSubselect" || node["lateral"] === true;
      collector.pushMembers(node, isLateral ? level : level.outer, ["alias"]);
    }
  }
  for (const join of joined) {
    const name = aliasOf(join);
    if (name !== undefined) level.add(name, level.tables);
    for (const column of nameMember(join, "usingClause")) {
      for (const table of level.tables) collector.column([table], column);
    }
    if (join["isNatural"] === true || renamesColumns(join)) collector.wholeRow(level.tables);
  }
}

function addTable(collector: NameCollector, range: AstNode, level: NameScope): void {
  const table = tableOf(range);
  const name = aliasOf(range) ?? table.table;
  if (table.schema === "" && level.isWithQuery(table.table)) {
    level.add(name, []);
    return;
  }
  collector.table(table);
  level.add(name, [table]);
  if (renamesColumns(range)) collector.wholeRow([table]);
}
