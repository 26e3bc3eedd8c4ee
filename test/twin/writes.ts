import { condition, expression } from "./expressions.ts";
import { fromItems, item } from "./from.ts";
import {
  type Grammar,
  literal,
  type Query,
  reference,
  type Scope,
  spell,
  table,
  within,
} from "./grammar.ts";
import { outputs } from "./queries.ts";
import { ALIASES, COLUMN_NAMES, type Column, type Kind, type Source } from "./vocabulary.ts";

/** INSERT, UPDATE, DELETE or MERGE. */
export function write(grammar: Grammar, scope: Scope): Query {
  return grammar.choices.part(() => {
    switch (grammar.choices.pick(7)) {
      case 0:
      case 1:
        return insert(grammar, scope);
      case 2:
      case 3:
        return update(grammar, scope);
      case 4:
        return remove(grammar, scope);
      default:
        return merge(grammar, scope);
    }
  });
}

interface Target {
  readonly sql: string;
  /** The table's own columns under the name that the statement has for it. */
  readonly source: Source;
}

function target(grammar: Grammar, as: readonly [string, ...string[]]): Target {
  const { choices } = grammar;
  // An error of the table behind a view has that table's names, as the README says.
  const { sql, source } = table(
    grammar,
    grammar.tables.filter(({ name }) => name !== "recent"),
  );
  if (!choices.chance(4)) return { sql, source };
  const name = choices.of(ALIASES);
  return {
    sql: `${sql}${choices.of(as)}${spell(grammar, name)}`,
    source: { ...source, schema: "", name },
  };
}

/** Names of some of the target's columns; now and then one that is not there, or one twice. */
function someColumns(grammar: Grammar, source: Source): readonly Column[] {
  const { choices } = grammar;
  const columns = choices.many(1, 3, (): Column => {
    if (choices.chance(25)) return { name: choices.of(COLUMN_NAMES), kind: "int" };
    return source.columns[choices.pick(source.columns.length || 1)] ?? { name: "id", kind: "int" };
  });
  return choices.chance(20) ? columns : uniqueByName(columns);
}

function uniqueByName(columns: readonly Column[]): readonly Column[] {
  return [...new Map(columns.map((column) => [column.name, column])).values()];
}

function names(grammar: Grammar, columns: readonly Column[]): string {
  return columns.map(({ name }) => spell(grammar, name)).join(", ");
}

const kindsOf = (columns: readonly Column[]): Kind[] => columns.map(({ kind }) => kind);

function insert(grammar: Grammar, scope: Scope): Query {
  const { choices } = grammar;
  const { sql, source } = target(grammar, [" AS "]);
  const isListed = choices.pick(5) !== 0;
  const columns = isListed ? someColumns(grammar, source) : source.columns;
  const list = isListed ? ` (${names(grammar, columns)})` : "";
  const overriding = choices.chance(20) ? " OVERRIDING USER VALUE" : "";
  const rows = rowsOf(grammar, scope, columns);
  const conflict = choices.chance(3) ? onConflict(grammar, scope, source) : "";
  const answer = returning(grammar, scope, { source, others: [], isMerge: false });
  return {
    sql: `INSERT INTO ${sql}${list}${overriding} ${rows}${conflict}${answer.sql}`,
    columns: answer.columns,
  };
}

function rowsOf(grammar: Grammar, scope: Scope, columns: readonly Column[]): string {
  const { choices } = grammar;
  const value = (kind: Kind) =>
    choices.chance(8)
      ? "DEFAULT"
      : choices.chance(3)
        ? expression(grammar, scope, kind)
        : literal(grammar, kind);
  switch (choices.pick(8)) {
    case 6:
    case 5:
      return grammar.query(grammar, scope, kindsOf(columns)).sql;
    case 7:
      return "DEFAULT VALUES";
    default: {
      const rows = choices.many(
        1,
        2,
        () => `(${columns.map(({ kind }) => value(kind)).join(", ")})`,
      );
      return `VALUES ${rows.join(", ")}`;
    }
  }
}

const KEYS = [
  ["id"],
  ["id"],
  ["nr", "Payer Id"],
  ["number", "payer"],
  ["user_id"],
  ["customer_id"],
  ["id", "user_id"],
];

