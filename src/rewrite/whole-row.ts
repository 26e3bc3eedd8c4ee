import type { AstNode } from "../sql/ast.ts";
import { namesOf, nodeOf, type TypedNode } from "./node.ts";
import type { Columns, Scope } from "./scope.ts";

/** Where an expression stands: its scope, and the expressions around it up to its clause. */
export interface Place {
  readonly scope: Scope | undefined;
  readonly ctes: ReadonlyMap<string, Columns>;
  /** `outputs`: of a query whose rows other SQL can see. `top_outputs`: of one whose rows leave the server. */
  readonly clause: "outputs" | "top_outputs" | "other";
  readonly parents: Parents | undefined;
}

export interface Parents {
  readonly parent: TypedNode;
  readonly up: Parents | undefined;
}

/**
 * What a use of a whole row shows of its field names: nothing, all, or nobody knows. A row of the table
 * and one of a subquery differ in their type as well, which only a `neutral` use does not show either.
 */
export type RowUse = "hidden" | "neutral" | "shown" | "unknown";

/** Judges a reference to a whole row by what is done with it. */
export function judgeRowUse(place: Place): RowUse {
  let isBesideOthers = false;
  for (let step = place.parents; step !== undefined; step = step.up) {
    // Only a field of the row itself is found by the alias list; one of an array of rows is not.
    if (step.parent.type === "A_Indirection" && step !== place.parents) return "unknown";
    // `mode() WITHIN GROUP (ORDER BY o)` gives one of the rows that it sorts.
    if (step.parent.type === "SortBy" && isWithinGroup(step.up?.parent)) return "unknown";
    const use = USES[step.parent.type]?.(step.parent.node) ?? "unknown";
    // Beside a row that has the table's type, that of a subquery is an error.
    if (use === "shown" && isBesideOthers) return "unknown";
    if (use === "neutral" && isBesideOthers) return "hidden";
    if (use !== "goes_on") return use;
    isBesideOthers ||= OF_ONE_TYPE.has(step.parent.type);
  }
  // What other SQL does with a row that is only passed on would take another look.
  return place.clause === "outputs" ? "unknown" : "hidden";
}

/** Expressions whose parts have one type. An A_Expr that a row gets through is NULLIF. */
const OF_ONE_TYPE: ReadonlySet<string> = new Set([
  "A_ArrayExpr",
  "A_Expr",
  "CaseExpr",
  "CoalesceExpr",
]);

function isWithinGroup(call: TypedNode | undefined): boolean {
  return call?.type === "FuncCall" && call.node["agg_within_group"] === true;
}

type Use = RowUse | "goes_on";

const USES: Readonly<Record<string, (node: AstNode) => Use>> = {
  A_Expr: useInOperator,
  A_ArrayExpr: () => "goes_on",
  BoolExpr: () => "hidden",
  CaseExpr: () => "goes_on",
  CaseWhen: () => "goes_on",
  CoalesceExpr: () => "goes_on",
  FuncCall: useInFunction,
  JsonArrayAgg: () => "shown",
  JsonArrayConstructor: () => "shown",
  JsonKeyValue: () => "goes_on",
  JsonObjectAgg: () => "shown",
  JsonObjectConstructor: () => "shown",
  JsonValueExpr: () => "goes_on",
  List: () => "goes_on",
  MultiAssignRef: () => "goes_on",
  NamedArgExpr: () => "goes_on",
  NullTest: () => "neutral",
  // Fields are read by the names of the alias list.
  A_Indirection: () => "hidden",
  RowExpr: () => "goes_on",
  SortBy: () => "hidden",
  SubLink: () => "hidden",
  // The bare member `over` of a function call: a window definition.
  over: () => "hidden",
  // Bare members of the JSON constructors: a JsonValueExpr or JsonKeyValue.
  arg: () => "goes_on",
  value: () => "goes_on",
  TypeCast: (node) => (isCastToText(node) ? "hidden" : "unknown"),
};

function useInOperator(node: AstNode): Use {
  // `NULLIF(o, p)` is o.
  if (node["kind"] === "AEXPR_NULLIF") return "goes_on";
  return OPERATORS_THAT_HIDE.has(namesOf(node, "name")[0] ?? "") ? "hidden" : "unknown";
}

const OPERATORS_THAT_HIDE: ReadonlySet<string> = new Set(["=", "<>", "!=", "<", "<=", ">", ">="]);

function useInFunction(node: AstNode): Use {
  const names = namesOf(node, "funcname");
  const name = names.at(-1) ?? "";
  if (names.length > 1 && names[0] !== "pg_catalog") return "unknown";
  if (name === "count" || name === "num_nulls") return "neutral";
  if (name === "pg_typeof") return "hidden";
  if (name === "array_agg") return "goes_on";
  return SHOWS_FIELD_NAMES.has(name) ? "shown" : "unknown";
}

/** Functions that make field names visible and take a row of any type. */
const SHOWS_FIELD_NAMES: ReadonlySet<string> = new Set([
  "array_to_json",
  "hstore",
  "json_agg",
  "json_agg_strict",
  "json_build_array",
  "json_build_object",
  "json_object_agg",
  "jsonb_agg",
  "jsonb_agg_strict",
  "jsonb_build_array",
  "jsonb_build_object",
  "jsonb_object_agg",
  "row_to_json",
  "to_json",
  "to_jsonb",
]);

function isCastToText(node: AstNode): boolean {
  const typeName = nodeOf(node, "typeName");
  const name = typeName === undefined ? undefined : namesOf(typeName, "names").at(-1);
  return name === "text" || name === "varchar";
}
