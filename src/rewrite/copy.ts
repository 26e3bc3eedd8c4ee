import type { AstNode } from "../sql/ast.ts";
import {
  asTyped,
  listOf,
  locationOf,
  namesOf,
  nodeOf,
  stringOf,
  type TypedNode,
  typedOf,
} from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { renameColumnAt, rewriteTarget } from "./target.ts";

/** Rewrites COPY: its query, or the column names of its table. */
export function rewriteCopy(work: Rewriting, node: AstNode): void {
  const query = typedOf(node, "query");
  if (query !== undefined) {
    work.walk.query(work, query, { outer: undefined, ctes: new Map(), isTop: true });
    refuseReturnedStar(work, node);
    return;
  }
  const relation = nodeOf(node, "relation");
  if (relation === undefined) return;
  const isRenamedNow = rewriteCopiedTable(work, node, relation);
  if (isRenamedNow) refuseHeader(work, node, relation);
}

/** Whether columns of the table have other names in the database. */
function rewriteCopiedTable(work: Rewriting, node: AstNode, relation: AstNode): boolean {
  const target = rewriteTarget(work, relation, "takes_no_alias");
  const { source } = work;
  const parts = ["catalogname", "schemaname", "relname"].filter(
    (member) => stringOf(relation, member) !== "",
  );
  const open = source.indexAt(locationOf(relation)) + parts.length * 2 - 1;
  const starts = source.listItems(open);
  for (const [position, name] of namesOf(node, "attlist").entries()) {
    renameColumnAt(work, starts[position] ?? -1, name ?? "", target);
  }
  for (const { node: option } of listOf(node, "options")) {
    const names = asTyped(option["arg"]);
    if (names?.type !== "List") continue;
    const items = source.listItems(source.indexAt(locationOf(option)) + 1);
    for (const [position, name] of namesOf(names.node, "items").entries()) {
      renameColumnAt(work, items[position] ?? -1, name ?? "", target);
    }
  }
  const condition = typedOf(node, "whereClause");
  if (condition !== undefined) {
    work.walk.expression(work, condition, {
      scope: { items: [target], outer: undefined },
      ctes: new Map(),
      clause: "other",
      parents: undefined,
    });
  }
  return (target.relation?.exchange.size ?? 0) > 0;
}

/** `RETURNING *` has physical names, which only the fields of a RowDescription can be told apart by. */
function refuseReturnedStar(work: Rewriting, node: AstNode): void {
  const isRenamedNow = [...work.shownTargets].some(({ exchange }) => exchange.size > 0);
  const option = listOf(node, "options").find(({ node: { arg, defname } }) =>
    defname === "header" ? !isFalse(arg) : asTyped(arg)?.type === "List",
  );
  if (!isRenamedNow || option === undefined) return;
  work.refuseUncertain({
    detail: "The columns of RETURNING * have names of another version in the header line.",
    hint: "List the columns in RETURNING instead of *.",
    offset: locationOf(option.node),
  });
}

/** The header line holds physical names; COPY FROM reads it only to compare. */
function refuseHeader(work: Rewriting, node: AstNode, relation: AstNode): void {
  const option = listOf(node, "options").find(({ node: { defname } }) => defname === "header");
  if (option === undefined || isFalse(option.node["arg"])) return;
  const isMatch = stringOf(nodeOf(nodeOf(option.node, "arg") ?? {}, "String") ?? {}, "sval");
  if (node["is_from"] === true && isMatch.toLowerCase() !== "match") return;
  const table = stringOf(relation, "relname");
  work.refuseUncertain({
    detail: `The header line of table "${table}" has column names of another version.`,
    hint:
      node["is_from"] === true
        ? "Use HEADER true with a column list."
        : `Use COPY (SELECT ... FROM ${table}) TO ... instead.`,
    offset: locationOf(option.node),
  });
}

function isFalse(argument: unknown): boolean {
  const value: TypedNode | undefined = asTyped(argument);
  if (value === undefined) return false;
  if (value.type === "Boolean") return value.node["boolval"] !== true;
  if (value.type === "Integer") return (value.node["ival"] ?? 0) === 0;
  return ["false", "off"].includes(stringOf(value.node, "sval").toLowerCase());
}