function onConflict(grammar: Grammar, scope: Scope, source: Source): string {
  const { choices } = grammar;
  const isThere = (name: string) => source.columns.some((column) => column.name === name);
  const fitting = KEYS.filter((key) => key.every(isThere));
  const keys = choices.chance(10) ? KEYS : fitting;
  const key = keys[choices.pick(keys.length || 1)] ?? ["id"];
  const alone = within(scope, [source]);
  const arbiter = choices.of([
    ` (${key.map((name) => spell(grammar, name)).join(", ")})`,
    ` (${key.map((name) => spell(grammar, name)).join(", ")})`,
    ` ON CONSTRAINT ${choices.of(["orders_pkey", "person_pkey", "invoices_pkey"])}`,
    ` (${spell(grammar, key[0] ?? "id")}) WHERE ${reference(grammar, alone, "int")} > 0`,
    ` ((${reference(grammar, alone, "int")} + 1))`,
  ]);
  if (choices.chance(3)) return ` ON CONFLICT${choices.of(["", arbiter])} DO NOTHING`;
  const both = within(scope, [source, { ...source, schema: "", name: "excluded" }]);
  const where = choices.chance(3) ? ` WHERE ${condition(grammar, both)}` : "";
  return ` ON CONFLICT${arbiter} DO UPDATE SET ${assignments(grammar, both, source)}${where}`;
}

/** `a = ..., (b, c) = (...)`. */
function assignments(grammar: Grammar, scope: Scope, source: Source, hasQueries = true): string {
  const { choices } = grammar;
  const taken = new Set<string>();
  const parts = choices.many(1, 2, () => {
    const some = someColumns(grammar, source);
    const free = some.filter(({ name }) => !taken.has(name));
    const columns = free.length === 0 || choices.chance(20) ? some : free;
    for (const { name } of columns) taken.add(name);
    const [first] = columns;
    const kind = first?.kind ?? "int";
    const way = choices.pick(6);
    switch (way === 4 && !hasQueries ? 0 : way) {
      case 3: {
        const row = columns.map((column) => expression(grammar, scope, column.kind));
        return `(${names(grammar, columns)}) = ${choices.of(["", "ROW"])}(${row.join(", ")})`;
      }
      case 4:
        return `(${names(grammar, columns)}) = (${grammar.query(grammar, scope, kindsOf(columns)).sql} LIMIT 1)`;
      case 5:
        return `${spell(grammar, first?.name ?? "id")} = DEFAULT`;
      default:
        return `${spell(grammar, first?.name ?? "id")} = ${expression(grammar, scope, kind)}`;
    }
  });
  return parts.join(", ");
}

function update(grammar: Grammar, outer: Scope): Query {
  const { choices } = grammar;
  const only = choices.chance(14) ? "ONLY " : "";
  const { sql, source } = target(grammar, [" AS ", " "]);
  const others = choices.chance(3) ? fromItems(grammar, outer, [source]) : undefined;
  const scope = within(outer, [source, ...(others?.sources ?? [])]);
  const set = assignments(grammar, scope, source);
  const from = others === undefined ? "" : ` FROM ${others.sql}`;
  const where = choices.pick(4) === 0 ? "" : ` WHERE ${condition(grammar, scope)}`;
  const answer = returning(grammar, outer, {
    source,
    others: others?.sources ?? [],
    isMerge: false,
  });
  return {
    sql: `UPDATE ${only}${sql} SET ${set}${from}${where}${answer.sql}`,
    columns: answer.columns,
  };
}

function remove(grammar: Grammar, outer: Scope): Query {
  const { choices } = grammar;
  const only = choices.chance(14) ? "ONLY " : "";
  const { sql, source } = target(grammar, [" AS ", " "]);
  const others = choices.chance(3) ? fromItems(grammar, outer, [source]) : undefined;
  const scope = within(outer, [source, ...(others?.sources ?? [])]);
  const using = others === undefined ? "" : ` USING ${others.sql}`;
  const where = choices.pick(4) === 0 ? "" : ` WHERE ${condition(grammar, scope)}`;
  const answer = returning(grammar, outer, {
    source,
    others: others?.sources ?? [],
    isMerge: false,
  });
  return { sql: `DELETE FROM ${only}${sql}${using}${where}${answer.sql}`, columns: answer.columns };
}

