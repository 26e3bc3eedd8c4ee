import { condition, expression } from "./expressions.ts";
import { type Grammar, number, type Scope, spell, table, within } from "./grammar.ts";
import { ALIASES, COLUMN_NAMES, type Column, type Source } from "./vocabulary.ts";

interface Item {
  readonly sql: string;
  readonly sources: readonly Source[];
}

/** FROM's (or USING's) items, without the word. */
export function fromItems(grammar: Grammar, scope: Scope, target: readonly Source[] = []): Item {
  const seen: Source[] = [];
  const parts = grammar.choices.many(1, 2, () => {
    const { sql, sources } = item(grammar, scope, [...target, ...seen]);
    seen.push(...sources);
    return sql;
  });
  return { sql: parts.join(", "), sources: seen };
}

export function item(grammar: Grammar, scope: Scope, left: readonly Source[]): Item {
  return grammar.choices.part(() => {
    if (scope.depth > 4) return tableItem(grammar, scope, left);
    switch (grammar.choices.pick(14)) {
      case 8:
      case 9:
      case 10:
        return join(grammar, scope, left);
      case 11:
        return derived(grammar, scope, left);
      case 12:
        return derived(grammar, scope, left);
      case 13:
        return made(grammar, within(scope, left));
      default:
        return tableItem(grammar, scope, left);
    }
  });
}

function tableItem(grammar: Grammar, scope: Scope, left: readonly Source[]): Item {
  const { choices } = grammar;
  const cte = scope.ctes[choices.pick((scope.ctes.length || 1) * 2)];
  const found = cte === undefined ? table(grammar) : { sql: spell(grammar, cte.name), source: cte };
  const isOnly = cte === undefined && choices.chance(14);
  let { sql } = found;
  if (isOnly) sql = choices.of(["ONLY ", "ONLY (", "*"]);
  if (sql === "*") sql = `${found.sql} *`;
  else if (isOnly) sql = sql === "ONLY (" ? `ONLY (${found.sql})` : `ONLY ${found.sql}`;
  if (cte === undefined && choices.chance(20)) {
    const name = choices.of(ALIASES);
    const sample = `${found.sql} AS ${spell(grammar, name)} TABLESAMPLE BERNOULLI (100) REPEATABLE (${number(grammar)})`;
    return { sql: sample, sources: [{ ...found.source, schema: "", name }] };
  }
  const isTaken = left.some(({ name }) => name === found.source.name);
  // The same name twice is an error, which shouldn't be the rule.
  const isKept = choices.chance(8);
  return aliased(grammar, sql, found.source, isTaken && !isKept ? "alias" : "optional", left);
}

/** With an alias, and sometimes a list of column aliases. */
function aliased(
  grammar: Grammar,
  sql: string,
  source: Source,
  need: "optional" | "alias",
  left: readonly Source[] = [],
): Item {
  const { choices } = grammar;
  if (need === "optional" && !choices.chance(3)) return { sql, sources: [source] };
  const drawn = choices.of(ALIASES);
  const isTaken = left.some((each) => each.name === drawn) && !choices.chance(10);
  const name = isTaken ? `${drawn}${left.length}` : drawn;
  const as = `${choices.of([" AS ", " "])}${spell(grammar, name)}`;
  if (!choices.chance(4)) {
    return { sql: `${sql}${as}`, sources: [{ ...source, schema: "", name }] };
  }
  const columns = renamed(grammar, source.columns);
  const count = 1 + choices.pick(columns.length || 1);
  const names = columns.slice(0, count).map((column) => spell(grammar, column.name));
  const shown = [...columns.slice(0, count), ...source.columns.slice(count)];
  return {
    sql: `${sql}${as}${choices.of(["(", " ("])}${names.join(", ")})`,
    sources: [{ schema: "", name, columns: shown }],
  };
}

function renamed(grammar: Grammar, columns: readonly Column[]): readonly Column[] {
  const made = columns.map(({ kind }) => ({ name: grammar.choices.of(COLUMN_NAMES), kind }));
  return made.length === 0 ? [{ name: "id", kind: "int" }] : made;
}

function derived(grammar: Grammar, scope: Scope, left: readonly Source[]): Item {
  const isLateral = left.length > 0 && grammar.choices.chance(2);
  const inner = isLateral ? within(scope, left) : { ...scope, depth: scope.depth + 1 };
  const { sql, columns } = grammar.query(grammar, inner, undefined);
  const source = { schema: "", name: "", columns };
  return aliased(grammar, `${isLateral ? "LATERAL " : ""}(${sql})`, source, "alias", left);
}

