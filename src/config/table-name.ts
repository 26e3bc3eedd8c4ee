/** `orders`, `public.orders`, `sales."Order.Items"`: a part in double quotes may hold dots. Case is
 * kept. Without a schema it is `public`. */
export function parseTableName(text: string): { schema: string; name: string } | undefined {
  const part = '(?:"(?:[^"]|"")+"|[^".\\s]+)';
  const match = new RegExp(`^(?:(${part})\\.)?(${part})$`, "u").exec(text);
  const name = match?.[2];
  if (name === undefined) return undefined;
  return { schema: unquote(match?.[1] ?? "public"), name: unquote(name) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
