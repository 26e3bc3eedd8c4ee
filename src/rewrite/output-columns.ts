import { quoteIdentifier } from "../sql/tokens.ts";
import { REASONS } from "./explanation.ts";
import { asTyped, listOf, locationOf, namesOf, stringOf, type TypedNode, typedOf } from "./node.ts";
import { outputName, SPECIAL_NAME } from "./output-name.ts";
import type { Ctes, Rewriting } from "./rewriting.ts";
import {
  type Columns,
  findItem,
  type Scope,
  starColumns,
  UNKNOWN_COLUMNS,
  UNKNOWN_ROW,
} from "./scope.ts";

/**
 * Rewrites the expressions of a SELECT or RETURNING list and keeps the names of their outputs: where
 * an exchanged reference gave the name, `AS` gives it back.
 */
export function rewriteOutputs(
  work: Rewriting,
  outputs: readonly TypedNode[],
  place: { scope: Scope; ctes: Ctes; clause: "outputs" | "top_outputs" },
): Columns {
  const names: string[] = [];
  let isComplete = true;
  let canBeRow = false;
  for (const { node } of outputs) {
    const value = typedOf(node, "val");
    if (value === undefined) continue;
    work.walk.expression(work, value, { ...place, parents: undefined });

    const star = columnsOfStar(value, place.scope);
    if (star !== undefined) {
      names.push(...star.names);
      isComplete &&= star.isComplete;
      canBeRow ||= star.canBeRow === true;
      continue;
    }
    const alias = stringOf(node, "name");
    const { name, from } = outputName(value);
    names.push(alias === "" ? name : alias);
    if (alias !== "") continue;
    if (name === SPECIAL_NAME) isComplete = false;
    const offset = locationOf(node);
    if (from !== undefined && work.exchanged.has(from) && offset !== undefined) {
      work.insert(
        work.source.outputEnd(offset, work.end),
        ` AS ${quoteIdentifier(name)}`,
        REASONS.output,
      );
    }
  }
  return { names, isComplete, canBeRow };
}

/** The columns of `*` and `item.*`; undefined if the expression is neither. */
function columnsOfStar(value: TypedNode, scope: Scope): Columns | undefined {
  if (value.type === "A_Indirection") {
    const last = listOf(value.node, "indirection").at(-1);
    return last?.type === "A_Star" ? UNKNOWN_ROW : undefined;
  }
  if (value.type !== "ColumnRef") return undefined;
  const parts = namesOf(value.node, "fields");
  if (parts.at(-1) !== undefined) return undefined;
  const name = parts.at(-2);
  if (name !== undefined) return starColumns(findItem(scope, name)?.columns ?? UNKNOWN_COLUMNS);
  return scope.columns ?? UNKNOWN_COLUMNS;
}

/**
 * The columns of a join, or of items beside one another, as `*` shows them: those that USING or NATURAL merges
 * come first, and once. `merged` are their names; undefined where none are.
 */
export function mergedColumns(
  left: Columns,
  right: Columns,
  merged: readonly string[] | "natural" | undefined,
): Columns {
  const isComplete = left.isComplete && right.isComplete;
  const canBeRow = left.canBeRow === true || right.canBeRow === true;
  if (merged === undefined) {
    return { names: [...left.names, ...right.names], isComplete, canBeRow };
  }
  const common =
    merged === "natural" ? left.names.filter((name) => right.names.includes(name)) : merged;
  const rest = [...left.names, ...right.names].filter((name) => !common.includes(name));
  return { names: [...common, ...rest], isComplete, canBeRow };
}

/**
 * The columns under `AS name(a, b)`: the first ones renamed. Where not all are known, which of them keep
 * their names isn't either.
 */
export function aliasColumns(columns: Columns, aliases: readonly string[]): Columns {
  if (!columns.isComplete) return { ...columns, names: aliases };
  return { ...columns, names: [...aliases, ...columns.names.slice(aliases.length)] };
}

/** The names in an alias's column list. */
export function aliasNames(value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value : [];
  return items.flatMap((item) => {
    const typed = asTyped(item);
    return typed?.type === "String" ? stringOf(typed.node, "sval") : [];
  });
}
