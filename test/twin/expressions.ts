import { deeper, type Grammar, literal, number, reference, type Scope, spell } from "./grammar.ts";
import type { Kind } from "./vocabulary.ts";

const DEPTH_MAX = 4;

/** An expression; a column far more often than anything else. */
export function expression(grammar: Grammar, scope: Scope, kind: Kind): string {
  return grammar.choices.part(() => {
    const inner = deeper(scope);
    if (scope.depth > DEPTH_MAX) return simple(grammar, scope, kind);
    if (!grammar.choices.chance(3)) return simple(grammar, scope, kind);
    return kind === "int" ? integer(grammar, inner) : string(grammar, inner);
  });
}

function simple(grammar: Grammar, scope: Scope, kind: Kind): string {
  return grammar.choices.pick(6) === 0 ? literal(grammar, kind) : reference(grammar, scope, kind);
}

function integer(grammar: Grammar, scope: Scope): string {
  const int = () => expression(grammar, scope, "int");
  switch (grammar.choices.pick(20)) {
    case 14:
      return `JSON_VALUE(jsonb '{"a": 1}', '$.b' RETURNING int DEFAULT ${int()} ON EMPTY)`;
    case 15:
      return `(JSON_OBJECT('a': ${int()} RETURNING jsonb) ->> 'a')::int`;
    case 16:
      return `CASE ${int()} WHEN ${int()} THEN ${int()} END`;
    case 17:
      return `position(${expression(grammar, scope, "text")} IN ${expression(grammar, scope, "text")})`;
    case 18:
      return `cardinality(ARRAY(${grammar.query(grammar, scope, ["int"]).sql}))`;
    case 19:
      return `(to_jsonb(${wholeRow(grammar, scope)}) ->> '${grammar.choices.of(["user_id", "customer_id", "id", "sku"])}')::int`;
    case 0:
      return `(${int()} + ${int()})`;
    case 1:
      return `coalesce(${int()}, ${int()})`;
    case 2:
      return `CASE WHEN ${condition(grammar, scope)} THEN ${int()} ELSE ${int()} END`;
    case 3:
    case 4:
      return subquery(grammar, scope, ["int"]);
    case 5:
      return `(${int()})::int`;
    case 6:
      return `greatest(${int()}, ${int()})`;
    case 7:
      return `nullif(${int()}, ${int()})`;
    case 8:
      return `length(${expression(grammar, scope, "text")})`;
    case 9:
      return `(ARRAY[${int()}, ${int()}])[${number(grammar)}]`;
    case 10:
      return `CAST(${int()} AS integer)`;
    case 11:
      return fieldOfRow(grammar, scope);
    case 12:
      return `(SELECT count(*)::int FROM (${grammar.query(grammar, scope, undefined).sql}) AS n)`;
    default:
      return `- ${int()}`;
  }
}

function string(grammar: Grammar, scope: Scope): string {
  const text = () => expression(grammar, scope, "text");
  switch (grammar.choices.pick(16)) {
    case 13:
      return `row_to_json(NULLIF(${wholeRow(grammar, scope)}, ${wholeRow(grammar, scope)}))::text`;
    case 14:
      // With RETURNING it crashes PostgreSQL 18.4 within `CASE value WHEN`.
      return `JSON_OBJECT('a': ${wholeRow(grammar, scope)})::text`;
    case 15:
      return `(CASE WHEN ${condition(grammar, scope)} THEN ${wholeRow(grammar, scope)} ELSE ${wholeRow(grammar, scope)} END IS NULL)::text`;
    case 8:
      return `JSON_QUERY(to_jsonb(${text()}), '$')::text`;
    case 9:
      return `substring(${text()} FROM 1 FOR ${reference(grammar, scope, "int")})`;
    case 10:
      return `xmlelement(name x, xmlattributes(${reference(grammar, scope, "int")}${grammar.choices.of(["", " AS a"])}), ${text()})::text`;
    case 11:
      return `xmlforest(${reference(grammar, scope, "int")}${grammar.choices.of(["", " AS user_id"])})::text`;
    case 12:
      return `json_build_object('a', ${wholeRow(grammar, scope)}, 'b', ${text()})::text`;
    case 0:
      return `(${text()} || ${text()})`;
    case 1:
      return `${reference(grammar, scope, "int")}::text`;
    case 2:
      return `coalesce(${text()}, ${text()})`;
    case 3:
      return subquery(grammar, scope, ["text"]);
    case 4:
      return `upper(${text()})`;
    case 5:
      return `${wholeRow(grammar, scope)}::text`;
    case 6:
      return `row_to_json(${wholeRow(grammar, scope)})::text`;
    default:
      return `${text()} COLLATE "C"`;
  }
}

