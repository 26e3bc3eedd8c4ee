import type { Answers } from "./answers.ts";
import { type ErrorFields, exchangeField } from "./error-fields.ts";
import { exchangeIdentifiers, exchangeQuoted, NO_NAMES, QUOTED } from "./quoted-names.ts";

/**
 * Turns back the sentences of an integrity constraint violation (class 23). `fields` are as the server gave them,
 * `columns` those of the table that it is about.
 */
export function turnBackViolation(
  result: Map<string, string>,
  about: { fields: ErrorFields; columns: ReadonlyMap<string, string>; answers: Answers },
): void {
  const { fields, columns, answers } = about;
  const sqlstate = fields.get("C");
  // Only this one is about a column: other violations name a constraint, which is called as it is.
  const named = sqlstate === "23502" ? columns : NO_NAMES;
  exchangeField(result, "M", (text) => exchangeQuoted(exchangeQuoted(text, named), answers.tables));
  const ofKey = sqlstate === "23503" ? referencedColumns(fields, columns, answers) : columns;
  exchangeField(result, "D", (text) => turnBackKey(text, fields, { columns: ofKey, answers }));
}

/**
 * `Key (a, b)=(1, 2) is not present in table "t".`: the names and the table, never the values. A row
 * that fails (`Failing row contains (1, 2).`) is nothing but values.
 */
function turnBackKey(
  text: string,
  fields: ErrorFields,
  names: { columns: ReadonlyMap<string, string>; answers: Answers },
): string {
  const isOfPartition = fields.get("C") === "23514" && !fields.has("n");
  const isOfKey = KEY_ERRORS.has(fields.get("C") ?? "");
  if (!isOfPartition && !isOfKey) return text;
  const middle = isOfPartition ? ") = (" : ")=(";
  const start = text.indexOf("(") + 1;
  const end = text.indexOf(middle);
  if (start === 0 || end < start) return text;
  const written = text.slice(start, end);
  // A foreign key's names are as the catalog has them, all others are SQL.
  const exchanged =
    fields.get("C") === "23503"
      ? written.split(", ").map((name) => names.columns.get(name) ?? name)
      : [exchangeIdentifiers(written, names.columns)];
  const last = text.lastIndexOf(")") + 1;
  let values = text.slice(end, last);
  // `conflicts with existing key (a, b)=(3, 4)`: the same names again.
  const again = values.split(`(${written})=(`);
  if (again.length === 2) values = again.join(`(${exchanged.join(", ")})=(`);
  const table = exchangeQuoted(text.slice(last), names.answers.tables);
  return text.slice(0, start) + exchanged.join(", ") + values + table;
}

/** The key of a row that is still referenced is one of the table that M names first, not of the one in `t`. */
function referencedColumns(
  fields: ErrorFields,
  columns: ReadonlyMap<string, string>,
  answers: Answers,
): ReadonlyMap<string, string> {
  const [first = ""] = (fields.get("M") ?? "").match(QUOTED) ?? [];
  const name = first.replace(QUOTED, "$2");
  if (name === fields.get("t")) return columns;
  return answers.relations.find(({ physical }) => physical === name)?.columns ?? NO_NAMES;
}

const KEY_ERRORS: ReadonlySet<string> = new Set(["23503", "23505", "23P01"]);
