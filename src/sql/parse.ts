import assert from "node:assert/strict";
import { type AstNode, isAstNode, unwrap } from "./ast.ts";
import { createInstance, type Instance } from "./libpg-query.ts";
import { tokenize, withoutComments } from "./tokens.ts";

export interface ParsedStatement {
  /** `SelectStmt`, `AlterTableStmt`, ... */
  readonly kind: string;
  readonly node: AstNode;
  /** At the statement's first token, and one past its last. */
  readonly start: number;
  readonly end: number;
}

export type Parsed =
  | { readonly kind: "parsed"; readonly statements: readonly ParsedStatement[] }
  /** The server will report the same. */
  | { readonly kind: "syntax_error"; readonly message: string; readonly offset: number }
  /** Nested too deeply, or too large: only the server can tell what it is. */
  | { readonly kind: "too_complex"; readonly message: string };

/**
 * How deeply brackets may nest. It keeps most of what is too deep away from the parser, which runs
 * on a stack of fixed size; the rest (a chain of thousands of operators) makes it trap.
 */
const NESTING_MAX = 500;

/** What the parser does with comments that nest takes time by the square of their depth. */
const COMMENT_NESTING_MAX = 50;

// One at work and one in reserve: a trap must not leave the next statement without a parser.
let isLoaded = false;
let instance: Instance | undefined;
let reserve: Instance | undefined;

/** To be awaited once per process, before anything else here is called. */
export async function loadParser(): Promise<void> {
  if (isLoaded) return;
  [instance, reserve] = await Promise.all([createInstance(), createInstance()]);
  isLoaded = true;
}

/**
 * The statements of a text, by PostgreSQL's own grammar. All offsets that leave this file are UTF-16
 * indexes of the text. Throws for no text.
 */
export function parseSql(text: string): Parsed {
  const nul = text.indexOf("\0"); // It would end the text for the parser, and for the server.
  if (nul >= 0) return { kind: "syntax_error", message: "The text has a NUL in it", offset: nul };
  if (nestingOf(text) > NESTING_MAX) {
    return { kind: "too_complex", message: `It nests deeper than ${NESTING_MAX} brackets` };
  }
  const source = withoutNestedComments(text);
  const outcome = ask((parser) => parser.parse(source));
  if (outcome === undefined) return { kind: "too_complex", message: "It nests too deeply" };
  if (outcome.kind === "error") {
    // It stumbles over a comment between the parts of a string, where the server does not.
    const plain = withoutComments(text);
    const again = plain === text ? outcome : ask((parser) => parser.parse(plain));
    if (again?.kind === "tree") {
      return { kind: "parsed", statements: statementsOf(again.tree, plain) };
    }
    const { message, position } = outcome;
    return { kind: "syntax_error", message, offset: codePointOffset(text, position) };
  }
  return { kind: "parsed", statements: statementsOf(outcome.tree, source) };
}

/**
 * The tree of the PL/pgSQL in a DO or CREATE FUNCTION statement, by PostgreSQL's own grammar; undefined
 * for what is no PL/pgSQL, or can't be read.
 */
export function parsePlpgsql(text: string): AstNode | undefined {
  if (text.includes("\0") || nestingOf(text) > NESTING_MAX) return undefined;
  const tree = ask((parser) => parser.parsePlpgsql(withoutNestedComments(text)));
  return isAstNode(tree) ? tree : undefined;
}

/** libpg_query's fingerprint: the same for texts that differ in constants only. "" if unparsable. */
export function fingerprintSql(text: string): string {
  if (nestingOf(text) > NESTING_MAX) return "";
  const source = withoutNestedComments(text);
  return ask((parser) => parser.fingerprint(source)) ?? "";
}

/** Undefined when the parser ran out of its stack, or is being replaced because it did. */
function ask<Answer>(question: (parser: Instance) => Answer): Answer | undefined {
  assert(isLoaded, "loadParser has not been awaited");
  if (instance === undefined) return undefined;
  try {
    return question(instance);
  } catch (error) {
    const isTrap = error instanceof Error && error.name === "RuntimeError";
    if (!isTrap && !(error instanceof RangeError)) throw error;
    replaceInstance();
    return undefined;
  }
}

