import type { Choices } from "./choices.ts";
import { EMPTY, type Grammar, type Query, spell, table } from "./grammar.ts";
import { query, withQuery } from "./queries.ts";
import { copyFrom, currentOf, prepared, utility } from "./utilities.ts";
import { type Path, tablesOf, type Version } from "./vocabulary.ts";
import { write } from "./writes.ts";

/** What a session sends within one transaction, and as which version. */
export interface Case {
  readonly version: Version;
  readonly path: Path;
  readonly texts: readonly string[];
}

export function statements(choices: Choices, hasParameters = false): Case {
  const version = choices.of(["1.0.0", "2.0.0"]);
  const path = choices.of(["default", "default", "default", "temporary last", "archive first"]);
  const tables = tablesOf(version);
  const grammar: Grammar = { choices, tables, path, hasParameters, query, write };
  const texts = someStatements(grammar);
  const isCommented = choices.chance(8);
  return {
    version,
    path,
    texts: isCommented ? texts.map((text) => commented(choices, text)) : texts,
  };
}

function plain(grammar: Grammar): Query {
  return grammar.choices.pick(2) === 0 ? query(grammar, EMPTY, undefined) : writing(grammar);
}

function writing(grammar: Grammar): Query {
  return grammar.choices.chance(6)
    ? withQuery(grammar, EMPTY, (scope) => write(grammar, scope))
    : write(grammar, EMPTY);
}

function someStatements(grammar: Grammar): string[] {
  const { choices } = grammar;
  switch (choices.pick(34)) {
    case 28:
    case 29:
      return utility(grammar);
    case 30:
      return copyFrom(grammar);
    case 31:
      return currentOf(grammar);
    case 32:
      return prepared(grammar);
    case 33: {
      const { sql, columns } = query(grammar, EMPTY, undefined);
      const name = spell(grammar, columns[0]?.name ?? "id");
      const made = choices.of([
        `CREATE MATERIALIZED VIEW fresh AS ${sql}`,
        `CREATE TEMP TABLE fresh (first) AS ${sql} WITH NO DATA`,
        `CREATE TEMP VIEW fresh (first) AS ${sql}`,
        `CREATE TEMP TABLE fresh AS TABLE ${table(grammar).sql}`,
      ]);
      return [made, `SELECT ${name} FROM fresh`, "SELECT * FROM fresh"];
    }
    case 18:
    case 19:
    case 20:
      return [copyTable(grammar)];
    case 21:
      return [
        `COPY (${plain(grammar).sql}) TO STDOUT${choices.of(["", " (FORMAT csv, HEADER)", " (HEADER)"])}`,
      ];
    case 22:
      return [`PREPARE p AS ${plain(grammar).sql}`, "EXECUTE p", "EXECUTE p"];
    case 23:
      return [
        `DECLARE c CURSOR FOR ${query(grammar, EMPTY, undefined).sql}`,
        "FETCH 2 FROM c",
        "FETCH ALL c",
      ];
    case 24:
      return [
        `EXPLAIN (${choices.of(["COSTS OFF", "VERBOSE", "FORMAT json"])}) ${plain(grammar).sql}`,
      ];
    case 25: {
      const { sql, columns } = query(grammar, EMPTY, undefined);
      const name = spell(grammar, columns[0]?.name ?? "id");
      return [`CREATE TEMP TABLE fresh AS ${sql}`, `SELECT ${name} FROM fresh`];
    }
    case 26: {
      const { sql, columns } = query(grammar, EMPTY, undefined);
      const name = spell(grammar, columns[0]?.name ?? "id");
      return [`CREATE TEMP VIEW seen AS ${sql}`, `SELECT ${name}, * FROM seen`];
    }
    case 27: {
      // What one has written, the next one sees.
      const wrote = writing(grammar).sql;
      return [wrote, query(grammar, EMPTY, undefined).sql];
    }
    default:
      return [plain(grammar).sql];
  }
}

function copyTable(grammar: Grammar): string {
  const { choices } = grammar;
  const { sql, source } = table(grammar);
  const columns = choices.many(
    0,
    3,
    () => source.columns[choices.pick(source.columns.length || 1)]?.name ?? "user_id",
  );
  const list =
    columns.length === 0 ? "" : ` (${columns.map((name) => spell(grammar, name)).join(", ")})`;
  const named = spell(grammar, columns[0] ?? source.columns[1]?.name ?? "id");
  const options = choices.of([
    "",
    " (HEADER)",
    " (FORMAT csv, HEADER true)",
    ` (FORMAT csv, HEADER on, FORCE_QUOTE (${named}))`,
    ` (FORMAT csv, FORCE_QUOTE (${named}))`,
    " WITH CSV HEADER",
    " (FORMAT csv, HEADER false)",
    " (HEADER match)",
  ]);
  return `COPY ${sql}${list} TO STDOUT${options}`;
}

/** Comments, which hold names and quotation marks, wherever a space stands outside of a string or name. */
function commented(choices: Choices, text: string): string {
  return text
    .split(/("[^"]*"|'[^']*')/)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replaceAll(" ", () => (choices.chance(6) ? choices.of(COMMENTS) : " ")),
    )
    .join("");
}

const COMMENTS = [
  " /* user_id ' */ ",
  ' -- "customer_id\n ',
  "/*o.nr /* é💥 */*/ ",
  "\n\t",
] as const;
