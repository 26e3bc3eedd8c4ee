import { rememberingLast } from "../base/last-answer.ts";

/**
 * PostgreSQL's lexical structure (`scan.l`) over a JavaScript string, for finding where things stand.
 * Strings follow standard_conforming_strings = on, as the parser does.
 */
export type TokenKind =
  | "identifier"
  | "quoted_identifier"
  | "string"
  | "number"
  | "parameter"
  | "operator"
  | "punctuation";

export interface Token {
  readonly kind: TokenKind;
  /** UTF-16 index of its first character, and one past its last. */
  readonly start: number;
  readonly end: number;
}

const OPERATOR = "+-*/<>=~!@#%^&|`?";
const BLANK = " \t\n\r\f\v";

/** The tokens of a text; blanks and comments are left out. An unterminated one reaches to the end. */
export const tokenize: (text: string) => readonly Token[] = rememberingLast(readTokens);

function readTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let token = tokenFrom(text, 0); token !== undefined; token = tokenFrom(text, token.end)) {
    tokens.push(token);
  }
  return tokens;
}

/** The first token at `from` or after it; undefined where only blanks and comments are left. */
export function tokenFrom(text: string, from: number): Token | undefined {
  let position = from;
  while (position < text.length) {
    const start = position;
    const character = text[position] ?? "";
    if (BLANK.includes(character)) {
      position += 1;
      continue;
    }
    const commentEnd = endOfComment(text, position);
    if (commentEnd !== undefined) {
      position = commentEnd;
      continue;
    }
    const [kind, end] = tokenAt(text, start, character);
    return { kind, start, end };
  }
  return undefined;
}

/** The text with blanks in the place of comments: every token stays where it is. */
export function withoutComments(text: string): string {
  let plain = "";
  let done = 0;
  for (const { start, end } of tokenize(text)) {
    plain += blank(text.slice(done, start)) + text.slice(start, end);
    done = end;
  }
  return plain + blank(text.slice(done));
}

function blank(gap: string): string {
  return gap.replaceAll(/[^\s]/g, " ");
}

function tokenAt(text: string, start: number, character: string): readonly [TokenKind, number] {
  const next = text[start + 1] ?? "";
  if (character === "'") return ["string", endOfString(text, start, false)];
  if (character === '"') return ["quoted_identifier", endOfQuoted(text, start, '"')];
  if ("eE".includes(character) && next === "'")
    return ["string", endOfString(text, start + 1, true)];
  if ("bBxXnN".includes(character) && next === "'") {
    return ["string", endOfString(text, start + 1, false)];
  }
  if ("uU".includes(character) && next === "&") {
    const quote = text[start + 2];
    if (quote === "'") return ["string", endOfString(text, start + 2, false)];
    if (quote === '"') return ["quoted_identifier", endOfQuoted(text, start + 2, '"')];
  }
  if (character === "$") {
    if (isDigit(next)) return ["parameter", endOfDigits(text, start + 1)];
    const end = endOfDollarQuoted(text, start);
    if (end !== undefined) return ["string", end];
    return ["punctuation", start + 1];
  }
  if (isDigit(character) || (character === "." && isDigit(next))) {
    return ["number", endOfNumber(text, start)];
  }
  if (isIdentifierStart(character)) {
    let end = start + 1;
    while (end < text.length && isIdentifierPart(text[end] ?? "")) end += 1;
    return ["identifier", end];
  }
  const pair = character + next;
  if (pair === "::" || pair === ":=" || pair === "..") return ["punctuation", start + 2];
  if (OPERATOR.includes(character)) return ["operator", endOfOperator(text, start)];
  return ["punctuation", start + 1];
}

/** The end of a comment that starts here; undefined where none does. Block comments nest. */
function endOfComment(text: string, start: number): number | undefined {
  if (text.startsWith("--", start)) {
    let end = start;
    while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end += 1;
    return end;
  }
  if (!text.startsWith("/*", start)) return undefined;
  let depth = 1;
  let position = start + 2;
  while (position < text.length && depth > 0) {
    if (text.startsWith("/*", position)) {
      depth += 1;
      position += 2;
    } else if (text.startsWith("*/", position)) {
      depth -= 1;
      position += 2;
    } else {
      position += 1;
    }
  }
  return position;
}

function endOfString(text: string, quote: number, hasEscapes: boolean): number {
  let position = quote + 1;
  while (position < text.length) {
    const character = text[position];
    if (hasEscapes && character === "\\") position += 2;
    else if (character !== "'") position += 1;
    else if (text[position + 1] === "'") position += 2;
    else return position + 1;
  }
  return text.length;
}

