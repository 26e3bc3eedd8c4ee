import type { AstNode } from "../sql/ast.ts";
import type { NamedRelation } from "../version/naming.ts";
import { refuseBrokenChain } from "./chain.ts";
import { copyAsQuery, headerOption } from "./copy-header.ts";
import { asTyped, listOf, locationOf, namesOf, nodeOf, stringOf, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { findTable } from "./table-reference.ts";
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
  const header = headerOption(node);
  const found = findTable(work, relation);
  if (found.kind === "windowed") refuseBrokenChain(work, node, found.relation);
  if (found.kind === "windowed" && header !== undefined) {
    const isRenamedNow = found.relation.exchange.size > 0;
    if (node["is_from"] === true) {
      if (isRenamedNow) refuseHeaderMatch(work, header, relation);
    } else if (isRenamedNow || takesNamesUnsaid(node, found.relation)) {
      if (copyAsQuery(work, node, { node: relation, relation: found.relation })) return;
    }
  }
  rewriteCopiedTable(work, node, relation);
}

/** Without a list nothing in it would fail where a name in its header line has become another one. */
function takesNamesUnsaid(copy: AstNode, { columns }: NamedRelation): boolean {
  const isUnsaid = namesOf(copy, "attlist").length === 0;
  return isUnsaid && columns.some(({ otherName }) => otherName !== undefined);
}

function rewriteCopiedTable(work: Rewriting, node: AstNode, relation: AstNode): void {
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
    const soleName = target.relation?.physicalName;
    const item =
      soleName === undefined || soleName === target.name ? target : { ...target, soleName };
    work.walk.expression(work, condition, {
      scope: { items: [item], outer: undefined },
      ctes: new Map(),
      clause: "other",
      parents: undefined,
    });
  }
}

/** `RETURNING *` has physical names, which only the fields of a RowDescription can be told apart by. */
function refuseReturnedStar(work: Rewriting, node: AstNode): void {
  const isRenamedNow = [...work.shownTargets].some(({ exchange }) => exchange.size > 0);
  const lists = listOf(node, "options").find(({ node: { arg } }) => asTyped(arg)?.type === "List");
  const option = headerOption(node) ?? lists?.node;
  if (!isRenamedNow || option === undefined) return;
  work.refuseUncertain({
    detail: "The columns of RETURNING * have names of another version in the header line.",
    hint: "List the columns in RETURNING instead of *.",
    offset: locationOf(option),
  });
}

/** COPY FROM reads the header line, only to compare it with physical names. */
function refuseHeaderMatch(work: Rewriting, option: AstNode, relation: AstNode): void {
  const value = stringOf(nodeOf(nodeOf(option, "arg") ?? {}, "String") ?? {}, "sval");
  if (value.toLowerCase() !== "match") return;
  work.refuseUncertain({
    detail: `The header line of table "${stringOf(relation, "relname")}" has column names of another version.`,
    hint: "Use HEADER true with a column list.",
    offset: locationOf(option),
  });
}
