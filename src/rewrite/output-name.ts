import type { AstNode } from "../sql/ast.ts";
import { listOf, namesOf, nodeOf, stringOf, type TypedNode, typedOf } from "./node.ts";

/** The name that the server gives to an output expression without AS. */
export interface OutputName {
  /** "?column?" where the server has no better one. */
  readonly name: string;
  /** The column reference, call or cast that the name comes from, if it does. */
  readonly from: AstNode | undefined;
  /** 2 for a name that a CASE or a cast passes on, 1 for one that it uses if there is no better. */
  readonly strength: 0 | 1 | 2;
}

const NAMELESS: OutputName = { name: "?column?", from: undefined, strength: 0 };

/** Follows `FigureColnameInternal` of PostgreSQL's parse_target.c. */
export function outputName(expression: TypedNode | undefined): OutputName {
  if (expression === undefined) return NAMELESS;
  const { type, node } = expression;
  switch (type) {
    case "ColumnRef":
      return named(lastName(node, "fields"), node);
    case "A_Indirection":
      return lastName(node, "indirection") === undefined
        ? outputName(typedOf(node, "arg"))
        : named(lastName(node, "indirection"));
    case "FuncCall":
      return named(lastName(node, "funcname"), node);
    case "A_Expr":
      return node["kind"] === "AEXPR_NULLIF" ? named("nullif") : NAMELESS;
    case "TypeCast":
      return castName(node);
    case "CollateClause":
      return outputName(typedOf(node, "arg"));
    case "GroupingFunc":
      return named("grouping");
    case "MergeSupportFunc":
      return named("merge_action");
    case "SubLink":
      return subqueryName(node);
    case "CaseExpr":
      return caseName(node);
    case "A_ArrayExpr":
      return named("array");
    case "RowExpr":
      return named("row");
    case "SQLValueFunction":
      return named(
        stringOf(node, "op")
          .replace(/^SVFOP_/, "")
          .replace(/_N$/, "")
          .toLowerCase(),
      );
    case "CoalesceExpr":
      return named("coalesce");
    case "MinMaxExpr":
      return named(node["op"] === "IS_LEAST" ? "least" : "greatest");
    default:
      return UNNAMED_TYPES.has(type) ? NAMELESS : { ...NAMELESS, name: SPECIAL_NAME };
  }
}

/** Stands for the names of SQL's special syntax (xmlelement, json_object, current_date, ...). */
export const SPECIAL_NAME = "";

const UNNAMED_TYPES: ReadonlySet<string> = new Set([
  "A_Const",
  "BoolExpr",
  "BooleanTest",
  "NullTest",
  "ParamRef",
  "SetToDefault",
]);

function named(name: string | undefined, from?: AstNode): OutputName {
  return name === undefined ? NAMELESS : { name, from, strength: 2 };
}

function lastName(node: AstNode, member: string): string | undefined {
  return namesOf(node, member).findLast((name) => name !== undefined);
}

function castName(node: AstNode): OutputName {
  const inner = outputName(typedOf(node, "arg"));
  if (inner.strength === 2 || inner.name === SPECIAL_NAME) return inner;
  const typeName = nodeOf(node, "typeName");
  const name = typeName === undefined ? undefined : lastName(typeName, "names");
  // Of `(a || b)::regclass::oid` it is the inner cast that can be exchanged.
  return name === undefined ? inner : { name, from: inner.from ?? node, strength: 1 };
}

function caseName(node: AstNode): OutputName {
  const inner = outputName(typedOf(node, "defresult"));
  if (inner.strength === 2 || inner.name === SPECIAL_NAME) return inner;
  return { name: "case", from: undefined, strength: 1 };
}

function subqueryName(node: AstNode): OutputName {
  switch (node["subLinkType"]) {
    case "EXISTS_SUBLINK":
      return named("exists");
    case "ARRAY_SUBLINK":
      return named("array");
    case "EXPR_SUBLINK": {
      const query = typedOf(node, "subselect")?.node;
      const target = query === undefined ? undefined : listOf(query, "targetList")[0]?.node;
      if (target === undefined) return NAMELESS;
      const name = stringOf(target, "name");
      if (name !== "") return named(name);
      // The subquery itself sees to its names, so this one hangs on no reference of this level.
      return { ...outputName(typedOf(target, "val")), from: undefined };
    }
    default:
      return NAMELESS;
  }
}
