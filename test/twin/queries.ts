import { condition, expression, wholeRow } from "./expressions.ts";
import { fromItems } from "./from.ts";
import {
  deeper,
  type Grammar,
  number,
  type Query,
  reference,
  type Scope,
  spell,
  table,
  within,
} from "./grammar.ts";
import { ALIASES, COLUMN_NAMES, type Column, type Kind, type Source } from "./vocabulary.ts";

/** A SELECT in one of its forms, which gives these kinds of columns, or any. */
export function query(grammar: Grammar, scope: Scope, kinds: readonly Kind[] | undefined): Query {
  return grammar.choices.part(() => {
    const inner = deeper(scope);
    const isDeep = scope.depth > 4;
    switch (isDeep ? 0 : grammar.choices.pick(16)) {
      case 12:
        return kinds === undefined ? tableCommand(grammar) : select(grammar, inner, kinds);
      case 13:
        return values(grammar, inner, kinds);
      case 14:
        return setOperation(grammar, inner, kinds);
      case 15:
        return withQuery(grammar, inner, (place) => query(grammar, place, kinds));
      default:
        return select(grammar, inner, kinds);
    }
  });
}

function tableCommand(grammar: Grammar): Query {
  const { sql, source } = table(grammar);
  return { sql: `TABLE ${sql}`, columns: source.columns };
}

function values(grammar: Grammar, scope: Scope, kinds: readonly Kind[] | undefined): Query {
  const row = kinds ?? (["int", "text"] as const);
  const rows = grammar.choices.many(1, 2, () => {
    const parts = row.map((kind) => expression(grammar, scope, kind));
    return `(${parts.join(", ")})`;
  });
  const columns = row.map((kind, index) => ({ name: `column${index + 1}`, kind }));
  return { sql: `VALUES ${rows.join(", ")}${orderBy(grammar, scope, columns)}`, columns };
}

