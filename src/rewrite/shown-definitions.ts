import type { AstNode } from "../sql/ast.ts";
import { quoteIdentifier } from "../sql/tokens.ts";
import type { NamedColumn, NamedRelation } from "../version/naming.ts";
import { isInChain, nameInFunctions } from "./current-name.ts";
import { REASONS } from "./explanation.ts";
import { listOf, locationOf, namesOf, type TypedNode, typedOf } from "./node.ts";
import type { Rewriting } from "./rewriting.ts";
import { escapedName, literal } from "./server-literal.ts";

/**
 * Functions that give a definition as SQL text: in it, the names of the table that it belongs to are
 * exchanged by the server, in a subquery around the call.
 *
 * Such a text names a table's columns bare. What stands in a string, before a parenthesis or behind a
 * full stop or colon is something else, and so is a word that SQL itself writes in definitions.
 */
interface Definition {
  /** Which argument says whose definition it is. */
  readonly argument: number;
  /** Where the server keeps which table that belongs to; undefined where the argument is the table. */
  readonly kept:
    | { readonly catalog: string; readonly key: string; readonly table: string }
    | undefined;
  /** What stands before a column's name, where not everything may. */
  readonly before?: string;
  /** What stands before and behind the table's own name in it. */
  readonly table?: readonly [string, string];
  /** False where no column's name can stand in it. */
  readonly hasColumns?: boolean;
}

type Spelling = Pick<Definition, "before" | "table" | "hasColumns">;

export const INDEX_DEFINITION: Spelling = {
  before: "(?<!INDEX )",
  table: [" ON (?:ONLY )?", " USING "],
};

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  pg_get_constraintdef: {
    argument: 0,
    kept: { catalog: "pg_constraint", key: "oid", table: "conrelid" },
    before: "(?<! REFERENCES [^(]*\\([^)]*)",
  },
  pg_get_expr: { argument: 1, kept: undefined },
  pg_get_indexdef: {
    argument: 0,
    kept: { catalog: "pg_index", key: "indexrelid", table: "indrelid" },
    ...INDEX_DEFINITION,
  },
  pg_get_partition_constraintdef: { argument: 0, kept: undefined },
  pg_get_partkeydef: { argument: 0, kept: undefined },
  pg_get_triggerdef: {
    argument: 0,
    kept: { catalog: "pg_trigger", key: "oid", table: "tgrelid" },
    before: "(?<!TRIGGER )",
    table: [" ON ", " "],
  },
};

/** The end of a foreign key: it is about the table that is referred to. */
const REFERRED: Spelling = {
  before: "(?<= REFERENCES [^(]*\\([^)]*)",
  table: [" REFERENCES ", "\\("],
};

export const DEFINITION_NAMES: readonly string[] = Object.keys(DEFINITIONS);

/**
 * Lower-case words that the server writes in definitions and that are no names of columns: parts of types'
 * names, fields of EXTRACT, index methods and their options. All other words of SQL's own are in capitals.
 */
const WORDS_OF_SQL: ReadonlySet<string> = new Set(
  `autosummarize bloom brin btree buffering century day deduplicate_items decade dow doy epoch fastupdate
  fillfactor gin gin_pending_list_limit gist hash hour isodow isoyear julian microseconds millennium
  milliseconds minute month new old pages_per_range quarter second spgist timezone timezone_hour
  timezone_minute varying week without year zone`.split(/\s+/),
);

/** Lets calls of such functions show a version's names. */
export function exchangeDefinitions(work: Rewriting, calls: readonly AstNode[]): void {
  for (const call of calls) {
    const names = namesOf(call, "funcname");
    const name = names.at(-1) ?? "";
    const definition = DEFINITIONS[name];
    if (definition === undefined || (names.length > 1 && names[0] !== "pg_catalog")) continue;
    const argument = listOf(call, "args")[definition.argument];
    if (argument === undefined || !isPlain(work, argument)) continue;
    const place = placeOf(work, call, definition.argument);
    // By itself a constant in quotation marks would be a text.
    const type = argument.type === "A_Const" ? "::pg_catalog.oid" : "";
    const oid = `${place?.argument ?? ""}${type}`;
    const closing = closingFor(name, definition, work.lookup.windowed, oid);
    if (place === undefined || closing === undefined) continue;
    work.insert(place.start, closing.opening, REASONS.definition);
    work.insert(place.end, closing.text, REASONS.definition);
    work.showsNames = true;
  }
}

/** What can stand twice in a statement: a column, a parameter or a constant. */
function isPlain(work: Rewriting, { type, node }: TypedNode): boolean {
  switch (type) {
    case "ColumnRef": {
      const parts = namesOf(node, "fields");
      return parts.length <= 2 && !parts.includes(undefined) && !work.exchanged.has(node);
    }
    case "A_Const":
      return !work.exchanged.has(node);
    case "ParamRef":
      return true;
    case "TypeCast": {
      const inner = typedOf(node, "arg");
      return inner !== undefined && isPlain(work, inner);
    }
    default:
      return false;
  }
}

