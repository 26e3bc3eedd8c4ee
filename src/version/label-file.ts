/**
 * Reads the file that the Kubernetes Downward API writes for labels or annotations: lines of
 * `key="value"`, the value quoted as Go's `%q` does. A line of another form is skipped.
 */
export function parseLabelFile(contents: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const line of contents.split(/\r?\n/)) {
    const match = /^([^=\s]+)=("(?:[^"\\]|\\.)*")\s*$/.exec(line);
    const [, key, quoted] = match ?? [];
    if (key === undefined || quoted === undefined) continue;
    const value = unquote(quoted);
    if (value !== undefined) labels.set(key, value);
  }
  return labels;
}

/** Labels hold no escapes at all; of those that annotations can hold, JSON shares the common ones. */
function unquote(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return undefined;
  }
}
