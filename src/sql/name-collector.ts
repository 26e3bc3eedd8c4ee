import { type AstNode, isAstNode, type TypedAst, unwrap } from "./ast.ts";
import type { NameScope } from "./name-scope.ts";
import type { NameUse, TableName } from "./name-use.ts";

/**
 * The names found so far, and the nodes that are still to be walked: a stack of its own, since a deep tree
 * must not use up the program's.
 */
export class NameCollector {
  /** The statement runs more than what stands in it. */
  isHiding = false;
  readonly #uses = new Map<string, NameUse>();
  readonly #left: { readonly value: unknown; readonly scope: NameScope }[] = [];

  get uses(): readonly NameUse[] {
    return [...this.#uses.values()];
  }

  push(value: unknown, scope: NameScope): void {
    if (typeof value === "object" && value !== null) this.#left.push({ value, scope });
  }

  /** All members but those that the caller sees to itself. */
  pushMembers(node: AstNode, scope: NameScope, except: readonly string[] = []): void {
    for (const name of Object.keys(node)) if (!except.includes(name)) this.push(node[name], scope);
  }

  next(): (TypedAst & { readonly scope: NameScope }) | undefined {
    for (let item = this.#left.pop(); item !== undefined; item = this.#left.pop()) {
      const { value, scope } = item;
      if (isAstNode(value)) return { ...unwrap(value), scope };
      if (Array.isArray(value)) for (const each of value) this.push(each, scope);
    }
    return undefined;
  }

  table(table: TableName): void {
    this.#add({ tables: [table], column: undefined, isWholeRow: false });
  }

  /** Of one of these tables. */
  column(tables: readonly TableName[], column: string): void {
    if (tables.length === 0 || column === "") return;
    this.#add({ tables: distinct(tables), column, isWholeRow: false });
  }

  /** Of each of these tables. */
  wholeRow(tables: readonly TableName[]): void {
    for (const table of tables) this.#add({ tables: [table], column: undefined, isWholeRow: true });
  }

  #add(use: NameUse): void {
    const tables = use.tables.map(({ schema, table }) => `${schema}\0${table}`).join("\0\0");
    this.#uses.set(`${tables}\0\0\0${use.isWholeRow}\0${use.column ?? ""}`, use);
  }
}

function distinct(tables: readonly TableName[]): readonly TableName[] {
  const byName = new Map(tables.map((each) => [`${each.schema}\0${each.table}`, each]));
  // In one order, whatever that of the text: it is the same use.
  return [...byName.keys()].sort().flatMap((key) => byName.get(key) ?? []);
}