/** An instance that trapped keeps a broken stack: it is dropped, and a fresh one made beside the work. */
function replaceInstance(): void {
  instance = reserve;
  reserve = undefined;
  createInstance().then(
    (fresh) => {
      if (instance === undefined) instance = fresh;
      else reserve = fresh;
    },
    () => undefined, // Out of memory, most likely: what is left is what there is.
  );
}

function nestingOf(text: string): number {
  let depth = 0;
  let depthMax = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Inside of strings it counts too much, never too little.
    if (code === 0x28 || code === 0x5b) depthMax = Math.max(depthMax, ++depth);
    else if (code === 0x29 || code === 0x5d) depth = Math.max(0, depth - 1);
  }
  return depthMax;
}

function withoutNestedComments(text: string): string {
  let depth = 0;
  for (let at = text.indexOf("*"); at >= 0 && depth <= COMMENT_NESTING_MAX; ) {
    if (text[at - 1] === "/") depth += 1;
    else if (text[at + 1] === "/") depth = Math.max(0, depth - 1);
    at = text.indexOf("*", at + 1);
  }
  // Inside of strings they were counted as well: to be without comments does a text no harm.
  return depth > COMMENT_NESTING_MAX ? withoutComments(text) : text;
}

function statementsOf(result: unknown, text: string): ParsedStatement[] {
  const list = isAstNode(result) ? result["stmts"] : undefined;
  if (!Array.isArray(list)) return [];
  const toIndex = indexOfByte(text);
  const tokens = tokenize(text);
  const statements: ParsedStatement[] = [];
  for (const item of list) {
    if (!isAstNode(item) || !isAstNode(item["stmt"])) continue;
    const { type, node } = unwrap(item["stmt"]);
    if (toIndex !== undefined) convertLocations(node, toIndex);
    const from = numberOf(item["stmt_location"]);
    const size = numberOf(item["stmt_len"]);
    const start = toIndex?.(from) ?? from;
    const end = size === 0 ? text.length : (toIndex?.(from + size) ?? from + size);
    statements.push({ kind: type, node, ...trimmed(tokens, start, end) });
  }
  return statements;
}

/** The statement's first token to its last; what the parser says includes blanks and comments. */
function trimmed(
  tokens: readonly { readonly start: number; readonly end: number }[],
  from: number,
  to: number,
): { start: number; end: number } {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.start ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  const first = tokens[low];
  let end = first?.end ?? to;
  for (let index = low; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined || token.end > to) break;
    end = token.end;
  }
  return { start: first?.start ?? from, end };
}

function convertLocations(root: AstNode, toIndex: (byte: number) => number): void {
  const left: unknown[] = [root];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (Array.isArray(value)) {
      left.push(...value);
    } else if (isAstNode(value)) {
      for (const [member, child] of Object.entries(value)) {
        if (typeof child === "number" && LOCATION_MEMBERS.has(member) && child > 0) {
          Object.assign(value, { [member]: toIndex(child) });
        } else if (typeof child === "object" && child !== null) {
          left.push(child);
        }
      }
    }
  }
}

const LOCATION_MEMBERS = new Set([
  "location",
  "name_location",
  "func_location",
  "list_start",
  "list_end",
  "rexpr_list_start",
  "rexpr_list_end",
  "target_location",
]);

/** Byte offset in UTF-8 to UTF-16 index; undefined where they are the same. */
function indexOfByte(text: string): ((byte: number) => number) | undefined {
  if (Buffer.byteLength(text) === text.length) return undefined;
  const indexes: number[] = [];
  let index = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    for (let each = 0; each < size; each++) indexes.push(index);
    index += character.length;
  }
  indexes.push(index);
  return (byte) => indexes[byte] ?? text.length;
}

/** The parser's cursor counts characters. */
function codePointOffset(text: string, count: number): number {
  let offset = 0;
  let left = count;
  for (const character of text) {
    if (left <= 0) break;
    left -= 1;
    offset += character.length;
  }
  return offset;
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
