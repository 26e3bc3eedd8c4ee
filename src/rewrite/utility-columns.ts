import { type AstNode, walk } from "../sql/ast.ts";
import type { NamedRelation } from "../version/naming.ts";
import { columnNameReason } from "./explanation.ts";
import {
  asTyped,
  childrenOf,
  listOf,
  namesOf,
  nodeOf,
  stringOf,
  type TypedNode,
  typedOf,
} from "./node.ts";
import type { Rewriting } from "./rewriting.ts";

/** A place in a utility statement that names a column of a table. */
export interface ColumnPlace {
  /** The RangeVar, or what else stands for the table in the tree. */
  readonly table: unknown;
  readonly name: string;
}

/**
 * Exchanges a column's name wherever it stands in a utility statement, and says whether it could: only
 * if each identifier of that name in the text is known to be this table's column. The tree has no
 * positions for most of them; so they are counted.
 */
export function exchangeColumn(
  work: Rewriting,
  place: {
    readonly name: string;
    readonly relation: NamedRelation;
    /** Those of this name and table. */
    readonly count: number;
  },
): boolean {
  const { name, relation, count } = place;
  const physical = relation.exchange.get(name);
  if (physical === undefined || count === 0) return false;
  const indexes = work.source.indexesOfName(name, work);
  if (indexes.length !== count) return false;
  for (const index of indexes)
    work.rename(index, physical, "", columnNameReason(relation, name, physical));
  work.dependsOnPhysical = true;
  return true;
}

/** Every place where the grammar of this statement has a column's name, and of which table. */
export function columnPlaces(kind: string, node: AstNode): readonly ColumnPlace[] {
  const relation = nodeOf(node, "relation");
  switch (kind) {
    case "IndexStmt":
      return [
        ...indexColumns(listOf(node, "indexParams"), relation),
        ...indexColumns(listOf(node, "indexIncludingParams"), relation),
        ...expressionColumns(typedOf(node, "whereClause"), relation),
      ];
    case "AlterTableStmt":
      return listOf(node, "cmds").flatMap(({ node: command }) => actionColumns(command, relation));
    case "CreateStmt":
      return listOf(node, "tableElts").flatMap((element) =>
        element.type === "Constraint"
          ? referencedColumns(element.node)
          : listOf(element.node, "constraints").flatMap((each) => referencedColumns(each.node)),
      );
    case "CreateTrigStmt":
      return [
        ...named(namesOf(node, "columns"), relation),
        ...expressionColumns(typedOf(node, "whenClause"), relation, ["old", "new"]),
      ];
    case "CreatePolicyStmt":
    case "AlterPolicyStmt":
      return ["qual", "with_check"].flatMap((member) =>
        expressionColumns(typedOf(node, member), nodeOf(node, "table")),
      );
    case "CreateStatsStmt": {
      const [table, another] = listOf(node, "relations");
      if (table === undefined || another !== undefined) return [];
      return indexColumns(listOf(node, "exprs"), table.node);
    }
    case "VacuumStmt":
      return listOf(node, "rels").flatMap(({ node: item }) =>
        named(namesOf(item, "va_cols"), nodeOf(item, "relation")),
      );
    case "GrantStmt": {
      const [table, another] = listOf(node, "objects");
      if (table === undefined || another !== undefined) return [];
      return listOf(node, "privileges").flatMap(({ node: privilege }) =>
        named(namesOf(privilege, "cols"), table.node),
      );
    }
    case "CreatePublicationStmt":
    case "AlterPublicationStmt":
      return listOf(node, "pubobjects").flatMap(({ node: object }) =>
        publishedColumns(nodeOf(object, "pubtable") ?? {}),
      );
    case "CreateSeqStmt":
    case "AlterSeqStmt": {
      const owner = sequenceOwner(kind, node);
      return named(namesOf(asTyped(owner)?.node ?? {}, "items").slice(-1), owner);
    }
    case "CommentStmt":
    case "SecLabelStmt":
      if (node["objtype"] !== "OBJECT_COLUMN") return [];
      return named(namesOf(typedOf(node, "object")?.node ?? {}, "items").slice(-1), node["object"]);
    default:
      return [];
  }
}