function merge(grammar: Grammar, outer: Scope): Query {
  const { choices } = grammar;
  const only = choices.chance(14) ? "ONLY " : "";
  const { sql, source } = target(grammar, [" AS ", " "]);
  const other = item(grammar, outer, [source]);
  const both = within(outer, [source, ...other.sources]);
  const scopes = {
    "WHEN MATCHED": both,
    "WHEN NOT MATCHED BY SOURCE": within(outer, [source]),
    "WHEN NOT MATCHED": within(outer, other.sources),
  } as const;
  const on = choices.chance(2)
    ? condition(grammar, both)
    : `${reference(grammar, within(outer, [source]), "int")} = ${reference(grammar, within(outer, other.sources), "int")}`;
  // PostgreSQL 18.4 can crash where two of them have a `SET (...) = (SELECT ...)`.
  const clauses = choices.many(1, 3, (index) => {
    const when = choices.of([
      "WHEN MATCHED",
      "WHEN MATCHED",
      "WHEN NOT MATCHED",
      "WHEN NOT MATCHED BY SOURCE",
    ]);
    const scope = choices.chance(20) ? both : scopes[when];
    const and = choices.pick(4) !== 0 ? ` AND ${condition(grammar, scope)}` : "";
    const by = when === "WHEN NOT MATCHED" ? choices.of(["", " BY TARGET"]) : "";
    const isInsert = when === "WHEN NOT MATCHED";
    const action = mergeAction(grammar, scope, { source, isInsert, hasQueries: index === 0 });
    return `${when}${by}${and} THEN ${action}`;
  });
  const answer = returning(grammar, outer, { source, others: other.sources, isMerge: true });
  return {
    sql: `MERGE INTO ${only}${sql} USING ${other.sql} ON ${on} ${clauses.join(" ")}${answer.sql}`,
    columns: answer.columns,
  };
}

function mergeAction(
  grammar: Grammar,
  scope: Scope,
  place: { readonly source: Source; readonly isInsert: boolean; readonly hasQueries: boolean },
): string {
  const { choices } = grammar;
  const { source, isInsert, hasQueries } = place;
  if (choices.chance(8)) return "DO NOTHING";
  if (!isInsert) {
    return choices.chance(4)
      ? "DELETE"
      : `UPDATE SET ${assignments(grammar, scope, source, hasQueries)}`;
  }
  if (choices.chance(8)) return "INSERT DEFAULT VALUES";
  const isListed = choices.pick(4) !== 0;
  const columns = isListed ? someColumns(grammar, source) : source.columns;
  const list = isListed ? ` (${names(grammar, columns)})` : "";
  const row = columns.map(({ kind }) => expression(grammar, scope, kind));
  return `INSERT${list} VALUES (${row.join(", ")})`;
}

/** RETURNING, or nothing. */
function returning(
  grammar: Grammar,
  outer: Scope,
  place: { readonly source: Source; readonly others: readonly Source[]; readonly isMerge: boolean },
): Query {
  const { choices } = grammar;
  if (!choices.chance(2)) return { sql: "", columns: [] };
  const { source, others } = place;
  const level = place.isMerge ? [...others, source] : [source, ...others];
  const versions = choices.chance(4);
  const [before, after] =
    versions && choices.chance(3) ? [choices.of(ALIASES), "n"] : ["old", "new"];
  const options = before === "old" ? "" : `WITH (OLD AS ${spell(grammar, before)}, NEW AS n) `;
  // A bare star must not have them, so they are in sight for the half of the lists only.
  const rows = versions
    ? [
        { ...source, schema: "", name: before, isVersion: true as const },
        { ...source, schema: "", name: after, isVersion: true as const },
      ]
    : [];
  const { sql, columns } = outputs(
    grammar,
    within(outer, versions ? [...rows, ...level] : level),
    undefined,
  );
  const action = place.isMerge && choices.chance(3) ? "merge_action(), " : "";
  const shown: Column[] = action === "" ? [] : [{ name: "merge_action", kind: "text" }];
  return { sql: ` RETURNING ${options}${action}${sql}`, columns: [...shown, ...columns] };
}
