const PART = '(?:"(?:[^"]|"")+"|[^".\\s]+)';

/**
 * A table as settings and commands spell it: `orders`, `public.orders`, `sales."Order.Items"`. A part in double
 * quotes may hold anything. Case is kept. Without a schema it is `public`. Undefined for what is no such name.
 */
export function parseTableName(text: string): { schema: string; name: string } | undefined {
  const match = new RegExp(`^(?:(${PART})\\.)?(${PART})$`, "u").exec(text);
  const name = match?.[2];
  if (name === undefined) return undefined;
  return { schema: unquote(match?.[1] ?? "public"), name: unquote(name) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}

/** What `parseTableName` reads as this table; without a schema, just its name. */
export function formatTableName(table: {
  readonly schema?: string | undefined;
  readonly name: string;
}): string {
  const parts = table.schema === undefined ? [table.name] : [table.schema, table.name];
  return parts.map(quoted).join(".");
}

function quoted(part: string): string {
  return /^[^".\s]+$/u.test(part) ? part : `"${part.replaceAll('"', '""')}"`;
}