function setOperation(grammar: Grammar, scope: Scope, kinds: readonly Kind[] | undefined): Query {
  const { choices } = grammar;
  const row = kinds ?? (["int", "int"] as const);
  const first = query(grammar, scope, row);
  const second = query(grammar, scope, row);
  const word = choices.of(["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
  const order = orderBy(grammar, { ...scope, levels: [] }, first.columns);
  return { sql: `(${first.sql}) ${word} (${second.sql})${order}`, columns: first.columns };
}

/** A statement or query behind WITH. */
export function withQuery(grammar: Grammar, scope: Scope, build: (scope: Scope) => Query): Query {
  const { choices } = grammar;
  const ctes: Source[] = [];
  const isRecursive = choices.chance(5);
  const parts = choices.many(1, 2, (index) => {
    const place = { ...scope, ctes: [...ctes, ...scope.ctes] };
    const name = choices.of(["w", "c", "orders", "people", "person", "user_id", "crew"]);
    if (isRecursive && index === 0) {
      ctes.push({ schema: "", name, columns: [{ name: "n", kind: "int" }] });
      const column = choices.of(COLUMN_NAMES);
      ctes[0] = { schema: "", name, columns: [{ name: column, kind: "int" }] };
      const start = query(grammar, place, ["int"]).sql;
      const spelt = spell(grammar, column);
      const ends = choices.of([
        "",
        "",
        ` SEARCH BREADTH FIRST BY ${spelt} SET customer_id`,
        ` CYCLE ${spelt} SET user_id USING path`,
      ]);
      return `${spell(grammar, name)}(${spelt}) AS ((${start}) UNION (SELECT ${spelt} + 1 FROM ${spell(grammar, name)} WHERE ${spelt} < 4))${ends}`;
    }
    const isWriting = scope.levels.length === 0 && choices.chance(4);
    const made = isWriting ? grammar.write(grammar, place) : query(grammar, place, undefined);
    const hasList = choices.chance(4) && made.columns.length > 0;
    const first = { name: choices.of(COLUMN_NAMES), kind: made.columns[0]?.kind ?? "int" };
    const columns = hasList ? [first, ...made.columns.slice(1)] : made.columns;
    ctes.unshift({ schema: "", name, columns });
    const list = hasList ? `(${spell(grammar, first.name)})` : "";
    const how = choices.of(["", "", "MATERIALIZED ", "NOT MATERIALIZED "]);
    return `${spell(grammar, name)}${list} AS ${isWriting ? "" : how}(${made.sql})`;
  });
  const inner = build({ ...scope, ctes: [...ctes, ...scope.ctes] });
  const word = isRecursive ? "WITH RECURSIVE" : "WITH";
  return { sql: `${word} ${parts.join(", ")} ${inner.sql}`, columns: inner.columns };
}

function select(grammar: Grammar, outer: Scope, kinds: readonly Kind[] | undefined): Query {
  const { choices } = grammar;
  const { sql: from, sources } = fromItems(grammar, outer);
  const scope = within(outer, sources);
  if (kinds === undefined ? choices.chance(6) : choices.chance(12)) {
    return grouped(grammar, scope, { from, kinds: kinds ?? ["int"] });
  }
  const { sql, columns } = outputs(grammar, scope, kinds);
  const distinct = choices.chance(8) ? distinctOf(grammar, scope, columns) : "";
  const where = choices.chance(2) ? ` WHERE ${condition(grammar, scope)}` : "";
  const window = choices.chance(12)
    ? ` WINDOW w AS (PARTITION BY ${reference(grammar, scope, "int")})`
    : "";
  const order = orderBy(grammar, scope, columns);
  const lock = choices.chance(20) ? lockOf(grammar, sources) : "";
  return {
    sql: `SELECT ${distinct}${sql} FROM ${from}${where}${window}${order}${lock}`,
    columns,
  };
}

/** The list of a SELECT or of RETURNING. */
export function outputs(grammar: Grammar, scope: Scope, kinds: readonly Kind[] | undefined): Query {
  const { choices } = grammar;
  const wanted = kinds ?? choices.many(1, 3, () => choices.of(["int", "int", "text"] as const));
  const all = (scope.levels[0] ?? []).flatMap(({ columns }) => columns);
  const parts: string[] = [];
  const columns: Column[] = [];
  for (const kind of wanted) {
    if (kinds === undefined && choices.chance(4)) {
      const star = starOutput(grammar, scope, all);
      parts.push(star.sql);
      columns.push(...star.columns);
      continue;
    }
    const sql = choices.chance(20)
      ? windowCall(grammar, scope, kind)
      : expression(grammar, scope, kind);
    const as = choices.pick(4);
    const name = as === 3 ? choices.of(COLUMN_NAMES) : nameOf(sql);
    parts.push(as === 3 ? `${sql} AS ${spell(grammar, name)}` : sql);
    columns.push({ name, kind });
  }
  return { sql: parts.join(", "), columns };
}

function starOutput(grammar: Grammar, scope: Scope, all: readonly Column[]): Query {
  const { choices } = grammar;
  const sources = (scope.levels[0] ?? []).filter(({ name }) => name !== "");
  const source = sources[choices.pick(sources.length || 1)];
  switch (choices.pick(6)) {
    case 3:
    case 4:
      if (source === undefined) return { sql: "*", columns: all };
      return { sql: `${spell(grammar, source.name)}.*`, columns: source.columns };
    case 5: {
      const sql = wholeRow(grammar, scope);
      const shown = choices.of([
        sql,
        `row_to_json(${sql})`,
        `count(${sql}) OVER ()`,
        `(${sql}).*`,
        `jsonb_agg(${sql}) OVER ()`,
        `ROW(${sql}.*, 1)`,
        `num_nulls(${sql})`,
      ]);
      return { sql: shown, columns: [] };
    }
    default:
      return { sql: "*", columns: all };
  }
}

/** What the server calls a plain reference; good enough for the rest. */
function nameOf(sql: string): string {
  const last = sql.split(".").at(-1) ?? "";
  if (/^"[^"]+"$/.test(last)) return last.slice(1, -1);
  return /^[\p{L}_]+$/u.test(last) ? last.toLowerCase() : "c";
}

function windowCall(grammar: Grammar, scope: Scope, kind: Kind): string {
  const { choices } = grammar;
  const over = choices.of(["PARTITION BY", "ORDER BY"]);
  const key = reference(grammar, scope, "int");
  const frame =
    over === "ORDER BY"
      ? choices.of(["", "", " RANGE BETWEEN 5 PRECEDING AND CURRENT ROW EXCLUDE TIES"])
      : "";
  const call = kind === "int" ? "max" : "min";
  const filter = choices.chance(4) ? ` FILTER (WHERE ${condition(grammar, scope)})` : "";
  return `${call}(${expression(grammar, scope, kind)})${filter} OVER (${over} ${key}${frame})`;
}

function distinctOf(grammar: Grammar, scope: Scope, columns: readonly Column[]): string {
  const { choices } = grammar;
  if (choices.chance(2)) return "DISTINCT ";
  const output = columns[choices.pick(columns.length || 1)];
  const key =
    output !== undefined && choices.chance(2)
      ? spell(grammar, output.name)
      : reference(grammar, scope, "int");
  return `DISTINCT ON (${key}) `;
}

function grouped(
  grammar: Grammar,
  scope: Scope,
  parts: { readonly from: string; readonly kinds: readonly Kind[] },
): Query {
  const { choices } = grammar;
  const keys = choices.many(1, 2, () => reference(grammar, scope, "int"));
  const columns: Column[] = [];
  const list = parts.kinds.map((kind, index) => {
    const key = keys[index];
    const isKey = kind === "int" && key !== undefined && choices.pick(3) !== 2;
    const call = kind === "int" ? "max" : "min";
    const sql = isKey ? key : aggregate(grammar, scope, { kind, call, key });
    const isNamed = choices.chance(3);
    const name = isNamed ? choices.of(COLUMN_NAMES) : isKey ? nameOf(key) : call;
    columns.push({ name, kind });
    return isNamed ? `${sql} AS ${spell(grammar, name)}` : sql;
  });
  const output = columns[0];
  const group = choices.of([
    keys.join(", "),
    keys.join(", "),
    `GROUPING SETS ((${keys.join("), (")}), ())`,
    `ROLLUP (${keys.join(", ")})`,
    `CUBE (${keys.join(", ")})`,
    `DISTINCT GROUPING SETS (ROLLUP (${keys.join(", ")}), CUBE ((${keys.join(", ")})))`,
    output === undefined ? "1" : spell(grammar, output.name),
    "1",
  ]);
  const having = choices.chance(4) ? ` HAVING max(${reference(grammar, scope, "int")}) > 1` : "";
  const where = choices.chance(3) ? ` WHERE ${condition(grammar, scope)}` : "";
  const order = choices.chance(3) ? ` ORDER BY ${keys[0] ?? "1"}` : "";
  return {
    sql: `SELECT ${list.join(", ")} FROM ${parts.from}${where} GROUP BY ${group}${having}${order}`,
    columns,
  };
}

/** Mostly `call`, now and then one that gives a value of those that it sorts. */
function aggregate(
  grammar: Grammar,
  scope: Scope,
  of: { readonly kind: Kind; readonly call: string; readonly key: string | undefined },
): string {
  const { choices } = grammar;
  const value = () => expression(grammar, scope, of.kind);
  if (!choices.chance(6)) return `${of.call}(${value()})`;
  if (of.kind === "int") {
    return choices.of([
      `mode() WITHIN GROUP (ORDER BY ${value()})`,
      `percentile_disc(0.5) WITHIN GROUP (ORDER BY ${value()} DESC)`,
      `GROUPING(${of.key ?? "1"})`,
    ]);
  }
  return choices.of([
    `mode() WITHIN GROUP (ORDER BY ${value()})`,
    `row_to_json(mode() WITHIN GROUP (ORDER BY ${wholeRow(grammar, scope)}))::text`,
    `JSON_ARRAYAGG(${wholeRow(grammar, scope)} RETURNING text)`,
  ]);
}

function orderBy(grammar: Grammar, scope: Scope, columns: readonly Column[]): string {
  const { choices } = grammar;
  if (!choices.chance(4)) return "";
  const output = columns[choices.pick(columns.length || 1)];
  const name = output === undefined ? "1" : spell(grammar, output.name);
  const key = () =>
    choices.of([
      "1",
      name,
      name,
      scope.levels.length === 0 ? name : reference(grammar, scope, "int"),
      scope.levels.length === 0 ? name : `${reference(grammar, scope, "int")} + 1`,
    ]);
  const keys = choices.many(1, 2, () => `${key()}${choices.of(["", " DESC", " NULLS FIRST"])}`);
  const limit = choices.of([
    "",
    "",
    ` LIMIT ${number(grammar)}`,
    " OFFSET 1",
    " FETCH FIRST 1 ROW WITH TIES",
  ]);
  return ` ORDER BY ${keys.join(", ")}${limit}`;
}

function lockOf(grammar: Grammar, sources: readonly Source[]): string {
  const { choices } = grammar;
  const word = choices.of([" FOR UPDATE", " FOR SHARE", " FOR NO KEY UPDATE"]);
  const source = sources[choices.pick(sources.length || 1)];
  if (source === undefined || source.name === "" || choices.pick(4) === 0) return word;
  const name = choices.chance(15) ? choices.of(ALIASES) : source.name;
  return `${word} OF ${spell(grammar, name)}`;
}
