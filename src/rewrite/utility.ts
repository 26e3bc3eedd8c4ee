import type { AstNode } from "../sql/ast.ts";
import type { NamedRelation } from "../version/naming.ts";
import { asTyped, isNode, locationOf, namesOf, stringOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { findTable, hideTable, rewriteTableName } from "./table-reference.ts";

/**
 * DDL and the like on a table under a window. It passes when it names no column that has another name
 * in the database; a renamed table's own name is exchanged; anything else is refused.
 */
export function rewriteUtility(work: Rewriting, kind: string, node: AstNode): void {
  const mentions = collectMentions(node);
  const relations: NamedRelation[] = [];
  for (const reference of mentions.tables) {
    work.handled.add(reference.node);
    if (isCreatedTemporary(kind, node, reference.node)) continue;
    const found = findTable(work, reference.node);
    if (found.kind !== "windowed" && found.kind !== "hidden") continue;
    if (found.kind === "hidden") hideTable(work, reference.node, found.relation, new Map());
    else rewriteTableName(work, reference.node, found.relation, new Map());
    relations.push(found.relation);
    const hasColumns = found.relation.exchange.size > 0;
    if (hasColumns && (reference.isInQuery || reference.isLike)) {
      refuseMention(work, found.relation, "its columns", locationOf(reference.node));
    }
  }
  relations.push(...rewriteNamedObjects(work, kind, node));
  for (const relation of relations) {
    const column = mentions.words.find((word) => relation.exchange.has(word));
    if (column !== undefined) {
      refuseMention(work, relation, `column "${column}"`, undefined);
    }
  }
}

/** `ALTER TABLE ... RENAME`: the flip itself passes as written, and so does what the server will refuse. */
export function rewriteRename(work: Rewriting, node: AstNode): void {
  const reference = asTyped({ RangeVar: node["relation"] })?.node;
  const newName = stringOf(node, "newname");
  if (reference !== undefined) {
    const found = work.lookup.find(
      stringOf(reference, "schemaname"),
      stringOf(reference, "relname"),
    );
    if (found.kind === "windowed" || found.kind === "hidden") {
      const { relation } = found;
      const column = stringOf(node, "subname");
      const isColumnFlip = column !== "" && relation.exchange.get(column) === newName;
      const isTableFlip =
        column === "" &&
        (found.kind === "hidden" ? relation.logicalName : relation.physicalName) === newName;
      const isNamePhysical = relation.physicalName === stringOf(reference, "relname");
      if ((isColumnFlip && isNamePhysical) || isTableFlip) {
        work.handled.add(reference);
        work.touched.add(relation);
        work.dependsOnPhysical = true;
        return;
      }
    }
  }
  rewriteUtility(work, "RenameStmt", node);
}

interface Mentions {
  readonly tables: { node: AstNode; isInQuery: boolean; isLike: boolean }[];
  /** Every string of the tree that could be a column's name. */
  readonly words: string[];
}

const QUERIES: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

function collectMentions(root: AstNode): Mentions {
  const mentions: Mentions = { tables: [], words: [] };
  collect(root, { isInQuery: false, isLike: false }, mentions);
  return mentions;
}

function collect(
  value: unknown,
  place: { isInQuery: boolean; isLike: boolean },
  into: Mentions,
): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, place, into);
    return;
  }
  if (!isNode(value)) return;
  const typed = asTyped(value);
  // Constants are not names.
  if (typed?.type === "A_Const") return;
  const node = typed?.node ?? value;
  if (typeof node["relname"] === "string") {
    into.tables.push({ node, ...place });
    return;
  }
  const inner = {
    isInQuery: place.isInQuery || QUERIES.has(typed?.type ?? ""),
    isLike: place.isLike || typed?.type === "TableLikeClause",
  };
  for (const [member, child] of Object.entries(node)) {
    if (typeof child === "string") {
      if (!TEXT_MEMBERS.has(member)) into.words.push(child);
    } else collect(child, inner, into);
  }
}

/** Members that hold text for people, or the name of what is created. */
const TEXT_MEMBERS: ReadonlySet<string> = new Set([
  "comment",
  "label",
  "conname",
  "idxname",
  "newname",
]);

function isCreatedTemporary(kind: string, node: AstNode, reference: AstNode): boolean {
  return (
    kind === "CreateStmt" && node["relation"] === reference && reference["relpersistence"] === "t"
  );
}

/** DROP, COMMENT and SECURITY LABEL name their objects by lists of strings, without positions. */
function rewriteNamedObjects(
  work: Rewriting,
  kind: string,
  node: AstNode,
): readonly NamedRelation[] {
  if (kind !== "DropStmt" && kind !== "CommentStmt" && kind !== "SecLabelStmt") return [];
  const values = kind === "DropStmt" ? node["objects"] : [node["object"]];
  const relations: NamedRelation[] = [];
  for (const value of Array.isArray(values) ? values : []) {
    const names = namesOf({ list: asTyped(value)?.node["items"] ?? [] }, "list");
    for (let length = 1; length <= names.length; length++) {
      const parts = names.slice(0, length);
      const found = work.lookup.find(parts.at(-2) ?? "", parts.at(-1) ?? "");
      if (found.kind !== "windowed" && found.kind !== "hidden") continue;
      const { relation } = found;
      work.touched.add(relation);
      relations.push(relation);
      if (relation.isTableRenamed) work.dependsOnPhysical = true;
      if (relation.physicalName !== relation.logicalName) {
        refuseMention(work, relation, `table "${parts.at(-1)}"`, undefined);
      }
    }
  }
  return relations;
}

function refuseMention(
  work: Rewriting,
  relation: NamedRelation,
  what: string,
  offset: number | undefined,
): void {
  const pairs = relation.columns
    .filter(({ logical, physical }) => logical !== physical)
    .map(({ logical, physical }) => `${logical} is ${physical}`);
  if (relation.logicalName !== relation.physicalName) {
    pairs.unshift(`table ${relation.logicalName} is ${relation.physicalName}`);
  }
  work.refuseUncertain({
    detail: `It names ${what} of "${relation.logicalName}", which is being renamed (${pairs.join(", ")} now).`,
    hint: "Run it from a session without a version tag, under the names that the database has now.",
    offset,
  });
}
