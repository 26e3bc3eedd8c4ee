import { type AstNode, walk } from "../sql/ast.ts";
import type { NamedRelation } from "../version/naming.ts";
import { isMadeElsewhere, refuseGivenNames, refuseMadeRelation } from "./given-name.ts";
import { asTyped, isNode, listOf, locationOf, namesOf, nodeOf, stringOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { isTypeName, refuseRowTypesNow } from "./row-type.ts";
import { findTable, hideTable, lookUp, rewriteTableName } from "./table-reference.ts";
import {
  columnPlaces,
  exchangeColumn,
  referencedTables,
  sequenceOwner,
} from "./utility-columns.ts";

/**
 * DDL and the like on a table under a window. A renamed table's name is exchanged, and a column's where
 * it is certain to be one; anything else is refused.
 */
export function rewriteUtility(work: Rewriting, kind: string, node: AstNode): void {
  // A trigger's arguments are strings, which the tree has like names.
  const mentions = collectMentions(kind === "CreateTrigStmt" ? { ...node, args: [] } : node);
  refuseRowTypesNow(work, node);
  refuseGivenNames(work, kind, node);
  refuseMadeRelation(work, kind, node);
  const relations = new Map<unknown, NamedRelation>();
  for (const reference of mentions.tables) {
    work.handled.add(reference.node);
    if (isMadeElsewhere(work, kind, node, reference.node)) continue;
    const found = findTable(work, reference.node);
    if (found.kind !== "windowed" && found.kind !== "hidden") continue;
    if (found.kind === "hidden") hideTable(work, reference.node, found.relation);
    else rewriteTableName(work, reference.node, found.relation);
    relations.set(reference.node, found.relation);
    work.targets.set(found.relation.logicalName, found.relation);
    const hasColumns = found.relation.exchange.size > 0 || found.relation.chained.length > 0;
    if (hasColumns && (reference.isInQuery || reference.isLike)) {
      refuseMention(work, found.relation, "its columns", locationOf(reference.node));
    }
    refuseTableName(work, { kind, node, reference, relation: found.relation, mentions });
  }
  for (const [object, relation] of rewriteNamedObjects(work, kind, node)) {
    relations.set(object, relation);
  }
  // The name that a column is to get is one of the table's as well.
  const isColumn = node["renameType"] === "OBJECT_COLUMN";
  const words = isColumn ? [...mentions.words, stringOf(node, "newname")] : mentions.words;
  rewriteColumns(work, { kind, node, relations, words });
}

/** Exchanges the names of columns where each is certain to be one, and refuses the others. */
function rewriteColumns(
  work: Rewriting,
  statement: {
    readonly kind: string;
    readonly node: AstNode;
    readonly relations: ReadonlyMap<unknown, NamedRelation>;
    readonly words: readonly string[];
  },
): void {
  const { kind, node, relations } = statement;
  const places = columnPlaces(kind, node);
  const referenced = referencedTables(node);
  for (const relation of new Set(relations.values())) {
    const ofRelation = places.filter((place) => relations.get(place.table) === relation);
    const tables = [...relations].flatMap(([table, each]) => (each === relation ? [table] : []));
    // Of a table that is only referenced, no column is named but behind REFERENCES.
    const words = tables.every((table) => referenced.has(table))
      ? ofRelation.map(({ name }) => name)
      : statement.words;
    const inChain = chainedName(words, relation);
    if (inChain !== undefined) {
      // Nothing here could tell that the name is another column's by the time it runs.
      refuseMention(work, relation, `column "${inChain}"`, undefined);
      continue;
    }
    const names = new Set(words.filter((word) => relation.exchange.has(word)));
    for (const name of names) {
      const own = ofRelation.filter((place) => place.name === name);
      const isOwner = own.some(({ table }) => isOwnTable(kind, node, table));
      if (isOwner && namesByItself(kind, node)) {
        refuseMention(work, relation, "an object that is to be called after a column", undefined);
      } else if (!exchangeColumn(work, { name, relation, count: own.length })) {
        refuseMention(work, relation, `column "${name}"`, undefined);
      }
    }
  }
}

/** A name of the statement that is one of several which exchange their columns; undefined if none is. */
function chainedName(words: readonly string[], relation: NamedRelation): string | undefined {
  const names = relation.columns
    .filter(({ physical }) => relation.chained.includes(physical))
    .flatMap(({ physical, logical, otherName }) => [physical, logical, otherName]);
  return words.find((word) => names.includes(word));
}

/** Whether what the statement makes is this table's. */
function isOwnTable(kind: string, node: AstNode, table: unknown): boolean {
  return table === nodeOf(node, "relation") || kind === "CreateStatsStmt";
}

/** Refuses where a table of another name now can't take the place of the client's: it would show. */
function refuseTableName(
  work: Rewriting,
  place: {
    kind: string;
    node: AstNode;
    reference: { node: AstNode; isInQuery: boolean };
    relation: NamedRelation;
    mentions: Mentions;
  },
): void {
  const { kind, node, reference, relation, mentions } = place;
  if (relation.physicalName === relation.logicalName) return;
  const offset = locationOf(reference.node);
  // The table gets no alias here, so what is qualified by its name would not be found.
  const name = stringOf(reference.node, "relname");
  if (reference.isInQuery || mentions.qualifiers.includes(name)) {
    refuseMention(work, relation, `columns by the table's name "${name}"`, offset);
  }
  if (isOwnTable(kind, node, reference.node) && namesByItself(kind, node)) {
    refuseMention(work, relation, "an object that is to be called after the table", offset);
  }
}

/** Whether the server makes up a name, of the table's: of an index, a constraint, a sequence. */
function namesByItself(kind: string, node: AstNode): boolean {
  if (kind === "IndexStmt") return stringOf(node, "idxname") === "";
  if (kind === "CreateStatsStmt") return listOf(node, "defnames").length === 0;
  if (kind !== "AlterTableStmt") return false;
  let isFound = false;
  walk(node, (type, inner) => {
    const isConstraint = type === "Constraint" && stringOf(inner, "conname") === "";
    if (isConstraint && NAMED_CONSTRAINTS.has(stringOf(inner, "contype"))) isFound = true;
    const isSerial = namesOf(inner, "names").some((name) =>
      /^(small|big)?serial[248]?$/.test(name ?? ""),
    );
    if (isTypeName(inner) && isSerial) isFound = true;
  });
  return isFound;
}

const NAMED_CONSTRAINTS: ReadonlySet<string> = new Set([
  "CONSTR_CHECK",
  "CONSTR_EXCLUSION",
  "CONSTR_FOREIGN",
  "CONSTR_IDENTITY",
  "CONSTR_PRIMARY",
  "CONSTR_UNIQUE",
]);

/** `ALTER TABLE ... RENAME`: the flip itself passes as written, and so does what the server will refuse. */
export function rewriteRename(work: Rewriting, node: AstNode): void {
  const reference = asTyped({ RangeVar: node["relation"] })?.node;
  const newName = stringOf(node, "newname");
  if (reference !== undefined) {
    const found = lookUp(work, reference);
    if (found.kind === "windowed" || found.kind === "hidden") {
      const { relation } = found;
      const column = stringOf(node, "subname");
      const isColumnFlip = column !== "" && isFlip(relation, column, newName);
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

/** Whether a column of this name in the catalog gets the one that it has for a window's other versions. */
function isFlip(relation: NamedRelation, from: string, to: string): boolean {
  if (relation.chained.length === 0) return relation.exchange.get(from) === to;
  const column = relation.columns.find(({ physical }) => physical === from);
  return to !== from && [column?.logical, column?.otherName].includes(to);
}

interface Mentions {
  readonly tables: { node: AstNode; isInQuery: boolean; isLike: boolean }[];
  /** Every string of the tree that could be a column's name. */
  readonly words: string[];
  /** What stands before the last dot of column references, or alone: it can be a table's row. */
  readonly qualifiers: string[];
}

const QUERIES: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

function collectMentions(root: AstNode): Mentions {
  const mentions: Mentions = { tables: [], words: [], qualifiers: [] };
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
  if (typed?.type === "ColumnRef") {
    const [first, ...others] = namesOf(node, "fields").flatMap((name) => name ?? "*");
    if (first !== undefined) into.qualifiers.push(first, ...others.slice(0, -1));
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

const NAMES_OBJECTS: ReadonlySet<string> = new Set(["DropStmt", "CommentStmt", "SecLabelStmt"]);

/** DROP, COMMENT, SECURITY LABEL, GRANT ON TYPE and OWNED BY name their objects by lists of strings, without positions. */
function rewriteNamedObjects(
  work: Rewriting,
  kind: string,
  node: AstNode,
): ReadonlyMap<unknown, NamedRelation> {
  const relations = new Map<unknown, NamedRelation>();
  const isGrantOnType = kind === "GrantStmt" && node["objtype"] === "OBJECT_TYPE";
  const owner = sequenceOwner(kind, node);
  if (!NAMES_OBJECTS.has(kind) && !isGrantOnType && owner === undefined) return relations;
  const values = node["objects"] ?? [owner ?? node["object"]];
  for (const value of Array.isArray(values) ? values : []) {
    const names = namesOf({ list: asTyped(value)?.node["items"] ?? [] }, "list");
    for (let length = 1; length <= names.length; length++) {
      const parts = names.slice(0, length);
      const found = work.lookup.find(parts.at(-2) ?? "", parts.at(-1) ?? "");
      if (found.kind !== "windowed" && found.kind !== "hidden") continue;
      const { relation } = found;
      work.touched.add(relation);
      relations.set(value, relation);
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
  const now = pairs.length === 0 ? "" : ` (${pairs.join(", ")} now)`;
  work.refuseUncertain({
    detail: `It names ${what} of "${relation.logicalName}", which is being renamed${now}.`,
    hint: "Run it from a session without a version tag, under the names that the database has now.",
    offset,
  });
}
