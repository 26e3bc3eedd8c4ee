import { type Token, tokenFrom } from "../../sql/tokens.ts";

/** A text with names in the place of variables, of the same length, and the way back. */
export interface Substituted {
  readonly text: string;
  /** A text that was made of this one, with the variables as they were written. */
  restored(made: string): string;
}

/** A letter that nobody's names have, and that looks like what it stands for. */
const MARK = "\u02d0";

/**
 * Variables of psql (`:name`, `:'name'`, `:"name"`) and placeholders (`${name}`) as names and strings, so
 * that PostgreSQL's grammar takes them. What else has a colon (`::`, `:=`, `a[1:2]`) stays.
 */
export function withoutVariables(text: string): Substituted {
  const written = new Map<string, string>();
  const substitute = (variable: string, name: string) => {
    written.set(name.toLowerCase(), variable);
    return name;
  };
  const plain = text.replaceAll(/\$\{([\w.:-]+)\}/g, (variable, name: string) =>
    substitute(variable, `${MARK}${MARK}${name.replaceAll(/\W/g, MARK)}${MARK}`),
  );
  let result = "";
  let done = 0;
  for (let token = tokenFrom(plain, 0); token !== undefined; token = tokenFrom(plain, token.end)) {
    const end = variableEnd(token, plain);
    if (end === undefined) continue;
    const variable = plain.slice(token.start, end);
    const quote = /['"]/.exec(variable)?.[0] ?? "";
    const name = `${quote}${MARK}${variable.slice(1 + quote.length)}`;
    // A sentence has a quoted name without its quotes.
    written.set(name.replaceAll(/['"]/g, "").toLowerCase(), variable);
    result += plain.slice(done, token.start) + substitute(variable, name);
    done = end;
  }
  return {
    text: result + plain.slice(done),
    restored: (made) =>
      made.replaceAll(
        new RegExp(`(?:'${MARK}\\w+'|"${MARK}[\\w${MARK}]+"|${MARK}[\\w${MARK}]+)`, "g"),
        (name) =>
          written.get(name.toLowerCase()) ??
          // Rules quote what is not plain ASCII.
          written.get(name.toLowerCase().replaceAll('"', "")) ??
          name,
      ),
  };
}

function variableEnd({ start, end }: Token, text: string): number | undefined {
  if (text.slice(start, end) !== ":") return undefined;
  const name = /^(?:[a-zA-Z_]\w*|'\w+'|"\w+")/.exec(text.slice(end, end + 130));
  return name === null ? undefined : end + name[0].length;
}
