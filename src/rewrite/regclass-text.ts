import type { AstNode } from "../sql/ast.ts";
import { locationOf, namesOf, nodeOf, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { exchangedBy } from "./shown-definitions.ts";

/**
 * Lets `x.oid::regclass::text` show a renamed table's name of the version. What stays a regclass has no
 * other text than the server's, so it shows the physical name.
 */
export function exchangeRegclassTexts(work: Rewriting, casts: readonly AstNode[]): void {
  for (const cast of casts) {
    const place = placeOf(work, cast);
    const text = exchangedBy("x.of", "x.def", TABLE_NAME, work.lookup.windowed);
    if (place === undefined || text === undefined) continue;
    const { start, end, column, name } = place;
    work.insert(start, `(SELECT ${text} AS ${name} FROM (SELECT `);
    work.insert(end, ` AS def, ${column} AS of) x)`);
    work.showsNames = true;
  }
}

const TABLE_NAME = { table: ["^", "$"], hasColumns: false } as const;

/** Where `column::regclass::text` begins and ends; undefined for everything else. */
function placeOf(
  work: Rewriting,
  cast: AstNode,
): { start: number; end: number; column: string; name: string } | undefined {
  const inner = nodeOf(nodeOf(cast, "arg") ?? {}, "TypeCast");
  const column = inner === undefined ? undefined : typedOf(inner, "arg");
  if (inner === undefined || column?.type !== "ColumnRef") return undefined;
  const toText = typeAt(work, cast, "text");
  const toRegclass = typeAt(work, inner, "regclass");
  if (toText === undefined || toRegclass === undefined) return undefined;
  const { source } = work;
  const parts = namesOf(column.node, "fields").map((part) => part ?? "*");
  const indexes = source.dottedName(locationOf(column.node), parts);
  const first = indexes?.[0] ?? -1;
  const last = indexes?.at(-1) ?? -1;
  // Column, cast, type, cast, type, and nothing in between.
  const isChain = toRegclass.first === last + 2 && toText.first === toRegclass.last + 2;
  const start = source.token(first)?.start;
  const columnEnd = source.token(last)?.end;
  const end = source.token(toText.last)?.end;
  if (!isChain || parts.length > 2 || parts.includes("*")) return undefined;
  if (start === undefined || columnEnd === undefined || end === undefined) return undefined;
  if (work.exchanged.has(column.node)) return undefined;
  return { start, end, column: source.text.slice(start, columnEnd), name: source.spelling(last) };
}

/** The tokens of a cast's type, if it is this one. */
function typeAt(
  work: Rewriting,
  cast: AstNode,
  name: string,
): { first: number; last: number } | undefined {
  const typeName = nodeOf(cast, "typeName");
  if (typeName === undefined) return undefined;
  const names = namesOf(typeName, "names").map((part) => part ?? "");
  if (names.at(-1) !== name || Array.isArray(typeName["arrayBounds"])) return undefined;
  const indexes = work.source.dottedName(locationOf(typeName), names);
  const first = indexes?.[0];
  const last = indexes?.at(-1);
  return first === undefined || last === undefined ? undefined : { first, last };
}