/** A row of one of the sources, by its name. */
export function wholeRow(grammar: Grammar, scope: Scope): string {
  const sources = (scope.levels[0] ?? []).filter(({ name }) => name !== "");
  const source = sources[grammar.choices.pick(sources.length || 1)];
  return source === undefined ? "ROW(1, 2)" : spell(grammar, source.name);
}

function fieldOfRow(grammar: Grammar, scope: Scope): string {
  const sources = (scope.levels[0] ?? []).filter(({ name }) => name !== "");
  const source = sources[grammar.choices.pick(sources.length || 1)];
  const columns = source?.columns.filter(({ kind }) => kind === "int") ?? [];
  const column = columns[grammar.choices.pick(columns.length || 1)];
  if (source === undefined || column === undefined) return number(grammar);
  return `(${spell(grammar, source.name)}).${spell(grammar, column.name)}`;
}

function subquery(grammar: Grammar, scope: Scope, kinds: readonly Kind[]): string {
  const { sql } = grammar.query(grammar, scope, kinds);
  // Most have more than one row, which as a value is an error.
  return grammar.choices.chance(8) ? `(${sql})` : `(SELECT max(q.c) FROM (${sql}) AS q(c))`;
}

export function condition(grammar: Grammar, scope: Scope): string {
  return grammar.choices.part(() => {
    const inner = deeper(scope);
    const int = () => expression(grammar, inner, "int");
    const exists = () => `EXISTS (${grammar.query(grammar, inner, undefined).sql})`;
    // PostgreSQL 18.4 crashes on `INSERT ... RETURNING old.a IN (SELECT ...)`.
    const hasVersions = (scope.levels[0] ?? []).some(({ isVersion }) => isVersion === true);
    const isDeep = scope.depth > DEPTH_MAX;
    switch (grammar.choices.pick(isDeep ? 5 : 20)) {
      case 15:
        return `${wholeRow(grammar, scope)} ${grammar.choices.of(["=", "<>", "IS DISTINCT FROM"])} ${wholeRow(grammar, scope)}`;
      case 16:
        return `${int()} IS DISTINCT FROM ${int()}`;
      case 17:
        return `${expression(grammar, inner, "text")} LIKE ${expression(grammar, inner, "text")}`;
      case 18:
        return `ROW(${int()}, ${int()}) ${grammar.choices.of(["=", "IS DISTINCT FROM"])} ROW(${int()}, ${int()})`;
      case 19:
        return `JSON_EXISTS(jsonb '[1]', '$[*] ? (@ == $x)' PASSING ${int()} AS x)`;
      case 0:
        return "true";
      case 1:
      case 2:
        return `${int()} ${grammar.choices.of(["=", "<", ">=", "<>"])} ${int()}`;
      case 3:
        return `${int()} IS NOT NULL`;
      case 4:
        return `${expression(grammar, inner, "text")} = ${expression(grammar, inner, "text")}`;
      case 5:
      case 6:
        return exists();
      case 7:
        if (hasVersions) return exists();
        return `${int()} IN (${grammar.query(grammar, inner, ["int"]).sql})`;
      case 8:
        if (hasVersions) return exists();
        return `${int()} ${grammar.choices.of(["= ANY", "<> ALL", "< SOME"])} (${grammar.query(grammar, inner, ["int"]).sql})`;
      case 9:
        return `(${condition(grammar, inner)} ${grammar.choices.of(["AND", "OR"])} ${condition(grammar, inner)})`;
      case 10:
        return `NOT ${condition(grammar, inner)}`;
      case 11:
        return `(${int()}, ${int()}) ${grammar.choices.of(["=", "<", ">="])} (${int()}, ${int()})`;
      case 12:
        if (hasVersions) return exists();
        return `(${int()}, ${int()}) IN (${grammar.query(grammar, inner, ["int", "int"]).sql})`;
      case 13:
        return `${wholeRow(grammar, scope)} IS ${grammar.choices.of(["NULL", "NOT NULL"])}`;
      default:
        return `${int()} BETWEEN ${int()} AND ${int()}`;
    }
  });
}
