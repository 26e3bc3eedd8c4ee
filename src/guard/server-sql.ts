/** A string for the server's SQL, whatever `standard_conforming_strings` says. */
export function stringLiteral(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** `DO` with a dollar quote that nothing in the body can close. */
export function doBlock(body: string): string {
  let tag = "$straddle$";
  for (let count = 1; body.includes(tag); count++) tag = `$straddle${count}$`;
  return `DO ${tag}BEGIN ${body} END${tag}`;
}
