/** A string as SQL, the same by whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** A name in a regular expression of the server's. */
export function escapedName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_"\u0080-\uffff]/g, "\\$&");
}