/** Where a call begins and ends, and the text of one of its arguments. */
function placeOf(
  work: Rewriting,
  call: AstNode,
  index: number,
): { start: number; end: number; argument: string } | undefined {
  const { source } = work;
  const parts = namesOf(call, "funcname").map((part) => part ?? "");
  const indexes = source.dottedName(locationOf(call), parts);
  const open = (indexes?.at(-1) ?? -2) + 1;
  const close = source.closingParenthesis(open);
  const items = source.listItems(open);
  const first = source.token(items[index] ?? -1);
  const behind = source.token((items[index + 1] ?? close + 1) - 1);
  const start = source.token(indexes?.[0] ?? -1)?.start;
  const end = source.token(close)?.end;
  if (first === undefined || behind === undefined) return undefined;
  if (start === undefined || end === undefined || source.spelling(open) !== "(") return undefined;
  return { start, end, argument: source.text.slice(first.start, behind.start) };
}

/** What is written around a call: a subquery with one row and a column that has the function's name. */
function closingFor(
  name: string,
  definition: Definition,
  windowed: readonly NamedRelation[],
  argument: string,
): { opening: string; text: string } | undefined {
  const { kept } = definition;
  const table = kept === undefined ? "x.of" : `k.${kept.table}`;
  let text = exchangedBy(table, "x.def", definition, windowed);
  let from = ` AS def, ${argument} AS of) x`;
  if (kept !== undefined) {
    const { catalog, key } = kept;
    from += ` LEFT JOIN pg_catalog.${catalog} k ON k.${key} OPERATOR(pg_catalog.=) x.of`;
  }
  let opening = `FROM (SELECT `;
  if (name === "pg_get_constraintdef") {
    const referred = exchangedBy("y.other", "y.def", REFERRED, windowed);
    if (text === undefined && referred === undefined) return undefined;
    opening = `FROM (SELECT ${text ?? "x.def"} AS def, k.confrelid AS other ${opening}`;
    from += `) y`;
    text = referred ?? "y.def";
  }
  if (text === undefined) return undefined;
  return { opening: `(SELECT ${text} AS ${name} ${opening}`, text: `${from})` };
}

/** `text` with the names of whatever table has that OID; undefined where none has others. */
export function exchangedBy(
  oid: string,
  text: string,
  definition: Spelling,
  windowed: readonly NamedRelation[],
): string | undefined {
  const branches = windowed.flatMap((table) => {
    const exchanged = exchangedText(text, definition, table);
    if (exchanged === text) return [];
    const isTable = `${oid} OPERATOR(pg_catalog.=) ${literal(String(table.oid))}::pg_catalog.oid`;
    return [`WHEN ${isTable} THEN ${exchanged}`];
  });
  return branches.length === 0 ? undefined : `CASE ${branches.join(" ")} ELSE ${text} END`;
}

/** A text of the server's with a table's names exchanged. */
export function exchangedText(
  text: string,
  { before = "", table, hasColumns = true }: Spelling,
  relation: NamedRelation,
): string {
  let result = text;
  for (const column of hasColumns ? firstToLast(relation.columns) : []) {
    const { logical, otherName } = column;
    if (otherName === undefined || WORDS_OF_SQL.has(otherName)) continue;
    const other = wholeWord(before, otherName);
    // Where it has its own name, the other one in the text is another column's.
    const pattern = isInChain(relation, column)
      ? `CASE ${nameInFunctions(relation, column)} WHEN ${literal(otherName)} THEN ${other} ELSE ${wholeWord(before, logical)} END`
      : other;
    result = replaced(result, pattern, replacement(logical), "g");
  }
  if (table !== undefined && relation.otherName !== undefined) {
    const [behind, ahead] = table;
    const schema = `(?:${escaped(relation.schema)}\\.)?`;
    const pattern = `(${behind}${schema})${escaped(relation.otherName)}(?=${ahead})`;
    result = replaced(result, literal(pattern), `\\1${replacement(relation.logicalName)}`, "");
  }
  return result;
}

/** Columns in such an order that none is given a name which is still to be taken from another one. */
function firstToLast(columns: readonly NamedColumn[]): readonly NamedColumn[] {
  const ordered = new Set<NamedColumn>();
  const met = new Set<NamedColumn>();
  const add = (column: NamedColumn) => {
    if (met.has(column)) return;
    met.add(column);
    for (const other of columns) if (other.otherName === column.logical) add(other);
    ordered.add(column);
  };
  for (const column of columns) add(column);
  return [...ordered];
}

/** A column's name where it stands by itself, as a regular expression in SQL. */
function wholeWord(before: string, name: string): string {
  return literal(`${before}${NOT_IN_WORD}${escaped(name)}${NOT_GOING_ON}${NOT_IN_QUOTES}`);
}

const NOT_IN_WORD = `(?<![[:alnum:]_$".:])(?<!TABLESPACE )(?<!COLLATE )`;
const NOT_GOING_ON = `(?![[:alnum:]_$"(.])(?! =>)`;
/** An even number of each kind of quotation marks follows. */
const NOT_IN_QUOTES = `(?=(?:[^']*'[^']*')*[^']*$)(?=(?:[^"]*"[^"]*")*[^"]*$)`;

function replaced(text: string, pattern: string, by: string, flags: string): string {
  const parts = [text, pattern, literal(by), literal(flags)];
  return `pg_catalog.regexp_replace(${parts.join(", ")})`;
}

/** A name as definitions spell it, in a regular expression. */
function escaped(name: string): string {
  return escapedName(quoteIdentifier(name));
}

function replacement(name: string): string {
  return quoteIdentifier(name).replaceAll("\\", "\\\\");
}
