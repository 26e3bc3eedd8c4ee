import { type AstNode, listMember, nameMember, nodeMember } from "../../sql/ast.ts";
import { nameText, type RelationName } from "../relation-name.ts";
import type { Subject } from "../rule.ts";
import { relationFacts } from "./exempt.ts";

/** A type as `format_type` names it: `character varying` and [20]. */
export interface ColumnType {
  readonly base: string;
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

/** The parser's names for types that have another one in SQL. */
const NAMES: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  varchar: "character varying",
  bpchar: "character",
  varbit: "bit varying",
  decimal: "numeric",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
  time: "time without time zone",
  timetz: "time with time zone",
};

/** The type that a TypeName node names. */
export function writtenType(typeName: AstNode): ColumnType {
  const names = nameMember(typeName, "names");
  const own = names.at(-1) ?? "";
  const isOwn = names.length === 1 || names[0] === "pg_catalog";
  const modifiers = listMember(typeName, "typmods").map(({ node }) =>
    Number(nodeMember(node, "ival")?.["ival"] ?? 0),
  );
  return {
    base: isOwn ? (NAMES[own] ?? own) : names.join("."),
    modifiers,
    isArray: typeName["arrayBounds"] !== undefined,
  };
}

/** `timestamp(3) with time zone`, `numeric(10,2)[]` */
export function parseType(text: string): ColumnType {
  const isArray = text.endsWith("[]");
  const [, before = "", modifiers = "", after = ""] =
    /^([^(]*)(?:\(([-\d,]+)\))?(.*)$/.exec(text.replace(/(\[\])+$/, "")) ?? [];
  return {
    base: `${before}${after}`.trim(),
    modifiers: modifiers === "" ? [] : modifiers.split(",").map(Number),
    isArray,
  };
}

export function typeText({ base, modifiers, isArray }: ColumnType): string {
  const [first = "", ...rest] = base.split(" with");
  const bounds = modifiers.length === 0 ? "" : `(${modifiers.join(",")})`;
  const isTime = base.startsWith("time");
  const name =
    isTime && rest.length > 0 ? `${first}${bounds} with${rest.join(" with")}` : base + bounds;
  return isArray ? `${name}[]` : name;
}

/** What a column is now; undefined where it is not known. */
export function currentType(
  table: RelationName,
  column: string,
  subject: Subject,
): ColumnType | undefined {
  const found = relationFacts(table, subject)?.columns?.find(({ name }) => name === column);
  return found && parseType(found.type);
}

const ANY_LENGTH: ReadonlySet<string> = new Set(["character varying", "bit varying", "numeric"]);

/**
 * Whether the bytes of every value stay as they are, so that the table is not written anew: text and
 * varchar, a longer varchar, more digits of numeric at the same scale, cidr to inet.
 */
export function isBinaryCompatible(from: ColumnType, to: ColumnType): boolean {
  if (from.isArray !== to.isArray) return false;
  if (from.base === to.base) return isWiderOrSame(from, to);
  if (from.isArray) return false;
  const isUnlimited = to.modifiers.length === 0;
  switch (`${from.base} to ${to.base}`) {
    case "character varying to text":
    case "cidr to inet":
    case "xml to text":
    case "integer to oid":
    case "oid to integer":
      return true;
    case "text to character varying":
    case "xml to character varying":
      return isUnlimited;
    default:
      return false;
  }
}

function isWiderOrSame(from: ColumnType, to: ColumnType): boolean {
  const [size, scale = 0] = from.modifiers;
  const [newSize, newScale = 0] = to.modifiers;
  if (size === newSize && scale === newScale) return true;
  if (from.isArray) return false;
  const isTime = /^time/.test(to.base);
  if (newSize === undefined) return ANY_LENGTH.has(to.base) || isTime;
  if (size === undefined || newSize < size || scale !== newScale) return false;
  return ANY_LENGTH.has(to.base) || isTime;
}

/** Types in the order of what they hold: a later one holds all values of an earlier one. */
const LADDERS: readonly (readonly string[])[] = [
  ["smallint", "integer", "bigint", "numeric"],
  ["real", "double precision"],
  ["date", "timestamp without time zone"],
  ["date", "timestamp with time zone"],
  ["character", "character varying", "text"],
  ["json", "text"],
  ["uuid", "text"],
];

/** Types that hold fewer values than some other one that a column could have had. */
const NARROW: ReadonlySet<string> = new Set([
  "smallint",
  "integer",
  "real",
  "date",
  "character",
  "boolean",
  "time without time zone",
]);

/** Whether the new type does not hold all that the old one does; of an old one that is not known, whether it may. */
export function isNarrower(from: ColumnType | undefined, to: ColumnType): boolean {
  if (from === undefined) return NARROW.has(to.base) || to.modifiers.length > 0;
  if (from.base === to.base) {
    const [size, scale = 0] = from.modifiers;
    const [newSize, newScale = 0] = to.modifiers;
    if (newSize === undefined) return false;
    return size === undefined || newSize - newScale < size - scale || newScale < scale;
  }
  if (to.base === "text") return false;
  const isUp = LADDERS.some((ladder) => {
    const [low, high] = [ladder.indexOf(from.base), ladder.indexOf(to.base)];
    return low >= 0 && high > low;
  });
  return !isUp || to.modifiers.length > 0;
}

export function columnText(table: RelationName, column: string): string {
  return `${nameText(table)}.${column}`;
}
