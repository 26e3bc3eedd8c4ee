import { quoteIdentifier } from "../sql/tokens.ts";

export const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Replaces a name where it stands as a whole word. */
export function replaceWord(text: string, name: string, by: string): string {
  let result = "";
  let done = 0;
  for (let found = text.indexOf(name); found !== -1; found = text.indexOf(name, found + 1)) {
    const end = found + name.length;
    if (found < done || isWordPart(text[found - 1]) || isWordPart(text[end])) continue;
    result += text.slice(done, found) + by;
    done = end;
  }
  return result + text.slice(done);
}

function isWordPart(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_$]/u.test(character);
}

/** Exchanges column names in an expression as the server writes it: quoted where they have to be. */
export function exchangeIdentifiers(sql: string, names: ReadonlyMap<string, string>): string {
  return sql.replaceAll(IDENTIFIER, (whole) => {
    const name = whole.startsWith('"') ? whole.slice(1, -1).replaceAll('""', '"') : whole;
    const exchanged = names.get(name);
    return exchanged === undefined ? whole : quoteIdentifier(exchanged);
  });
}

/** A constant, or what could be a name; types and functions have names of their own. */
const IDENTIFIER =
  /'(?:[^']|'')*'|::\s*(?:"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)|(?:"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)(?![\p{L}\p{N}_$(])/gu;

/** Exchanges names between quotation marks, of whatever language the server's messages are in. */
export function exchangeQuoted(
  text: string,
  names: ReadonlyMap<string, string>,
  kept: string | undefined = undefined,
): string {
  if (names.size === 0) return text;
  return text.replaceAll(QUOTED, (whole, open: string, name: string, close: string) => {
    const exchanged = names.get(name);
    return exchanged === undefined || name === kept ? whole : `${open}${exchanged}${close}`;
  });
}

export const QUOTED = /(["'`«»‹›„“”‘’「『]\s?)([^"'`«»‹›„“”‘’「」『』]+?)(\s?["'`«»‹›“”‘’」』])/gu;
