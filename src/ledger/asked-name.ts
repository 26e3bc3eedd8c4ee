import type { UsedName } from "../version/usage.ts";

const PART = /(?:"((?:[^"]|"")+)"|([^".\s]+))(\.|$)/y;

/**
 * `public.orders` or `public.orders.user_id`, by SQL's rules: in lower case unless it is in quotation
 * marks. A string is a sentence that says what is wrong.
 */
export function parseAskedName(text: string): UsedName | string {
  const parts: string[] = [];
  PART.lastIndex = 0;
  let isOpen = true;
  while (isOpen) {
    const match = PART.exec(text);
    if (match === null) return problem(text);
    const [, quoted, bare = "", end] = match;
    parts.push(quoted === undefined ? bare.toLowerCase() : quoted.replaceAll('""', '"'));
    isOpen = end === ".";
  }
  const [schema, table, column, ...more] = parts;
  if (schema === undefined || table === undefined || more.length > 0) return problem(text);
  return { schema, table, column };
}

function problem(text: string): string {
  return `"${text}" is neither schema.table nor schema.table.column, such as public.orders.user_id`;
}