function endOfQuoted(text: string, quote: number, mark: string): number {
  let position = quote + 1;
  while (position < text.length) {
    if (text[position] !== mark) position += 1;
    else if (text[position + 1] === mark) position += 2;
    else return position + 1;
  }
  return text.length;
}

function endOfDollarQuoted(text: string, start: number): number | undefined {
  let tagEnd = start + 1;
  while (tagEnd < text.length && text[tagEnd] !== "$") {
    const character = text[tagEnd] ?? "";
    const isPart = tagEnd === start + 1 ? isIdentifierStart(character) : isTagPart(character);
    if (!isPart) return undefined;
    tagEnd += 1;
  }
  if (tagEnd >= text.length) return undefined;
  const tag = text.slice(start, tagEnd + 1);
  const close = text.indexOf(tag, tagEnd + 1);
  return close === -1 ? text.length : close + tag.length;
}

/** An operator, without a comment that begins in it and with the rule on trailing + and -. */
function endOfOperator(text: string, start: number): number {
  let end = start;
  while (end < text.length && OPERATOR.includes(text[end] ?? "")) {
    if (end > start && (text.startsWith("--", end) || text.startsWith("/*", end))) break;
    end += 1;
  }
  while (end > start + 1 && "+-".includes(text[end - 1] ?? "")) {
    if (/[~!@#%^&|`?]/.test(text.slice(start, end - 1))) break;
    end -= 1;
  }
  return end;
}

function endOfNumber(text: string, start: number): number {
  const rest = text.slice(start, start + 128);
  const special = /^0(?:[xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)/.exec(rest);
  if (special !== null) return start + special[0].length;
  const decimal = /^(?:\d(?:_?\d)*)?(?:\.(?!\.)(?:\d(?:_?\d)*)?)?(?:[eE][+-]?\d(?:_?\d)*)?/.exec(
    rest,
  );
  return start + Math.max(1, decimal?.[0].length ?? 1);
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text[end] ?? "")) end += 1;
  return end;
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9" && character.length === 1;
}

function isIdentifierStart(character: string): boolean {
  const isLetter = character >= "a" && character <= "z";
  const isCapital = character >= "A" && character <= "Z";
  return isLetter || isCapital || character === "_" || character >= "\u0080";
}

function isTagPart(character: string): boolean {
  return isIdentifierStart(character) || isDigit(character);
}

function isIdentifierPart(character: string): boolean {
  return isTagPart(character) || character === "$";
}

/** NAMEDATALEN - 1. */
const NAME_SIZE_MAX = 63;

/**
 * The name that an identifier token stands for: folded or unquoted, and cut as the server cuts it
 * (`truncate_identifier`: at 63 bytes, never inside a character).
 */
export function identifierName(text: string, token: Token): string {
  const raw = text.slice(token.start, token.end);
  if (token.kind === "quoted_identifier") {
    const isUnicode = raw.startsWith("U") || raw.startsWith("u");
    const inner = raw.slice(isUnicode ? 3 : 1, -1).replaceAll('""', '"');
    return cutName(isUnicode ? unescapeUnicode(inner) : inner);
  }
  return cutName(raw.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()));
}

function cutName(name: string): string {
  if (Buffer.byteLength(name) <= NAME_SIZE_MAX) return name;
  let result = "";
  let size = 0;
  for (const character of name) {
    size += Buffer.byteLength(character);
    if (size > NAME_SIZE_MAX) break;
    result += character;
  }
  return result;
}

function unescapeUnicode(text: string): string {
  return text.replaceAll(/\\(?:\\|\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))/g, (_, long, short) => {
    const digits: string | undefined = long ?? short;
    return digits === undefined ? "\\" : String.fromCodePoint(Number.parseInt(digits, 16));
  });
}

/** Words that can't be a name without quotes somewhere: reserved, and those of types and functions. */
const KEYWORDS = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean
  both case cast char character check coalesce collate collation column concurrently constraint create
  cross current_catalog current_date current_role current_schema current_time current_timestamp
  current_user dec decimal default deferrable desc distinct do else end except exists extract false
  fetch float for foreign freeze from full grant greatest group grouping having ilike in initially
  inner inout int integer intersect interval into is isnull join json json_array json_arrayagg
  json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar
  none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay
  placing position precision primary real references returning right row select session_user setof
  similar smallint some substring symmetric system_user table tablesample then time timestamp to
  trailing treat trim true union unique user using values varchar variadic verbose when where window
  with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
  xmlserialize xmltable`.split(/\s+/),
);

/** A name as SQL text: bare where that is safe, else in quotes (`quote_identifier`). */
export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name)) return name;
  return quoteAlways(name);
}

export function quoteAlways(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
