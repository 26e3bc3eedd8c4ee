/**
 * The keys and values of a sqlcommenter comment: `application='orders-api',version='2.1.0'`, with or
 * without the comment's own marks. Values are URL-encoded; what is encoded badly is left out, as is
 * all that does not have this form.
 */
export function parseComment(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [, key = "", value = ""] of text.matchAll(PAIR)) {
    const decodedKey = decode(key);
    const decodedValue = decode(value.replaceAll("\\'", "'"));
    if (decodedKey !== undefined && decodedValue !== undefined) {
      values.set(decodedKey, decodedValue);
    }
  }
  return values;
}

/** The trace id of a W3C `traceparent`; undefined where it is malformed or all zeros. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const traceId = TRACEPARENT.exec(traceparent ?? "")?.[1];
  return traceId === undefined || /^0+$/.test(traceId) ? undefined : traceId;
}

const PAIR = /(?<=^|[\s,*])([^\s,='"*/]+)='((?:[^'\\]|\\.)*)'/g;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
