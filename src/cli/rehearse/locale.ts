import type pg from "pg";

/** The clauses of CREATE DATABASE that make a database with the encoding and the locale of this one. */
export async function localeClauses(client: pg.Client): Promise<string> {
  // As JSON, since the columns have other names from version to version.
  const { rows } = await client.query<{ encoding: string; row: Record<string, unknown> }>(
    `SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, pg_catalog.to_jsonb(d) AS row
     FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()`,
  );
  const { encoding = "UTF8", row = {} } = rows[0] ?? {};
  const clauses = [`ENCODING ${quote(encoding)}`];
  const add = (word: string, ...columns: readonly string[]) => {
    const value = columns.map((column) => row[column]).find((each) => typeof each === "string");
    if (typeof value === "string") clauses.push(`${word} ${quote(value)}`);
  };
  add("LC_COLLATE", "datcollate");
  add("LC_CTYPE", "datctype");
  const provider = row["datlocprovider"];
  if (provider === "i") {
    clauses.push("LOCALE_PROVIDER icu");
    add("ICU_LOCALE", "datlocale", "daticulocale");
  } else if (provider === "b") {
    clauses.push("LOCALE_PROVIDER builtin");
    add("BUILTIN_LOCALE", "datlocale");
  }
  return clauses.join(" ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
