import type { AstNode } from "../sql/ast.ts";

/**
 * Reads a parse tree without casts: libpg_query gives plain JSON, in which a member may be a bare node
 * (`{relname: ...}`) or a node under its type's name (`{"RangeVar": {relname: ...}}`), and leaves out
 * whatever is zero, false or empty.
 */
export interface TypedNode {
  readonly type: string;
  readonly node: AstNode;
}

export function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string member; "" if it is left out. */
export function stringOf(node: AstNode, member: string): string {
  const value = node[member];
  return typeof value === "string" ? value : "";
}

/** A position; undefined where the grammar has none. Location 0 is left out by libpg_query. */
export function locationOf(node: AstNode): number | undefined {
  const value = node["location"] ?? 0;
  return typeof value === "number" && value >= 0 ? value : undefined;
}

export function flagOf(node: AstNode, member: string): boolean {
  return node[member] === true;
}

/** A member that is a bare node: its type follows from the member. */
export function nodeOf(node: AstNode, member: string): AstNode | undefined {
  const value = node[member];
  return isNode(value) ? value : undefined;
}

/** A member that is a node under its type's name. */
export function typedOf(node: AstNode, member: string): TypedNode | undefined {
  return asTyped(node[member]);
}

/** The nodes of a list member. */
export function listOf(node: AstNode, member: string): readonly TypedNode[] {
  const value = node[member];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => asTyped(item) ?? []);
}

/** The strings of a list of String nodes; other nodes (such as `*`) give undefined. */
export function namesOf(node: AstNode, member: string): readonly (string | undefined)[] {
  return listOf(node, member).map(({ type, node: item }) =>
    type === "String" ? stringOf(item, "sval") : undefined,
  );
}

/** `{"RangeVar": {...}}` taken apart; undefined for anything else. */
export function asTyped(value: unknown): TypedNode | undefined {
  if (!isNode(value)) return undefined;
  const [type, another] = Object.keys(value);
  if (type === undefined || another !== undefined || !/^[A-Z]/.test(type)) return undefined;
  const node = value[type];
  return isNode(node) ? { type, node } : undefined;
}

/** Bare members whose type is not written in the tree. */
const BARE_TYPES: Readonly<Record<string, string>> = {
  relation: "RangeVar",
  rel: "RangeVar",
  pktable: "RangeVar",
  larg: "SelectStmt",
  rarg: "SelectStmt",
  typeName: "TypeName",
  withClause: "WithClause",
};

/** Every child node with its type, in the order of the tree. Lists are flattened. */
export function childrenOf({ node }: TypedNode): readonly TypedNode[] {
  const children: TypedNode[] = [];
  for (const [member, value] of Object.entries(node)) collect(member, value, children);
  return children;
}

function collect(member: string, value: unknown, into: TypedNode[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect("", item, into);
    return;
  }
  const typed = asTyped(value);
  if (typed !== undefined) into.push(typed);
  else if (isNode(value)) into.push({ type: BARE_TYPES[member] ?? member, node: value });
}
