import { quoteIdentifier } from "../../src/sql/tokens.ts";
import { THIS_DATABASE } from "../support/server.ts";
import type { Choices } from "./choices.ts";
import {
  COLUMN_NAMES,
  type Column,
  type Kind,
  PATHS,
  type Path,
  type Source,
  TABLE_NAMES,
} from "./vocabulary.ts";

/** What can be referred to at one place: sources by level, innermost first. */
export interface Scope {
  readonly levels: readonly (readonly Source[])[];
  readonly ctes: readonly Source[];
  readonly depth: number;
}

export interface Query {
  readonly sql: string;
  readonly columns: readonly Column[];
}

/** A generator of SQL for one version. Files of the grammar reach each other through it. */
export interface Grammar {
  readonly choices: Choices;
  readonly tables: readonly Source[];
  readonly path: Path;
  /** Numbers become parameters; nothing may then be run without them. */
  readonly hasParameters: boolean;
  /** A query of these kinds of columns, or of any. */
  readonly query: (grammar: Grammar, scope: Scope, kinds: readonly Kind[] | undefined) => Query;
  readonly write: (grammar: Grammar, scope: Scope) => Query;
}

export const EMPTY: Scope = { levels: [], ctes: [], depth: 0 };

export function deeper(scope: Scope): Scope {
  return { ...scope, depth: scope.depth + 1 };
}

/** Within one more query level, which has these sources. */
export function within(scope: Scope, sources: readonly Source[]): Scope {
  return { ...scope, levels: [sources, ...scope.levels], depth: scope.depth + 1 };
}

/** A name as one of the ways to write it. */
export function spell({ choices }: Grammar, name: string): string {
  const plain = quoteIdentifier(name);
  if (plain !== name) return plain;
  const way = choices.pick(12);
  if (way === 11) return `"${name}"`;
  return way === 10 ? name.toUpperCase() : name;
}

export function number(grammar: Grammar): string {
  const { choices } = grammar;
  if (grammar.hasParameters && choices.chance(2)) return `$${1 + choices.pick(3)}`;
  return choices.of(["1", "2", "20", "3", "0", "100", "7"]);
}

export function literal(grammar: Grammar, kind: Kind): string {
  return kind === "int" ? number(grammar) : grammar.choices.of(["'a'", "'x'", "'b'", "'user_id'"]);
}

/** A reference to a column: mostly one that is there, by its bare or its qualified name. */
export function reference(grammar: Grammar, scope: Scope, kind: Kind): string {
  const { choices } = grammar;
  if (choices.chance(40)) return wildReference(grammar, scope);
  const level = scope.levels[choices.chance(4) ? choices.pick(scope.levels.length || 1) : 0] ?? [];
  const found = level.flatMap((source) =>
    source.columns.filter((column) => column.kind === kind).map((column) => ({ source, column })),
  );
  const chosen = found[choices.pick(found.length || 1)];
  if (chosen === undefined) return literal(grammar, kind);
  const name = spell(grammar, chosen.column.name);
  const { source } = chosen;
  const isAmbiguous =
    level.filter(({ columns }) => columns.some((column) => column.name === chosen.column.name))
      .length > 1;
  if (source.name === "" || choices.chance(isAmbiguous ? 12 : 2)) return name;
  const table = spell(grammar, source.name);
  if (source.schema !== "" && choices.chance(8)) {
    return `${home(grammar, source.schema)}.${table}.${name}`;
  }
  return `${table}.${name}`;
}

function wildReference(grammar: Grammar, scope: Scope): string {
  const { choices } = grammar;
  const name = spell(grammar, choices.of(COLUMN_NAMES));
  const sources = scope.levels.flat();
  const source = sources[choices.pick(sources.length || 1)];
  switch (choices.pick(4)) {
    case 0:
    case 1:
      return name;
    case 2:
      return source === undefined || source.name === ""
        ? name
        : `${spell(grammar, source.name)}.${name}`;
    default:
      return `${spell(grammar, choices.of(TABLE_NAMES))}.${name}`;
  }
}

/** A table to read or write, by a name that reaches it; now and then one that the version does not have. */
export function table(
  grammar: Grammar,
  tables: readonly Source[] = grammar.tables,
): { readonly sql: string; readonly source: Source } {
  const { choices } = grammar;
  if (choices.chance(40)) {
    const name = choices.of(TABLE_NAMES);
    const source = tables.find((each) => each.name === name);
    return { sql: spell(grammar, name), source: source ?? { schema: "", name, columns: [] } };
  }
  const source = tables[choices.pick(tables.length)] ?? {
    schema: "",
    name: "nowhere",
    columns: [],
  };
  const name = spell(grammar, source.name);
  const isQualified = !isReached(grammar, source) || choices.chance(12);
  return { sql: isQualified ? `${home(grammar, source.schema)}.${name}` : name, source };
}

/** A schema, now and then with its database, and rarely with another one. */
function home({ choices }: Grammar, schema: string): string {
  if (!choices.chance(5)) return schema;
  return `${choices.chance(12) ? "elsewhere" : THIS_DATABASE}.${schema}`;
}

/** Whether its name alone stands for it, along the search path. */
function isReached({ tables, path }: Grammar, source: Source): boolean {
  const first = PATHS[path].schemas.find((schema) =>
    tables.some((each) => each.schema === schema && each.name === source.name),
  );
  return first === source.schema;
}
