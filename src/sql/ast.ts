/**
 * A node of libpg_query's parse tree as plain JSON. Members that are zero, false or empty are left
 * out; `location`s are UTF-16 indexes of the text (see `parse.ts`).
 */
export type AstNode = { readonly [member: string]: unknown };

export function isAstNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string member; "" if it is left out. */
export function stringMember(node: AstNode, member: string): string {
  const value = node[member];
  return typeof value === "string" ? value : "";
}

/** A node member, taken out of its type's wrapper if it has one. */
export function nodeMember(node: AstNode, member: string): AstNode | undefined {
  const value = node[member];
  return isAstNode(value) ? unwrap(value).node : undefined;
}

/** The nodes of a list member, with their types. */
export function listMember(node: AstNode, member: string): readonly TypedAst[] {
  const value = node[member];
  return Array.isArray(value) ? value.filter(isAstNode).map(unwrap) : [];
}

/** The strings of a list of String nodes: the parts of a qualified name. */
export function nameMember(node: AstNode, member: string): readonly string[] {
  return listMember(node, member)
    .filter(({ type }) => type === "String")
    .map((item) => stringMember(item.node, "sval"));
}

/** A node with the name of its type; "" where the tree does not say it. */
export interface TypedAst {
  readonly type: string;
  readonly node: AstNode;
}

/** `{"RangeVar": {...}}` taken apart; a bare node stays as it is. */
export function unwrap(value: AstNode): TypedAst {
  const [type, second] = Object.keys(value);
  if (type !== undefined && second === undefined && /^[A-Z]/.test(type)) {
    const node = value[type];
    if (isAstNode(node)) return { type, node };
  }
  return { type: "", node: value };
}

/** Visits every node, parents first. `member` is the name under which the parent has it. */
export function walk(root: AstNode, visit: (type: string, node: AstNode, member: string) => void) {
  // A stack of its own: a deep tree must not use up the program's.
  const left: { readonly value: unknown; readonly member: string }[] = [
    { value: root, member: "" },
  ];
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    const { value, member } = item;
    if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--) {
        left.push({ value: value[index], member });
      }
    } else if (isAstNode(value)) {
      const { type, node } = unwrap(value);
      visit(type, node, member);
      const members = Object.keys(node);
      for (let index = members.length - 1; index >= 0; index--) {
        const name = members[index] ?? "";
        const child = node[name];
        if (typeof child === "object" && child !== null) left.push({ value: child, member: name });
      }
    }
  }
}
