import { identifierName, type Token, tokenize } from "../../sql/tokens.ts";

/** Where a body names something that a window renames. */
export interface BodyNames {
  /** As an identifier, outside of comments and strings. */
  readonly named: readonly Mention[];
  /** In a string that may be run as SQL, or mean the table by its name. */
  readonly inStrings: readonly Mention[];
  /** Whether the body names one of the tables as an identifier. */
  readonly hasTable: boolean;
}

export interface Mention {
  readonly word: string;
  /** Lines of the body, from 1, as PL/pgSQL counts them in its errors. */
  readonly lines: readonly number[];
}

/**
 * Looks through the text of a body. `sql` is for SQL and PL/pgSQL, which have PostgreSQL's lexical structure: comments
 * don't count, and strings only where they can be run (EXECUTE) or are cast to a table. Other languages are
 * read word by word, and everything is a string there, since what they send is one.
 */
export function findNames(
  body: string,
  names: {
    readonly renamed: readonly string[];
    readonly tables: readonly string[];
    readonly language: "sql" | "plpgsql" | "other";
  },
): BodyNames {
  const { renamed, tables, language } = names;
  if (language === "other") {
    const inStrings = mentions(renamed, (word) => linesOfWord(body, word));
    return { named: [], inStrings, hasTable: tables.some((table) => containsWord(body, table)) };
  }
  const tokens = tokenize(body);
  const lineOf = lineCounter(body);
  const identifiers = tokens
    .filter(isIdentifier)
    .map((token) => ({ name: identifierName(body, token), line: lineOf(token.start) }));
  const strings = tokens
    .filter(({ kind }) => kind === "string")
    .map(({ start, end }) => ({ text: body.slice(start, end), line: lineOf(start) }));
  const isDynamic = language === "plpgsql" && identifiers.some(({ name }) => name === "execute");
  const mayBeRead = (text: string, word: string) =>
    isDynamic ? containsWord(text, word) : tables.includes(word) && isJustName(text, word);
  return {
    named: mentions(renamed, (word) =>
      identifiers.filter(({ name }) => name === word).map(({ line }) => line),
    ),
    inStrings: mentions(renamed, (word) =>
      strings
        .filter(({ text }) => mayBeRead(text, word))
        .flatMap(({ text, line }) => linesOfWord(text, word).map((within) => line + within - 1)),
    ),
    hasTable: identifiers.some(({ name }) => tables.includes(name)),
  };
}

/** Whether a text has the name as a word, whatever its case: identifiers fold, and it is text. */
export function containsWord(text: string, word: string): boolean {
  return wordPattern(word, "iu").test(text);
}

function isIdentifier({ kind }: Token): boolean {
  return kind === "identifier" || kind === "quoted_identifier";
}

/** `'orders'` and `'public.orders'`: what ::regclass and its like take. */
function isJustName(string: string, word: string): boolean {
  const parts = string.replace(/^[^']*'/, "").replace(/'$/, "");
  return parts.split(".").length <= 2 && containsWord(parts, word) && !/\s/.test(parts);
}

function mentions(words: readonly string[], linesOf: (word: string) => number[]): Mention[] {
  return words.flatMap((word) => {
    const lines = [...new Set(linesOf(word))];
    return lines.length === 0 ? [] : [{ word, lines }];
  });
}

function linesOfWord(text: string, word: string): number[] {
  const lineOf = lineCounter(text);
  return [...text.matchAll(wordPattern(word, "giu"))].map(({ index }) => lineOf(index));
}

function wordPattern(word: string, flags: string): RegExp {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped}(?![\\p{L}\\p{N}_$])`, flags);
}

/** For offsets that rise from call to call, or not: the line of an offset, from 1. */
function lineCounter(text: string): (offset: number) => number {
  let offset = 0;
  let line = 1;
  return (wanted) => {
    if (wanted < offset) {
      offset = 0;
      line = 1;
    }
    for (; offset < wanted; offset++) if (text[offset] === "\n") line += 1;
    return line;
  };
}