/** Functions, and rows that stand in the text. */
function made(grammar: Grammar, scope: Scope): Item {
  const { choices } = grammar;
  const int = () => expression(grammar, scope, "int");
  switch (choices.pick(8)) {
    case 4: {
      const [name, first] = [choices.of(ALIASES), choices.of(COLUMN_NAMES)];
      const spelt = spell(grammar, first);
      return {
        sql: `XMLTABLE('/r/i' PASSING xmlparse(CONTENT '<r><i>20</i></r>') COLUMNS ${spelt} int PATH '.' DEFAULT ${int()}, n FOR ORDINALITY) AS ${spell(grammar, name)}`,
        sources: [
          {
            schema: "",
            name,
            columns: [
              { name: first, kind: "int" },
              { name: "n", kind: "int" },
            ],
          },
        ],
      };
    }
    case 5: {
      const [name, first, second] = [
        choices.of(ALIASES),
        choices.of(COLUMN_NAMES),
        choices.of(COLUMN_NAMES),
      ];
      const nested = `NESTED PATH '$.b[*]' COLUMNS (${spell(grammar, second)} int PATH '$')`;
      return {
        sql: `JSON_TABLE(jsonb '{"a": 20, "b": [1, 2]}', '$' PASSING ${int()} AS p COLUMNS (${spell(grammar, first)} int PATH '$.a' DEFAULT ${int()} ON EMPTY, ${nested})) AS ${spell(grammar, name)}`,
        sources: [
          {
            schema: "",
            name,
            columns: [
              { name: first, kind: "int" },
              { name: second, kind: "int" },
            ],
          },
        ],
      };
    }
    case 6: {
      const [name, first, second] = [
        choices.of(ALIASES),
        choices.of(COLUMN_NAMES),
        choices.of(COLUMN_NAMES),
      ];
      return {
        sql: `ROWS FROM (generate_series(1, 2), unnest(ARRAY[${int()}])) AS ${spell(grammar, name)}(${spell(grammar, first)}, ${spell(grammar, second)})`,
        sources: [
          {
            schema: "",
            name,
            columns: [
              { name: first, kind: "int" },
              { name: second, kind: "int" },
            ],
          },
        ],
      };
    }
    case 7: {
      const [name, first] = [choices.of(ALIASES), choices.of(COLUMN_NAMES)];
      return {
        sql: `jsonb_to_recordset('[{"user_id": 20}, {"customer_id": 1}]') AS ${spell(grammar, name)}(${spell(grammar, first)} int)`,
        sources: [{ schema: "", name, columns: [{ name: first, kind: "int" }] }],
      };
    }
    case 0: {
      const name = choices.of(ALIASES);
      const columns = [{ name, kind: "int" }] as const;
      return {
        sql: `generate_series(1, ${number(grammar)}) AS ${spell(grammar, name)}`,
        sources: [{ schema: "", name, columns }],
      };
    }
    case 1:
      return aliased(
        grammar,
        `(VALUES (${int()}, 'a'), (${number(grammar)}, 'x'))`,
        {
          schema: "",
          name: "",
          columns: [
            { name: "column1", kind: "int" },
            { name: "column2", kind: "text" },
          ],
        },
        "alias",
      );
    case 2: {
      const [name, first, second] = [choices.of(ALIASES), choices.of(COLUMN_NAMES), "n"];
      const columns: readonly Column[] = [
        { name: first, kind: "int" },
        { name: second, kind: "int" },
      ];
      return {
        sql: `unnest(ARRAY[${int()}, 20]) WITH ORDINALITY AS ${spell(grammar, name)}(${spell(grammar, first)}, n)`,
        sources: [{ schema: "", name, columns }],
      };
    }
    default: {
      const [name, first] = [choices.of(ALIASES), choices.of(COLUMN_NAMES)];
      return {
        sql: `json_to_record('{"user_id": 20, "customer_id": 1}') AS ${spell(grammar, name)}(${spell(grammar, first)} int)`,
        sources: [{ schema: "", name, columns: [{ name: first, kind: "int" }] }],
      };
    }
  }
}

function join(grammar: Grammar, scope: Scope, left: readonly Source[]): Item {
  const { choices } = grammar;
  const inner = { ...scope, depth: scope.depth + 1 };
  const first = item(grammar, inner, left);
  const second = item(grammar, inner, [...left, ...first.sources]);
  const sources = [...first.sources, ...second.sources];
  const kind = choices.of(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
  const finish = (sql: string): Item => {
    if (!choices.chance(8)) return { sql, sources };
    const columns = sources.flatMap((source) => source.columns);
    return aliased(grammar, `(${sql})`, { schema: "", name: "", columns }, "alias");
  };
  switch (choices.pick(6)) {
    case 0:
    case 1: {
      const on = condition(grammar, within(scope, sources));
      return finish(`${first.sql} ${kind} ${second.sql} ON ${on}`);
    }
    case 2:
      return finish(`${first.sql} CROSS JOIN ${second.sql}`);
    case 3:
      return finish(`${first.sql} NATURAL ${kind} ${second.sql}`);
    default: {
      const shared = first.sources.flatMap((source) =>
        source.columns.filter(({ name }) =>
          second.sources.some(({ columns }) => columns.some((column) => column.name === name)),
        ),
      );
      const column = shared[choices.pick(shared.length || 1)] ?? {
        name: choices.of(COLUMN_NAMES),
        kind: "int",
      };
      const using = `${first.sql} ${kind} ${second.sql} USING (${spell(grammar, column.name)})`;
      if (!choices.chance(4)) return finish(using);
      const name = choices.of(ALIASES);
      return {
        sql: `${using} AS ${spell(grammar, name)}`,
        sources: [...sources, { schema: "", name, columns: [column] }],
      };
    }
  }
}