/** Actions of ALTER TABLE on a column that stays. What removes or makes one is left to be refused. */
const COLUMN_ACTIONS: ReadonlySet<string> = new Set([
  "AT_AlterColumnType",
  "AT_ColumnDefault",
  "AT_DropExpression",
  "AT_DropIdentity",
  "AT_DropNotNull",
  "AT_ResetOptions",
  "AT_SetCompression",
  "AT_SetExpression",
  "AT_SetIdentity",
  "AT_SetNotNull",
  "AT_SetOptions",
  "AT_SetStatistics",
  "AT_SetStorage",
]);

function actionColumns(command: AstNode, table: AstNode | undefined): readonly ColumnPlace[] {
  const subtype = stringOf(command, "subtype");
  const definition = typedOf(command, "def");
  if (subtype === "AT_AddConstraint" && definition?.type === "Constraint") {
    const constraint = definition.node;
    return [
      ...["keys", "including", "fk_attrs", "fk_del_set_cols"].flatMap((list) =>
        named(namesOf(constraint, list), table),
      ),
      // Pairs of an IndexElem and an operator.
      ...listOf(constraint, "exclusions").flatMap(({ node: pair }) =>
        indexColumns(listOf(pair, "items").slice(0, 1), table),
      ),
      ...expressionColumns(typedOf(constraint, "raw_expr"), table),
      ...expressionColumns(typedOf(constraint, "where_clause"), table),
      ...referencedColumns(constraint),
    ];
  }
  // `ADD COLUMN g int GENERATED ALWAYS AS (a + 1) STORED REFERENCES t (b)`: the columns that are there already.
  if (subtype === "AT_AddColumn" && definition?.type === "ColumnDef") {
    return listOf(definition.node, "constraints").flatMap(({ node }) => [
      ...expressionColumns(typedOf(node, "raw_expr"), table),
      ...referencedColumns(node),
    ]);
  }
  if (!COLUMN_ACTIONS.has(subtype)) return [];
  // `USING expression` of a type's change; SET EXPRESSION.
  const isColumn = definition?.type === "ColumnDef";
  const expression = isColumn ? typedOf(definition.node, "raw_default") : definition;
  return [...named([stringOf(command, "name")], table), ...expressionColumns(expression, table)];
}

/** The list of names behind a sequence's OWNED BY, as it stands in the tree. */
export function sequenceOwner(kind: string, node: AstNode): unknown {
  if (kind !== "CreateSeqStmt" && kind !== "AlterSeqStmt") return undefined;
  const option = listOf(node, "options").find(({ node: { defname } }) => defname === "owned_by");
  return option?.node["arg"];
}

function publishedColumns(published: AstNode): readonly ColumnPlace[] {
  const table = nodeOf(published, "relation");
  return [
    ...named(namesOf(published, "columns"), table),
    ...expressionColumns(typedOf(published, "whereClause"), table),
  ];
}

function referencedColumns(constraint: AstNode): readonly ColumnPlace[] {
  const table = nodeOf(constraint, "pktable");
  return table === undefined ? [] : named(namesOf(constraint, "pk_attrs"), table);
}

/** The tables behind REFERENCES. */
export function referencedTables(statement: AstNode): ReadonlySet<unknown> {
  const tables = new Set<unknown>();
  walk(statement, (type, node) => {
    if (type === "Constraint" && nodeOf(node, "pktable") !== undefined) tables.add(node["pktable"]);
  });
  return tables;
}

/** IndexElem and StatsElem: a name, or an expression. */
function indexColumns(
  elements: readonly TypedNode[],
  table: AstNode | undefined,
): readonly ColumnPlace[] {
  return elements.flatMap(({ node }) => [
    ...named([stringOf(node, "name")], table),
    ...expressionColumns(typedOf(node, "expr"), table),
  ]);
}

/** The references of an expression outside of its queries, in which a name can be another table's. */
function expressionColumns(
  expression: TypedNode | undefined,
  table: AstNode | undefined,
  qualifiers: readonly string[] = [],
): readonly ColumnPlace[] {
  if (expression === undefined || expression.type === "SubLink") return [];
  if (expression.type === "ColumnRef") {
    const [first, second, third] = namesOf(expression.node, "fields");
    if (first === undefined || third !== undefined) return [];
    if (second === undefined) return named([first], table);
    const isOfTable = first === stringOf(table ?? {}, "relname") || qualifiers.includes(first);
    return isOfTable ? named([second], table) : [];
  }
  return childrenOf(expression).flatMap((child) => expressionColumns(child, table, qualifiers));
}

function named(names: readonly (string | undefined)[], table: unknown): readonly ColumnPlace[] {
  return names.flatMap((name) => (name === undefined || name === "" ? [] : [{ table, name }]));
}
