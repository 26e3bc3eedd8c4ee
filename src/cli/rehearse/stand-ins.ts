import { parseSql } from "../../sql/parse.ts";
import { type Token, tokenize } from "../../sql/tokens.ts";

/**
 * The texts that a statement of the audit log may have been. Where constants were redacted, and where a driver
 * named a parameter's type, the text alone can be no SQL (`interval $1`, `varchar($1)`) or be ambiguous (`$1 + $2`).
 * First the text itself, with stand-ins only where the grammar needs a constant, then with the
 * constant 1 and the constant '1' throughout. The first that the server takes under its own names is the one
 * to go on with.
 */
export function* candidates(text: string): Generator<string> {
  const first = withNeededConstants(text);
  yield first;
  if (!hasParameter(first)) return;
  for (const constant of ["1", "'1'"]) yield replaceParameters(first, () => constant);
}

export function hasParameter(text: string): boolean {
  return tokenize(text).some(({ kind }) => kind === "parameter");
}

/** Types that stand in front of their constants, each with one that it takes. */
const TYPED_CONSTANTS: ReadonlyMap<string, string> = new Map([
  ["interval", "'1'"],
  ["date", "'now'"],
  ["time", "'now'"],
  ["timetz", "'now'"],
  ["timestamp", "'now'"],
  ["timestamptz", "'now'"],
  ["json", "'1'"],
  ["jsonb", "'1'"],
  ["numeric", "'1'"],
  ["bool", "'t'"],
  ["boolean", "'t'"],
  ["bytea", "''"],
  ["text", "''"],
  ["inet", "'::1'"],
  ["uuid", "'00000000-0000-0000-0000-000000000000'"],
]);

/** Puts constants only in the places of parameters that the server would call syntax errors. */
function withNeededConstants(given: string): string {
  // libpg_query takes these, so that normalised texts can be read; the server does not.
  let text = replaceParameters(given, (tokens, index) => {
    const word = wordAt(given, tokens[index - 1]);
    if (word !== "zone") return TYPED_CONSTANTS.get(word);
    return /^with(out)?$/.test(wordAt(given, tokens[index - 3])) ? "'now'" : undefined;
  });
  // Each turn replaces a parameter, or ends.
  for (;;) {
    const parsed = parseSql(text);
    if (parsed.kind !== "syntax_error") return text;
    const { offset } = parsed;
    const culprit = tokenize(text).find(
      ({ kind, start, end }) => kind === "parameter" && start <= offset && offset < end,
    );
    if (culprit === undefined) return text;
    text = `${text.slice(0, culprit.start)}1${text.slice(culprit.end)}`;
  }
}

function replaceParameters(
  text: string,
  constantFor: (tokens: readonly Token[], index: number) => string | undefined,
): string {
  let result = "";
  let done = 0;
  const tokens = tokenize(text);
  for (const [index, { kind, start, end }] of tokens.entries()) {
    const constant = kind === "parameter" ? constantFor(tokens, index) : undefined;
    if (constant === undefined) continue;
    result += text.slice(done, start) + constant;
    done = end;
  }
  return result + text.slice(done);
}

function wordAt(text: string, token: Token | undefined): string {
  return token === undefined ? "" : text.slice(token.start, token.end).toLowerCase();
}
