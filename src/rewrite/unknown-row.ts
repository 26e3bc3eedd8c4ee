import type { AstNode } from "../sql/ast.ts";
import { listOf, locationOf, namesOf, type TypedNode, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { type Columns, findItem, hasColumn, type Scope, type ScopeItem } from "./scope.ts";

/*
 * A function's result, a composite column and a row of a subquery can be rows of a table under a window, which have its
 * physical names. Of one rename, a name that is not there any more is an error; of a chain (a to b, b to c) it would be
 * another column's.
 */

/** Refuses a bare column name that only what has unknown columns could have. */
export function refuseUnknownColumn(
  work: Rewriting,
  name: string,
  { scope, offset }: { readonly scope: Scope | undefined; readonly offset: number | undefined },
): void {
  if (!work.lookup.chainNames.has(name)) return;
  for (let level = scope; level !== undefined; level = level.outer) {
    if (level.items.some((item) => hasColumn(item, name) === "yes")) return;
    if (level.items.some((item) => isDoubtful(item, name))) refuse(work, name, offset);
  }
}

/** The same for `item.column`. */
export function refuseUnknownMember(
  work: Rewriting,
  name: string,
  { item, offset }: { readonly item: ScopeItem; readonly offset: number | undefined },
): void {
  if (isUnknown(item.columns, name)) refuseInChain(work, name, offset);
}

/** The same for the columns that USING or NATURAL joins by; `using` is undefined for NATURAL. */
export function refuseUnknownMerge(
  work: Rewriting,
  using: readonly string[] | undefined,
  sides: readonly Columns[],
): void {
  for (const name of using ?? work.lookup.chainNames) {
    const isShared = using !== undefined || sides.some(({ names }) => names.includes(name));
    if (isShared && sides.some((columns) => isUnknown(columns, name)))
      refuseInChain(work, name, undefined);
  }
}

/** `(row).field`: right where the row is an item of FROM whose columns are known. */
export function refuseUnknownField(work: Rewriting, node: AstNode, scope: Scope | undefined): void {
  const steps = listOf(node, "indirection");
  for (const [position, step] of steps.entries()) {
    const name = fieldOf(step);
    if (name === undefined) continue;
    const isKnown = position === 0 && isOfKnownRow(typedOf(node, "arg"), name, scope);
    if (!isKnown) refuseInChain(work, name, locationOf(typedOf(node, "arg")?.node ?? {}));
  }
}

/** `field(row)` is `(row).field` to the server where no function has that name. */
export function refuseFieldCall(work: Rewriting, call: AstNode): void {
  const [name, schema] = [...namesOf(call, "funcname")].reverse();
  const [row, another] = listOf(call, "args");
  if (name === undefined || schema !== undefined || another !== undefined) return;
  if (row !== undefined && CAN_BE_ROW.has(row.type)) refuseInChain(work, name, locationOf(call));
}

const CAN_BE_ROW: ReadonlySet<string> = new Set([
  "A_Indirection",
  "ColumnRef",
  "FuncCall",
  "ParamRef",
  "SubLink",
]);

/** `SET column.field = …` and `INSERT INTO t (column.field)`. */
export function refuseAssignedField(work: Rewriting, target: AstNode): void {
  for (const step of listOf(target, "indirection")) {
    const name = fieldOf(step);
    if (name !== undefined) refuseInChain(work, name, locationOf(target));
  }
}

function fieldOf({ type, node }: TypedNode): string | undefined {
  const name = type === "String" ? node["sval"] : undefined;
  return typeof name === "string" ? name : undefined;
}

function isOfKnownRow(
  row: TypedNode | undefined,
  field: string,
  scope: Scope | undefined,
): boolean {
  if (row?.type !== "ColumnRef") return false;
  const parts = namesOf(row.node, "fields");
  const isStar = parts.at(-1) === undefined;
  const name = parts.at(isStar ? -2 : -1);
  if (name === undefined || parts.length > (isStar ? 2 : 1)) return false;
  for (let level = scope; !isStar && level !== undefined; level = level.outer) {
    if (level.items.some((item) => hasColumn(item, name) === "yes")) return false;
  }
  const item = findItem(scope, name);
  return item !== undefined && !isUnknown(item.columns, field);
}

function isDoubtful(item: ScopeItem, name: string): boolean {
  return !item.isQualifiedOnly && isUnknown(item.columns, name);
}

function isUnknown({ names, canBeRow }: Columns, name: string): boolean {
  return canBeRow === true && !names.includes(name);
}

function refuseInChain(work: Rewriting, name: string, offset: number | undefined): void {
  if (work.lookup.chainNames.has(name)) refuse(work, name, offset);
}

function refuse(work: Rewriting, name: string, offset: number | undefined): void {
  work.refuseUncertain({
    detail: `Whose column or field "${name}" is can't be told, and its name changes hands in a table that is being renamed.`,
    hint: "Give what it is of an alias with a list of its columns, in FROM; call a function by its schema and name.",
    offset,
  });
}
