import { identifierName, type Token, tokenize } from "../sql/tokens.ts";

/**
 * Finds the tokens that tree nodes stand for. The tree says where a node begins; where a name or a list
 * ends, only the tokens say.
 */
export class SourceText {
  readonly text: string;
  readonly #tokens: readonly Token[];

  constructor(text: string) {
    this.text = text;
    this.#tokens = tokenize(text);
  }

  /** Index of the token that starts at this offset; -1 if none does. */
  indexAt(offset: number | undefined): number {
    if (offset === undefined) return -1;
    let low = 0;
    let high = this.#tokens.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const start = this.#tokens[middle]?.start ?? 0;
      if (start === offset) return middle;
      if (start < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  token(index: number): Token | undefined {
    return this.#tokens[index];
  }

  /** The characters of a token; "" past the end. */
  spelling(index: number): string {
    const token = this.#tokens[index];
    return token === undefined ? "" : this.text.slice(token.start, token.end);
  }

  /** A keyword or name in lower case; "" if the token is another kind. */
  word(index: number): string {
    return this.#tokens[index]?.kind === "identifier" ? this.spelling(index).toLowerCase() : "";
  }

  /** Whether this token is an identifier of this name, by the server's folding. */
  isName(index: number, name: string): boolean {
    const token = this.#tokens[index];
    if (token === undefined) return false;
    if (token.kind !== "identifier" && token.kind !== "quoted_identifier") return false;
    return identifierName(this.text, token) === name;
  }

  /** Every identifier of this name between two offsets. */
  indexesOfName(name: string, range: { readonly start: number; readonly end: number }): number[] {
    const indexes: number[] = [];
    for (const [index, token] of this.#tokens.entries()) {
      if (token.start >= range.end) break;
      if (token.start >= range.start && this.isName(index, name)) indexes.push(index);
    }
    return indexes;
  }

  /**
   * Index of each part of a dotted name that begins at this offset; undefined if the tokens there are
   * not these names. Part "*" stands for a star.
   */
  dottedName(offset: number | undefined, parts: readonly string[]): number[] | undefined {
    const first = this.indexAt(offset);
    if (first < 0) return undefined;
    const indexes: number[] = [];
    for (const [position, part] of parts.entries()) {
      const index = first + position * 2;
      if (position > 0 && this.spelling(index - 1) !== ".") return undefined;
      const isMatch = part === "*" ? this.spelling(index) === "*" : this.isName(index, part);
      if (!isMatch) return undefined;
      indexes.push(index);
    }
    return indexes;
  }

  /** Index of the parenthesis that closes the one at this index; -1 if there is none. */
  closingParenthesis(open: number): number {
    let depth = 0;
    for (let index = open; index < this.#tokens.length; index++) {
      const spelling = this.spelling(index);
      if (spelling === "(") depth++;
      else if (spelling === ")" && --depth === 0) return index;
    }
    return -1;
  }

  /** Of a query of WITH by its name's first token: the parentheses that it stands in. */
  withQuery(name: number): { readonly first: number; readonly last: number } {
    if (name < 0) return { first: -1, last: -1 };
    const next = this.word(name + 1) === "uescape" ? name + 3 : name + 1;
    let first = this.spelling(next) === "(" ? this.closingParenthesis(next) + 1 : next;
    // AS, AS MATERIALIZED or AS NOT MATERIALIZED.
    while (this.word(first) !== "") first++;
    return { first, last: this.closingParenthesis(first) };
  }

  /** Index of the parenthesis that opens what the one at this index closes; -1 if there is none. */
  openingParenthesis(close: number): number {
    let depth = 0;
    for (let index = close; index >= 0; index--) {
      const spelling = this.spelling(index);
      if (spelling === ")") depth++;
      else if (spelling === "(") depth--;
      if (depth === 0) return spelling === "(" ? index : -1;
    }
    return -1;
  }

  /** Index of the first token of each item of the parenthesised list that opens at this index. */
  listItems(open: number): number[] {
    if (this.spelling(open) !== "(") return [];
    const starts = [open + 1];
    let depth = 0;
    for (let index = open; index < this.#tokens.length; index++) {
      const spelling = this.spelling(index);
      if (spelling === "(" || spelling === "[") depth++;
      else if (spelling === ")" || spelling === "]") depth--;
      else if (spelling === "," && depth === 1) starts.push(index + 1);
      if (depth === 0) break;
    }
    return starts;
  }

  /** Where the output expression that begins at this offset ends: before `,`, `)` or the next clause. */
  outputEnd(offset: number, limit: number): number {
    let depth = 0;
    let end = offset;
    for (let index = this.indexAt(offset); index >= 0 && index < this.#tokens.length; index++) {
      const token = this.#tokens[index];
      if (token === undefined || token.start >= limit) break;
      const spelling = this.spelling(index);
      const word = this.word(index);
      if (depth === 0 && (OUTPUT_ENDS.has(spelling) || CLAUSE_WORDS.has(word))) break;
      if (spelling === "(" || spelling === "[" || word === "case") depth++;
      else if (spelling === ")" || spelling === "]" || (word === "end" && depth > 0)) depth--;
      end = token.end;
    }
    return end;
  }
}

const OUTPUT_ENDS: ReadonlySet<string> = new Set([",", ")", "]", ";"]);

/** What can follow a list of output expressions. All are reserved words. */
const CLAUSE_WORDS: ReadonlySet<string> = new Set([
  "except",
  "fetch",
  "for",
  "from",
  "group",
  "having",
  "intersect",
  "into",
  "limit",
  "offset",
  "on",
  "order",
  "union",
  "where",
  "window",
]);
